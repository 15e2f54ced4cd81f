// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Makes maps of 100 keys as fast as it can, or just some, and tells how many it
// made. Reads one command a line: "make N" makes N maps, "storm GOROUTINES" begins
// and "stop" ends a storm; "exec" makes it another program, "crash" reads address 8;
// "quit". Each but the last three is answered by the number of maps made so far.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const keys = 100

// Go 1.15 has no atomic types.
var made, storming uint64

// Nothing is mapped there.
var address uintptr = 8

//go:noinline
func makeMap() map[uint64]uint64 {
	m := map[uint64]uint64{}
	for k := uint64(0); k < keys; k++ {
		m[k] = k
	}
	return m
}

func main() {
	var busy sync.WaitGroup
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var command string
		var count int
		fmt.Sscan(lines.Text(), &command, &count)
		switch command {
		case "make":
			for i := 0; i < count; i++ {
				makeMap()
			}
			atomic.AddUint64(&made, uint64(count))
		case "storm":
			atomic.StoreUint64(&storming, 1)
			for i := 0; i < count; i++ {
				busy.Add(1)
				go func() {
					for atomic.LoadUint64(&storming) != 0 {
						makeMap()
						atomic.AddUint64(&made, 1)
					}
					busy.Done()
				}()
			}
		case "stop":
			atomic.StoreUint64(&storming, 0)
			busy.Wait()
		case "exec":
			fmt.Println(syscall.Exec("/bin/sleep", []string{"sleep", "2"}, nil))
		case "crash":
			println(*(*int)(unsafe.Pointer(address)))
		case "quit":
			return
		}
		fmt.Println("made", atomic.LoadUint64(&made))
	}
}
