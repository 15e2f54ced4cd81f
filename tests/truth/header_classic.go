// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build !go1.24 || (!go1.26 && !goexperiment.swissmap)
// +build !go1.24 !go1.26,!goexperiment.swissmap

package main

import "unsafe"

const design = "classic"

// hmap is the head of runtime.hmap: go1.15 to go1.25 src/runtime/map.go. What
// follows nevacuate differs (clearSeq) and is not read.
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

const sameSizeGrow = 8

// state is a map's header as the last operation left it. The addresses are only
// ever compared across one operation, in which the runtime itself keeps the old
// array alive, so that they need not.
type state struct {
	count      int
	b          uint8
	buckets    uintptr
	oldbuckets uintptr
}

func (s *state) look(p unsafe.Pointer) {
	h := (*hmap)(p)
	s.count = h.count
	s.b = h.b
	s.buckets = uintptr(h.buckets)
	s.oldbuckets = uintptr(h.oldbuckets)
}

func (s *state) growing() bool { return s.oldbuckets != 0 }

func seedOf(p unsafe.Pointer) uint64 { return uint64((*hmap)(p).hash0) }
func keysOf(p unsafe.Pointer) int    { return (*hmap)(p).count }

// step says what the operation since the last look has done. The runtime starts
// at most one growth in an operation, and an assignment may finish an older one
// before.
func (s *state) step(p unsafe.Pointer, op operation) change {
	var now state
	now.look(p)
	var c change

	// A map of one bucket allocates it late or has it on the stack, where it
	// moves; it can't grow to the same size, so only B matters then.
	if now.b != s.b || (now.b != 0 && now.buckets != s.buckets) {
		if op != opAssign {
			fail("a map grew without an assignment")
		}
		c.started = true
		c.keys = s.count
		switch now.b {
		case s.b + 1:
			c.kind, c.reason = kindDouble, reasonLoad
		case s.b:
			c.kind, c.reason = kindSameSize, reasonOverflow
		default:
			fail("B went from " + itoa(int(s.b)) + " to " + itoa(int(now.b)))
		}
		c.olderFinished = s.growing()
		c.ownFinished = !now.growing()
	} else if s.growing() && !now.growing() {
		// Of all that ends a growth only mapclear sets nevacuate back. Without
		// optimisation, or with the race detector, its idiom stays a loop of
		// deletes, which move the rest.
		if op == opClear && (*hmap)(p).nevacuate == 0 {
			c.dropped = true
		} else {
			c.olderFinished = true
		}
	} else if now.oldbuckets != s.oldbuckets {
		fail("the old buckets changed without a growth")
	}

	same := (*hmap)(p).flags&sameSizeGrow != 0
	if same && !now.growing() {
		fail("sameSizeGrow is set, but there are no old buckets")
	}
	if c.started && !c.ownFinished && same != (c.kind == kindSameSize) {
		fail("sameSizeGrow says otherwise than B")
	}
	*s = now
	return c
}

// units is what growth from nothing has led to, for the closed form.
func (s *state) units() int { return 1 << s.b }
