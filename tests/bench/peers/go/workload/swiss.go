// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.24

package main

import (
	"math/bits"
	"unsafe"
)

// swissMap and swissTable are the heads of maps.Map and maps.table: go1.26
// src/internal/runtime/maps/map.go and table.go.
type swissMap struct {
	used   uint64
	seed   uintptr
	dirPtr unsafe.Pointer
	dirLen int
}

type swissTable struct {
	used       uint16
	capacity   uint16
	growthLeft uint16
	localDepth uint8
}

const maxCapacity = 1024

// truthOf says what a map that only ever took new keys has been through: it became
// one table of 16 slots, that doubled up to 1,024, and from then on each further table
// came of a split.
func truthOf(m table) truth {
	s := *(**swissMap)(unsafe.Pointer(&m))
	if s.dirLen == 0 {
		return truth{}
	}
	tables := uint64(0)
	var last, first *swissTable
	for i := 0; i < s.dirLen; i++ {
		t := *(**swissTable)(unsafe.Add(s.dirPtr, i*int(unsafe.Sizeof(s.dirPtr))))
		if first == nil {
			first = t
		}
		if t != last {
			tables++
		}
		if t.capacity != first.capacity || (tables > 1 && t.capacity != maxCapacity) {
			panic("tables of different sizes: the truth is not known")
		}
		last = t
	}
	doublings := uint64(bits.Len16(first.capacity) - bits.Len16(16))
	return truth{Growths: 1 + doublings + tables - 1, Rehashes: doublings + tables - 1}
}
