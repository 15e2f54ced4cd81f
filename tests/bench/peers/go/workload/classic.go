// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build !go1.24

package main

import "unsafe"

// hmap is the head of runtime.hmap: go1.23 src/runtime/map.go.
type hmap struct {
	count      int
	flags      uint8
	b          uint8
	noverflow  uint16
	hash0      uint32
	buckets    unsafe.Pointer
	oldbuckets unsafe.Pointer
}

// truthOf says what a map that only ever took new keys has been through. Each
// growth doubled it: one to the same size needs as many overflow buckets as buckets,
// and a load of 6.5 keys a bucket of 8 slots can't bring them about while B <= 15, nor
// by far at the sizes of a million keys (2^15 are needed; at B = 17, full, 27,000 are
// expected).
func truthOf(m table) truth {
	h := *(**hmap)(unsafe.Pointer(&m))
	t := truth{Growths: uint64(h.b), Moved: 1<<h.b - 1}
	if h.oldbuckets != nil {
		t.Unfinished = 1
	}
	return t
}
