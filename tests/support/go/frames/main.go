// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// What the runtime itself says of program counters and map types, for
// comparison with what probes/go reads from the same program's file. Addresses
// are printed as distances from main.main's entry, so that a load bias cancels.
//
//	frames chain       the frames of calls that were inlined into each other
//	frames at FILE     function, file and line of each distance in FILE
//	frames types       address and name of map types
package main

import (
	"bufio"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"unsafe"
)

var out = bufio.NewWriter(os.Stdout)

func fail(err error) {
	os.Stderr.WriteString(err.Error() + "\n")
	os.Exit(1)
}

func base() uintptr { return runtime.FuncForPC(reflect.ValueOf(main).Pointer()).Entry() }

func distance(address uintptr) string {
	return strconv.FormatInt(int64(address)-int64(base()), 10)
}

func line(words ...string) {
	for i, word := range words {
		if i > 0 {
			out.WriteByte('\t')
		}
		out.WriteString(word)
	}
	out.WriteByte('\n')
}

func printFrame(frame runtime.Frame) {
	inlined := "real"
	if frame.Func == nil {
		inlined = "inlined"
	}
	line(distance(frame.PC), frame.Function, frame.File, strconv.Itoa(frame.Line), inlined)
}

func at(path string) {
	file, err := os.Open(path)
	if err != nil {
		fail(err)
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		offset, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			fail(err)
		}
		pc := uintptr(int64(base()) + offset)
		// CallersFrames takes return addresses.
		frame, _ := runtime.CallersFrames([]uintptr{pc + 1}).Next()
		line(lines.Text(), frame.Function, frame.File, strconv.Itoa(frame.Line))
	}
}

//go:noinline
func report() {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		printFrame(frame)
		if !more {
			break
		}
	}
	line("end")
}

// A call costs 57 of the 80 that a function may cost to be inlined: each of
// these holds no more than the next.
func inner() {
	report()
}

func middle() {
	inner()
}

func outer() {
	middle()
}

type caller struct{ calls int }

func (c *caller) call() {
	outer()
}

//go:noinline
func chain() {
	var c caller
	c.call()
	for i := 0; i < 2; i++ {
		outer()
		middle()
	}
	func() { outer() }()
	generic()
}

type node struct{ next *node }
type named map[string]*node
type wide [40]int

func types() {
	for _, value := range []interface{}{
		map[int]int{}, map[string]string{}, map[string]struct{}{}, map[uint8]uint16{},
		map[interface{}]interface{}{}, named{}, map[wide]wide{}, map[float64]bool{},
		map[string]map[int32][]*node{}, map[[3]byte]*node{}, map[struct{}]struct{}{},
		map[node]func(int) error{}, map[bool]wide{}, map[[128]byte]int8{},
	} {
		kind := reflect.TypeOf(value)
		address := (*[2]uintptr)(unsafe.Pointer(&kind))[1]
		line(distance(address), kind.String(), size(kind.Key()), size(kind.Elem()))
	}
}

// Keys and elements of more than 128 bytes are stored by pointer.
func size(kind reflect.Type) string {
	if kind.Size() > 128 {
		return "8"
	}
	return strconv.Itoa(int(kind.Size()))
}

func main() {
	defer out.Flush()
	if len(os.Args) < 2 {
		os.Exit(2)
	}
	switch os.Args[1] {
	case "chain":
		chain()
	case "at":
		at(os.Args[2])
	case "types":
		types()
	}
}
