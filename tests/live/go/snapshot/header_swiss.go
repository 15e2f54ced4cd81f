// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.26 || (go1.24 && goexperiment.swissmap)
// +build go1.26 go1.24,goexperiment.swissmap

package main

import "unsafe"

const design = 1

// swissMap and table are the heads of maps.Map and maps.table: go1.24 to go1.27
// src/internal/runtime/maps/map.go and table.go.
type swissMap struct {
	used        uint64
	seed        uintptr
	dirPtr      unsafe.Pointer
	dirLen      int
	globalDepth uint8
}

type table struct {
	used       uint16
	capacity   uint16
	growthLeft uint16
	localDepth uint8
	index      int
	groups     unsafe.Pointer
}

func seedOf(p unsafe.Pointer) uintptr { return (*swissMap)(p).seed }
func keysOf(p unsafe.Pointer) int     { return int((*swissMap)(p).used) }

// unitBytes is the size of a group: abi.SwissMapType, since 1.26 abi.MapType.
func unitBytes(typ unsafe.Pointer) uint64 {
	return *(*uint64)(unsafe.Pointer(uintptr(typ) + 80))
}

// seeGroup counts a group's keys and tombstones by its control word.
func seeGroup(group unsafe.Pointer, histogram *[9]uint64, s *state) {
	keys := 0
	for i := uintptr(0); i < 8; i++ {
		control := *(*uint8)(unsafe.Pointer(uintptr(group) + i))
		if control < 0x80 {
			keys++
		} else if control == 0xfe {
			s.extra++
		}
	}
	histogram[keys]++
}

func see(p unsafe.Pointer, unit uintptr, s *state) {
	m := (*swissMap)(p)
	if m.dirPtr == nil {
		return
	}
	var histogram [9]uint64
	if m.dirLen == 0 {
		s.more = 8
		seeGroup(m.dirPtr, &histogram, s)
	}
	var last *table
	for i := 0; i < m.dirLen; i++ {
		t := *(**table)(unsafe.Pointer(uintptr(m.dirPtr) + uintptr(i)*8))
		if t == last {
			continue
		}
		last = t
		s.size++
		s.more += uint64(t.capacity)
		for g := uintptr(0); g < uintptr(t.capacity)/8; g++ {
			seeGroup(unsafe.Pointer(uintptr(t.groups)+g*unit), &histogram, s)
		}
	}
	s.digest = digestOf(histogram[:])
}
