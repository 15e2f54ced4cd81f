// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// A library for programs in C: Fill makes maps of a hundred keys, each of which
// grows four times on its way, whatever the design.
package main

import "C"

//export Fill
func Fill(count C.int) C.int {
	keys := 0
	for i := 0; i < int(count); i++ {
		keys += fill(100)
	}
	return C.int(keys)
}

//go:noinline
func fill(keys int) int {
	m := make(map[int]int)
	for i := 0; i < keys; i++ {
		m[i] = i
	}
	return len(m)
}

func main() {}
