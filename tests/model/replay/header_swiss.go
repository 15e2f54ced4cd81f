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
	globalShift uint8
}

type table struct {
	used       uint16
	capacity   uint16
	growthLeft uint16
	localDepth uint8
	index      int
}

func seedOf(p unsafe.Pointer) uintptr { return (*swissMap)(p).seed }
func keysOf(p unsafe.Pointer) int     { return int((*swissMap)(p).used) }
func growing(p unsafe.Pointer) bool   { return false }

// unitBytes is the size of a group: abi.SwissMapType, since 1.26 abi.MapType.
func unitBytes(typ unsafe.Pointer) uint64 {
	return *(*uint64)(unsafe.Pointer(uintptr(typ) + 80))
}

func tableAt(m *swissMap, i uintptr) *table {
	return *(**table)(unsafe.Pointer(uintptr(m.dirPtr) + i*unsafe.Sizeof(m.dirPtr)))
}

func writeTable(t *table) {
	number(uint64(t.index))
	number(uint64(t.capacity))
	number(uint64(t.used))
	number(uint64(t.growthLeft))
	number(uint64(t.localDepth))
}

// writeState tells of one table, the one that the hash leads to.
func writeState(p unsafe.Pointer, hash uint64) {
	m := (*swissMap)(p)
	number(m.used)
	number(uint64(m.dirLen))
	number(uint64(m.globalDepth))
	if m.dirLen == 0 {
		return
	}
	i := uintptr(0)
	if m.dirLen > 1 {
		i = uintptr(hash >> (m.globalShift & 63))
	}
	writeTable(tableAt(m, i))
}

// writeTables tells of all of them, by directory entry.
func writeTables(p unsafe.Pointer) {
	m := (*swissMap)(p)
	if m.dirLen == 0 {
		return
	}
	out = append(out, 'T')
	number(uint64(m.dirLen))
	for i := 0; i < m.dirLen; i++ {
		writeTable(tableAt(m, uintptr(i)))
	}
}
