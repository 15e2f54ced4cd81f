// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Calls the runtime's growth functions with what no runtime would: whoever looks at
// their arguments sees lies. The program may well die of it. `forger KIND`.
package main

import (
	"fmt"
	"os"
	"unsafe"
)

// Memory whose every word is what the kind says, and a map that is none.
var lies [1 << 12]uint64

func pointer(address uint64) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

func main() {
	kind := os.Args[1]
	var forged unsafe.Pointer
	switch kind {
	case "null":
	case "wild":
		forged = pointer(0xdeadbeef000)
	case "kernel":
		forged = pointer(0xffff888000000000)
	case "odd":
		forged = pointer(0x7fffffffffff)
	case "full":
		for i := range lies {
			lies[i] = ^uint64(0)
		}
		forged = unsafe.Pointer(&lies)
	case "loops":
		for i := range lies {
			lies[i] = uint64(uintptr(unsafe.Pointer(&lies)))
		}
		forged = unsafe.Pointer(&lies)
	}
	// So that there is something to be counted, too.
	m := map[int]int{}
	for i := 0; i < 100; i++ {
		m[i] = i
	}
	fmt.Println("forging", len(m))
	forge(forged)
	fmt.Println("alive")
}
