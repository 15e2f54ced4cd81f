module shop

go 1.15
