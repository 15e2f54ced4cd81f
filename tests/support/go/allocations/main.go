// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// What the runtime's allocator makes of a size: "bytes N CAPACITY" and
// "pointers N CAPACITY", both in bytes. A grown slice's capacity is what
// runtime.roundupsize returns for its length.
package main

import (
	"bufio"
	"os"
	"strconv"
)

// Kept, so that no slice lies on the stack, where nothing is rounded.
var (
	keptBytes    []byte
	keptPointers []*byte
	out          = bufio.NewWriter(os.Stdout)
)

func line(kind string, size, capacity int) {
	out.WriteString(kind + " " + strconv.Itoa(size) + " " + strconv.Itoa(capacity) + "\n")
}

func measure(size int) {
	keptBytes = append([]byte(nil), make([]byte, size)...)
	line("bytes", size, cap(keptBytes))
	if size%8 == 0 {
		keptPointers = append([]*byte(nil), make([]*byte, size/8)...)
		line("pointers", size, cap(keptPointers)*8)
	}
}

func main() {
	for size := 1; size <= 2100; size++ {
		measure(size)
	}
	for size := 2104; size <= 70000; size += 24 {
		measure(size)
	}
	// Where classes and the header's rule end.
	for size := 32700; size <= 32800; size++ {
		measure(size)
	}
	out.Flush()
}
