// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.23
// +build go1.23

package main

import (
	"iter"
	"maps"
)

//go:noinline
func once(k key) iter.Seq[key] {
	return func(yield func(key) bool) { yield(k) }
}

func inlinableOnce(k key) iter.Seq[key] {
	return func(yield func(key) bool) { yield(k) }
}

func ranges() {
	grow(func(m keyed, k key) {
		for k := range once(k) {
			m[k] = here()
		}
	})
	grow(func(m keyed, k key) {
		for k := range inlinableOnce(k) {
			for k := range once(k) {
				outer(m, k)
			}
		}
	})
	grow(func(m keyed, k key) {
		for k := range once(k) {
			defer plain(m, k)
		}
	})
	grow(func(m keyed, k key) { maps.Copy(m, keyed{k: here()}) }, "maps.Copy[...]")
	grow(func(m keyed, k key) {
		maps.Insert(m, func(yield func(key, int) bool) { yield(k, here()) })
	}, ".Insert[...]-range1") // of maps, or of where it was inlined
	grow(func(m keyed, k key) {
		next, stop := iter.Pull(func(yield func(key) bool) {
			m[k] = here()
			yield(k)
		})
		next()
		stop()
	})
}
