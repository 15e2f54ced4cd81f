// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"runtime"
	"strings"
)

// What a map does that only grows, by the runtime's sources. Each run compares
// the watched growth with it, so that an error of the watch cannot hide.

// loadNumerator over 2 is the keys a bucket may have: go1.21 computes 8*13/16 in
// integers and gets 6.0.
var loadNumerator = func() int {
	if strings.HasPrefix(runtime.Version(), "go1.21") {
		return 12
	}
	return 13
}()

func overLoaded(count, b int) bool {
	return count > 8 && count > loadNumerator*((1<<uint(b))/2)
}

// predict says what inserting n new keys into a map made with the hint leads to:
// growths, and buckets (classic) or slots (Swiss) at the end. It is not known
// where a Swiss map's hash decides.
func predict(hint, n int) (growths, units int, known bool) {
	if design == "classic" {
		b := 0
		for overLoaded(hint, b) {
			b++
		}
		for count := 1; count <= n; count++ {
			if overLoaded(count, b) {
				b++
				growths++
			}
		}
		return growths, 1 << uint(b), true
	}
	capacity := 8
	if hint > 8 {
		for capacity < hint*8/7 {
			capacity *= 2
		}
	}
	if n > 896 || capacity > 1024 {
		return 0, 0, false
	}
	if capacity == 8 && n > 8 {
		capacity = 16
		growths++
	}
	for capacity > 8 && n > capacity/8*7 {
		capacity *= 2
		growths++
	}
	return growths, capacity, true
}

// checkGrown compares a map into which n new keys were inserted, and nothing
// else was done, with the prediction.
func (w *watch) checkGrown(hint, n int) {
	growths, units, known := predict(hint, n)
	if known && (w.growths != growths || w.state.units() != units) {
		fail(w.typ.String() + " with hint " + itoa(hint) + " and " + itoa(n) + " keys: saw " +
			itoa(w.growths) + " growths to " + itoa(w.state.units()) + ", expected " +
			itoa(growths) + " to " + itoa(units))
	}
	if w.state.count != n {
		fail(w.typ.String() + ": " + itoa(w.state.count) + " keys instead of " + itoa(n))
	}
}

// threshold is the number of keys, from `from` on, with which a fresh map is
// just about to grow.
func threshold(from int) int {
	for n := from; ; n++ {
		now, _, _ := predict(0, n)
		if next, _, known := predict(0, n+1); !known || next > now {
			return n
		}
	}
}
