// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Command frames makes maps grow in every way in which a call stack can look
// odd, and writes down what runtime.CallersFrames says of each growth.
//
// usage: frames -out FILE
package main

import (
	"io/ioutil"
	"os"
	"runtime"
	"strconv"
)

// A type of its own tells the maps of this program from others in the process.
type key int
type keyed = map[key]int

// The stack of the last assignment.
var (
	pcs   [256]uintptr
	depth int
)

// here is the value of every assignment. Go calls it right before it assigns:
// same line, same frames.
//
//go:noinline
func here() int {
	depth = runtime.Callers(2, pcs[:])
	return depth
}

type growth struct {
	// Functions of the library between the assignment and the caller of here, by
	// a part of their names.
	inner  []string
	frames []runtime.Frame
}

var growths []growth

//go:noinline
func record(inner []string) {
	g := growth{inner: inner}
	frames := runtime.CallersFrames(append([]uintptr(nil), pcs[:depth]...))
	for {
		frame, more := frames.Next()
		g.frames = append(g.frames, frame)
		if !more {
			break
		}
	}
	growths = append(growths, g)
}

// grow lets a map grow three times by single assignments.
//
//go:noinline
func grow(assign func(m keyed, k key), inner ...string) {
	m := make(keyed)
	for k := key(0); k < 30; k++ {
		before := shapeOf(m)
		assign(m, k)
		if shapeOf(m) != before {
			record(inner)
		}
	}
}

func report() []byte {
	text := []byte("[")
	for i, g := range growths {
		if i > 0 {
			text = append(text, ",\n"...)
		}
		text = append(text, `{"inner":[`...)
		for j, function := range g.inner {
			if j > 0 {
				text = append(text, ',')
			}
			text = strconv.AppendQuote(text, function)
		}
		text = append(text, `],"frames":[`...)
		for j, frame := range g.frames {
			if j > 0 {
				text = append(text, ',')
			}
			text = append(text, `{"function":`...)
			text = strconv.AppendQuote(text, frame.Function)
			text = append(text, `,"file":`...)
			text = strconv.AppendQuote(text, frame.File)
			text = append(text, `,"line":`...)
			text = strconv.AppendInt(text, int64(frame.Line), 10)
			text = append(text, `,"inlined":`...)
			text = strconv.AppendBool(text, frame.Func == nil)
			text = append(text, '}')
		}
		text = append(text, "]}"...)
	}
	return append(text, "]\n"...)
}

func main() {
	calls()
	methods()
	deferred()
	goroutines()
	recursive()
	library()
	generic()
	ranges()
	if len(os.Args) != 3 || os.Args[1] != "-out" {
		os.Stderr.WriteString("usage: frames -out FILE\n")
		os.Exit(2)
	}
	if err := ioutil.WriteFile(os.Args[2], report(), 0o644); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
