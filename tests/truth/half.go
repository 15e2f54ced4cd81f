// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import "unsafe"

// halfGrown is maps whose growth began before the counting did.
type halfGrown struct {
	ints    [9]map[int]int
	watches [9]watch
}

// beginHalf fills maps until each has just begun to grow, those of one or two
// old buckets apart, which are through at once. A Swiss map has no such state.
func beginHalf() *halfGrown {
	before := newLedger(0)
	h := &halfGrown{}
	for i := range h.ints {
		m := make(map[int]int)
		h.ints[i] = m
		w := &h.watches[i]
		w.onHeap(before, intsType, header(unsafe.Pointer(&m)))
		growInts(before, w, m, 0, threshold(20<<uint(i%6))+1)
		if design == "classic" && !w.state.growing() {
			fail("a map that should be growing is not")
		}
	}
	return h
}

// finish counts from here on: most maps are grown to the end and further, one is
// cleared, one is left as it is.
func (h *halfGrown) finish(l *ledger) {
	for i := range h.ints {
		w := &h.watches[i]
		w.startCounting()
		m := h.ints[i]
		keys := w.state.count
		switch i {
		case 0:
		case 1:
			clearInts(l, w, m)
			growInts(l, w, m, 0, 2*keys)
		case 2:
			for key := 0; key < keys; key++ {
				delete(m, key*7919)
				w.deleted(l, header(unsafe.Pointer(&m)))
			}
		default:
			growInts(l, w, m, keys, 4*keys)
		}
	}
}

//go:noinline
func clearInts(l *ledger, w *watch, m map[int]int) {
	for key := range m {
		delete(m, key)
	}
	w.cleared(l, header(unsafe.Pointer(&m)))
}
