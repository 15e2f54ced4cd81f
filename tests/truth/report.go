// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"runtime"
	"strconv"
	"syscall"
)

func itoa(n int) string { return strconv.Itoa(n) }

// report is the truth as one line of JSON, written by hand: encoding/json has
// maps of its own.
func (l *ledger) report() []byte {
	started, finished, finishedOnly := l.started()
	var out []byte
	add := func(s string) { out = append(out, s...) }
	number := func(name string, n int) { add(strconv.Quote(name) + ":" + itoa(n)) }

	add(`{"go":` + strconv.Quote(runtime.Version()) + `,"impl":"` + design + `",`)
	number("operations", l.operations)
	add(",")
	number("started", started)
	add(",")
	number("finished", finished)
	add(",")
	number("in_progress", started-finished)
	add(",")
	number("finished_only", finishedOnly)

	add(`,"by_kind":{`)
	comma := ""
	for i, n := range l.byKind {
		if n != 0 {
			add(comma)
			number(kindNames[i], n)
			comma = ","
		}
	}
	add(`},"by_reason":{`)
	comma = ""
	for i, n := range l.byReason {
		if n != 0 {
			add(comma)
			number(reasonNames[i], n)
			comma = ","
		}
	}
	add(`},"by_type":{`)
	for i, t := range l.types {
		if i > 0 {
			add(",")
		}
		add(strconv.Quote(t.name) + ":{")
		number("started", t.started)
		add(",")
		number("finished", t.finished)
		add(",")
		number("finished_only", t.finishedOnly)
		add("}")
	}
	add(`},"sites":[`)
	for i, s := range l.sites {
		if i > 0 {
			add(",")
		}
		add(`{"function":` + strconv.Quote(s.function) + `,"file":` + strconv.Quote(s.file) + ",")
		number("line", s.line)
		add(`,"map_type":` + strconv.Quote(s.typeName) + ",")
		number("growths", s.growths)
		add(",")
		number("maps", s.maps)
		add(",")
		number("identities", s.identities)
		add(",")
		number("max_keys", s.maxKeys)
		add("}")
	}
	add("]}\n")
	return out
}

func writeAll(fd int, data []byte) {
	for len(data) > 0 {
		n, err := syscall.Write(fd, data)
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if err != nil {
			fail("cannot write: " + err.Error())
		}
		data = data[n:]
	}
}

// writeFile puts the truth where the path says, all at once: whoever sees the
// file sees all of it.
func writeFile(path string, data []byte) {
	fd, err := syscall.Open(path+".part", syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC, 0644)
	if err != nil {
		fail(path + ": " + err.Error())
	}
	writeAll(fd, data)
	if err := syscall.Close(fd); err != nil {
		fail(path + ": " + err.Error())
	}
	if err := syscall.Rename(path+".part", path); err != nil {
		fail(path + ": " + err.Error())
	}
}

// await returns at the next byte on standard input, or at its end.
func await() {
	var one [1]byte
	for {
		_, err := syscall.Read(0, one[:])
		if err != syscall.EINTR && err != syscall.EAGAIN {
			return
		}
	}
}

func fail(what string) {
	syscall.Write(2, []byte("truth: "+what+"\n"))
	syscall.Exit(3)
}
