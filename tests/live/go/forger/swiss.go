// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.24
// +build go1.24

package main

import "unsafe"

//go:linkname rehash internal/runtime/maps.(*table).rehash
func rehash(table, typ, m unsafe.Pointer)

func forge(forged unsafe.Pointer) { rehash(forged, forged, forged) }
