// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.26 || (go1.24 && goexperiment.swissmap)
// +build go1.26 go1.24,goexperiment.swissmap

package main

import "unsafe"

// The head of maps.Map: go1.24 to go1.27 src/internal/runtime/maps/map.go.
type header struct {
	used   uint64
	seed   uintptr
	dirPtr unsafe.Pointer
	dirLen int
}

// shape changes when the map grows: it is the address of its only table.
type shape struct{ table unsafe.Pointer }

//go:noinline
func shapeOf(m keyed) shape {
	h := *(**header)(unsafe.Pointer(&m))
	if h.dirLen == 0 {
		return shape{} // dirPtr is a group, not a directory
	}
	return shape{*(*unsafe.Pointer)(h.dirPtr)}
}
