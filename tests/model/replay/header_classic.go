// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build !go1.24 || (!go1.26 && !goexperiment.swissmap)
// +build !go1.24 !go1.26,!goexperiment.swissmap

package main

import "unsafe"

const design = 0

// hmap is the head of runtime.hmap: go1.15 to go1.25 src/runtime/map.go.
type hmap struct {
	count      int
	flags      uint8
	b          uint8
	noverflow  uint16
	hash0      uint32
	buckets    unsafe.Pointer
	oldbuckets unsafe.Pointer
	nevacuate  uintptr
}

func seedOf(p unsafe.Pointer) uintptr { return uintptr((*hmap)(p).hash0) }
func keysOf(p unsafe.Pointer) int     { return (*hmap)(p).count }
func growing(p unsafe.Pointer) bool   { return (*hmap)(p).oldbuckets != nil }

// unitBytes is the size of a bucket: runtime.maptype, since 1.21 abi.MapType.
func unitBytes(typ unsafe.Pointer) uint64 {
	return uint64(*(*uint16)(unsafe.Pointer(uintptr(typ) + 82)))
}

func writeState(p unsafe.Pointer, hash uint64) {
	const sameSizeGrow = 8
	h := (*hmap)(p)
	number(uint64(h.count))
	number(uint64(h.b))
	number(uint64(h.noverflow))
	var growing uint64
	if h.oldbuckets != nil {
		growing = 1
	}
	if h.flags&sameSizeGrow != 0 {
		growing |= 2
	}
	number(growing)
	number(uint64(h.nevacuate))
}

func writeTables(p unsafe.Pointer) {}
