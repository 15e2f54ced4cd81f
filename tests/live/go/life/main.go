// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Command life tells the life of its own maps, as it sees it in their headers
// before and after each operation:
//
//	at ADDR NAME
//	start ADDR KIND KEYS SIZE MORE SEED
//	done ADDR KEYS SIZE
//
// SIZE is B, or slots of the table concerned, before the growth and after it; MORE is
// overflow buckets, or tombstones, -1 where they can't be seen from outside. It prints
// "ready", and waits for a byte or the end of standard input.
package main

import (
	"bufio"
	"fmt"
	"os"
	"unsafe"
)

type watched struct {
	m    map[uint64]int
	p    unsafe.Pointer
	last header
}

var out = bufio.NewWriter(os.Stdout)

// Keeps the maps on the heap.
var all []*watched

func watch(name string) *watched {
	w := &watched{m: make(map[uint64]int)}
	var boxed interface{} = w.m
	w.p = (*[2]unsafe.Pointer)(unsafe.Pointer(&boxed))[1]
	all = append(all, w)
	fmt.Fprintf(out, "at %#x %s\n", uintptr(w.p), name)
	return w
}

func (w *watched) put(key uint64) {
	w.last.look(w.p)
	w.m[key*0x9e3779b97f4a7c15] = 1
	w.last.tell(w.p)
}

func (w *watched) drop(key uint64) {
	w.last.look(w.p)
	delete(w.m, key*0x9e3779b97f4a7c15)
	w.last.tell(w.p)
}

func started(p unsafe.Pointer, kind string, keys, size, more int, seed uint64) {
	fmt.Fprintf(out, "start %#x %s %d %d %d %#x\n", uintptr(p), kind, keys, size, more, seed)
}

func done(p unsafe.Pointer, keys, size int) {
	fmt.Fprintf(out, "done %#x %d %d\n", uintptr(p), keys, size)
}

func main() {
	grows, slides, empties, other := watch("grows"), watch("slides"), watch("empties"), watch("other")
	fmt.Fprintln(out, "ready")
	out.Flush()
	var buffer [1]byte
	os.Stdin.Read(buffer[:])

	for i := uint64(0); i < 3000; i++ {
		grows.put(i)
		other.put(i)
	}
	// Ninety keys at a time: overflow buckets, or tombstones, are left behind.
	for i := uint64(0); i < 8000; i++ {
		slides.put(i)
		if i >= 90 {
			slides.drop(i - 90)
		}
	}
	// A map that was emptied draws a new seed.
	for i := uint64(0); i < 100; i++ {
		empties.put(i)
	}
	for i := uint64(0); i < 100; i++ {
		empties.drop(i)
	}
	for i := uint64(0); i < 400; i++ {
		empties.put(i)
	}
	out.Flush()
}
