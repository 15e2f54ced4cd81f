// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build !go1.24 || (!go1.26 && !goexperiment.swissmap)
// +build !go1.24 !go1.26,!goexperiment.swissmap

package main

import "unsafe"

// hmap is the head of runtime.hmap: go1.15 to go1.25 src/runtime/map.go.
type hmap struct {
	count      int
	flags      uint8
	b          uint8
	noverflow  uint16
	hash0      uint32
	buckets    unsafe.Pointer
	oldbuckets unsafe.Pointer
}

// header is a map's head before an operation.
type header struct {
	before hmap
	moving bool
}

func (h *header) look(p unsafe.Pointer) {
	h.before = *(*hmap)(p)
	h.moving = h.before.oldbuckets != nil
}

// tell says what the operation has done. It may have ended an older growth before
// it started one, which then may be over as well. A growth to the same size has
// other buckets afterwards; a map's first bucket comes late, and is no growth.
func (h *header) tell(p unsafe.Pointer) {
	now := (*hmap)(p)
	keys := h.before.count
	grew := now.b != h.before.b || (h.before.buckets != nil && now.buckets != h.before.buckets)
	moving := now.oldbuckets != nil
	if h.moving && (grew || !moving) {
		done(p, keys, int(h.before.b))
	}
	if !grew {
		return
	}
	kind, more := "double", int(h.before.noverflow)
	if now.b == h.before.b {
		kind = "same_size"
	}
	if h.moving {
		more = -1 // what was moved just before may have added some
	}
	started(p, kind, keys, int(h.before.b), more, uint64(h.before.hash0))
	if !moving {
		done(p, keys, int(now.b))
	}
}
