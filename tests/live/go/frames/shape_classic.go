// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build !go1.24 || (!go1.26 && !goexperiment.swissmap)
// +build !go1.24 !go1.26,!goexperiment.swissmap

package main

import "unsafe"

// The head of runtime.hmap: go1.15 to go1.25 src/runtime/map.go.
type header struct {
	count int
	flags uint8
	b     uint8
}

// shape changes when the map grows: these maps never grow to the same size.
type shape struct{ b uint8 }

//go:noinline
func shapeOf(m keyed) shape { return shape{(*(**header)(unsafe.Pointer(&m))).b} }
