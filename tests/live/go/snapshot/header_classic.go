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

// unitBytes is the size of a bucket: runtime.maptype, since 1.21 abi.MapType.
func unitBytes(typ unsafe.Pointer) uint64 {
	return uint64(*(*uint16)(unsafe.Pointer(uintptr(typ) + 82)))
}

func see(p unsafe.Pointer, unit uintptr, s *state) {
	const sameSizeGrow = 8
	h := (*hmap)(p)
	s.size = uint64(h.b)
	if h.buckets == nil {
		return
	}
	var histogram [64]uint64
	longest := 0
	for i := uintptr(0); i < 1<<h.b; i++ {
		length := 0
		bucket := unsafe.Pointer(uintptr(h.buckets) + i*unit)
		for {
			bucket = *(*unsafe.Pointer)(unsafe.Pointer(uintptr(bucket) + unit - 8))
			if bucket == nil {
				break
			}
			length++
		}
		s.more += uint64(length)
		histogram[length]++
		if length > longest {
			longest = length
		}
	}
	s.digest = digestOf(histogram[:longest+1])
	if h.oldbuckets == nil {
		return
	}
	old := uintptr(1) << h.b
	if h.flags&sameSizeGrow == 0 {
		old /= 2
	}
	for i := uintptr(0); i < old; i++ {
		tophash := *(*uint8)(unsafe.Pointer(uintptr(h.oldbuckets) + i*unit))
		if tophash > 1 && tophash < 5 {
			s.extra++
		}
	}
}
