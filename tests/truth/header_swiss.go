// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.26 || (go1.24 && goexperiment.swissmap)
// +build go1.26 go1.24,goexperiment.swissmap

package main

import "unsafe"

const design = "swiss"

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
	index      int
}

// state is a map as the last operation left it. Holding the tables keeps their
// addresses from being used again, so that a table is known by its address.
type state struct {
	count  int
	tables []unsafe.Pointer // one for each entry of the directory
}

func (s *state) look(p unsafe.Pointer) {
	s.count = int((*swissMap)(p).used)
	s.tables = append(s.tables[:0], directory(p)...)
}

// growing is never true between operations: a table moves in one go.
func (s *state) growing() bool { return false }

func seedOf(p unsafe.Pointer) uint64 { return uint64((*swissMap)(p).seed) }
func keysOf(p unsafe.Pointer) int    { return int((*swissMap)(p).used) }

func directory(p unsafe.Pointer) []unsafe.Pointer {
	m := (*swissMap)(p)
	if m.dirLen == 0 {
		return nil // dirPtr is then a group, which may lie on the stack
	}
	header := struct {
		data     unsafe.Pointer
		len, cap int
	}{m.dirPtr, m.dirLen, m.dirLen}
	return *(*[]unsafe.Pointer)(unsafe.Pointer(&header))
}

// text lets the runtime's own memory comparison look at a directory, which makes
// it cheap enough to be compared after every operation.
func text(pointers []unsafe.Pointer) string {
	if len(pointers) == 0 {
		return ""
	}
	header := struct {
		data unsafe.Pointer
		len  int
	}{unsafe.Pointer(&pointers[0]), len(pointers) * int(unsafe.Sizeof(pointers[0]))}
	return *(*string)(unsafe.Pointer(&header))
}

// step says what the operation since the last look has done: at most one rehash.
func (s *state) step(p unsafe.Pointer, op operation) change {
	var c change
	now := directory(p)
	if text(now) != text(s.tables) {
		if op != opAssign {
			fail("a map grew without an assignment")
		}
		c.started, c.ownFinished, c.keys = true, true, s.count
		if len(s.tables) == 0 {
			if len(now) != 1 || (*table)(now[0]).capacity != 16 {
				fail("a small map turned into something else than one table of 16 slots")
			}
			c.kind, c.reason = kindToTable, reasonLoad
		} else {
			c.kind, c.reason = s.replaced(now)
		}
		s.tables = append(s.tables[:0], now...)
	}
	s.count = int((*swissMap)(p).used)
	return c
}

// replaced compares two directories, of which the second is of the same length
// or doubled, and in which the entries of a table are neighbours.
func (s *state) replaced(now []unsafe.Pointer) (kind, reason int) {
	scale := len(now) / len(s.tables)
	if len(now)%len(s.tables) != 0 || scale > 2 {
		fail("the directory went from " + itoa(len(s.tables)) + " to " + itoa(len(now)))
	}
	var old *table
	var fresh []*table
	for i, p := range now {
		was := s.tables[i/scale]
		if p == was {
			continue
		}
		if old != nil && old != (*table)(was) {
			fail("two tables were replaced in one operation")
		}
		old = (*table)(was)
		if len(fresh) == 0 || fresh[len(fresh)-1] != (*table)(p) {
			fresh = append(fresh, (*table)(p))
		}
	}
	if old == nil {
		fail("the directory doubled without a split")
	}
	reason = reasonLoad
	if old.used < old.capacity/8*7 {
		reason = reasonTombstones
	}
	switch {
	case len(fresh) == 1 && fresh[0].capacity == 2*old.capacity:
		return kindTableDouble, reason
	case len(fresh) == 2 && old.capacity == 1024 &&
		fresh[0].capacity == 1024 && fresh[1].capacity == 1024 &&
		fresh[0].localDepth == old.localDepth+1 && fresh[1].localDepth == old.localDepth+1:
		return kindSplit, reason
	}
	fail("a table of " + itoa(int(old.capacity)) + " slots was replaced by " + itoa(len(fresh)))
	return 0, 0
}

// units is what growth from nothing has led to, for the closed form: slots of
// the only table, 8 for a small map.
func (s *state) units() int {
	switch len(s.tables) {
	case 0:
		return 8
	case 1:
		return int((*table)(s.tables[0]).capacity)
	}
	return 0
}

// distinct is the number of tables.
func (s *state) distinct() int {
	n := 0
	for i, p := range s.tables {
		if i == 0 || s.tables[i-1] != p {
			n++
		}
	}
	return n
}
