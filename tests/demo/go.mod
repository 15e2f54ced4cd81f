module sessions

go 1.15
