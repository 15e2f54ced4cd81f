// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.26 || (go1.24 && goexperiment.swissmap)
// +build go1.26 go1.24,goexperiment.swissmap

package main

import "unsafe"

// swissMap and table are the heads of maps.Map and maps.table: go1.24 to go1.27
// src/internal/runtime/maps/map.go and table.go.
type swissMap struct {
	used   uint64
	seed   uintptr
	dirPtr unsafe.Pointer
	dirLen int
}

type table struct {
	used       uint16
	capacity   uint16
	growthLeft uint16
	localDepth uint8
}

// header is a map's head before an operation, and its tables'.
type header struct {
	before swissMap
	at     []unsafe.Pointer // which keeps the addresses from being used again
	tables []table
}

func directory(p unsafe.Pointer) []unsafe.Pointer {
	m := (*swissMap)(p)
	var tables []unsafe.Pointer
	for i := 0; i < m.dirLen; i++ {
		at := *(*unsafe.Pointer)(unsafe.Pointer(uintptr(m.dirPtr) + uintptr(i)*8))
		if i == 0 || at != tables[len(tables)-1] {
			tables = append(tables, at)
		}
	}
	return tables
}

func (h *header) look(p unsafe.Pointer) {
	h.before = *(*swissMap)(p)
	h.at = directory(p)
	h.tables = h.tables[:0]
	for _, at := range h.at {
		h.tables = append(h.tables, *(*table)(at))
	}
}

// tell says what the operation has done: at most one growth, which it has ended.
func (h *header) tell(p unsafe.Pointer) {
	now := directory(p)
	seed := uint64(h.before.seed)
	if len(h.at) == 0 {
		if len(now) != 0 {
			started(p, "to_table", int(h.before.used), 8, 0, seed)
			done(p, int(h.before.used), 16)
		}
		return
	}
	for i, at := range h.at {
		if now[i] == at {
			continue
		}
		t := h.tables[i]
		keys, slots := int(t.used), int(t.capacity)
		tombstones := slots/8*7 - keys - int(t.growthLeft)
		kind := "table_double"
		if len(now) != len(h.at) {
			kind = "split"
		}
		started(p, kind, keys, slots, tombstones, seed)
		done(p, keys, 2*slots)
		return
	}
}
