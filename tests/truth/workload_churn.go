// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"math"
	"runtime"
	"strings"
	"unsafe"
)

// workWindow keeps a window of keys sliding: classic maps collect overflow
// buckets and grow to the same size, Swiss tables collect tombstones.
func workWindow(l *ledger) {
	for _, width := range []int{5, 8, 30, 100, 400, 3000} {
		m := make(map[uint32]uint32)
		var w watch
		w.onHeap(l, uint32sType, header(unsafe.Pointer(&m)))
		for i := 0; i < 20000; i++ {
			growUint32s(l, &w, m, i, i+1)
			if i >= width {
				dropUint32(l, &w, m, i-width)
			}
		}
	}
	for _, width := range []int{60, 1000} {
		nodes := make([]node, 20000)
		m := make(map[*node]*int)
		var w watch
		w.onHeap(l, pointersType, header(unsafe.Pointer(&m)))
		for i := range nodes {
			growPointers(l, &w, m, nodes[i:i+1])
			if i >= width {
				delete(m, &nodes[i-width])
				w.deleted(l, header(unsafe.Pointer(&m)))
			}
		}
	}
}

//go:noinline
func dropUint32(l *ledger, w *watch, m map[uint32]uint32, key int) {
	delete(m, uint32(key))
	w.deleted(l, header(unsafe.Pointer(&m)))
}

// workRandom assigns and deletes at random; maps are emptied now and then, for
// which they draw a new seed.
func workRandom(l *ledger) {
	for round := 0; round < 20; round++ {
		m := make(map[string]int)
		var w watch
		w.onHeap(l, stringsType, header(unsafe.Pointer(&m)))
		for i := 0; i < 3000; i++ {
			key := l.below(200 + round*50)
			if l.below(100) < 55 {
				growStrings(l, &w, m, key, key+1)
			} else {
				delete(m, "key "+itoa(key))
				w.deleted(l, header(unsafe.Pointer(&m)))
			}
			if i%1000 == 999 {
				emptyStrings(l, &w, m)
			}
		}
	}
}

//go:noinline
func emptyStrings(l *ledger, w *watch, m map[string]int) {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	for _, key := range keys {
		delete(m, key)
		w.deleted(l, header(unsafe.Pointer(&m)))
	}
}

// workClear clears maps at every stage of their growth. A clear ends a growth
// without finishing it.
func workClear(l *ledger) {
	for n := 1; n <= 250; n += scale {
		m := make(map[pair]int)
		var w watch
		w.onHeap(l, pairsType, header(unsafe.Pointer(&m)))
		for again := 0; again < 3; again++ {
			growPairs(l, &w, m, 0, n)
			clearPairs(l, &w, m)
		}
		growPairs(l, &w, m, 0, 2*n)
	}
}

// clearPairs is the idiom that the compiler turns into mapclear.
//
//go:noinline
func clearPairs(l *ledger, w *watch, m map[pair]int) {
	for key := range m {
		delete(m, key)
	}
	w.cleared(l, header(unsafe.Pointer(&m)))
}

// workUpdate assigns to a key that a full small map has already. Swiss maps grew
// by it up to Go 1.26.
func workUpdate(l *ledger) {
	for i := 0; i < 100; i += scale {
		m := make(map[int]int)
		var w watch
		w.onHeap(l, intsType, header(unsafe.Pointer(&m)))
		growInts(l, &w, m, 0, 8)
		growInts(l, &w, m, i%8, i%8+1)
		if (w.growths == 1) != updateGrows {
			fail("an update of a full small map: " + itoa(w.growths) + " growths")
		}
		growInts(l, &w, m, 0, 8)
		growInts(l, &w, m, 0, 14)
		growInts(l, &w, m, 0, 14)
	}
}

// updateGrows is true from Go 1.24 to 1.26.
var updateGrows = design == "swiss" && !strings.HasPrefix(runtime.Version(), "go1.27")

// workNaN assigns to a key that is never found again: each time a new one.
func workNaN(l *ledger) {
	for n := 0; n < 60; n++ {
		m := make(map[float64]string)
		var w watch
		w.onHeap(l, floatsType, header(unsafe.Pointer(&m)))
		growNaN(l, &w, m, n)
		w.checkGrown(0, n)
	}
}

//go:noinline
func growNaN(l *ledger, w *watch, m map[float64]string, n int) {
	for i := 0; i < n; i++ {
		m[math.NaN()] = "none"
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

// workOpen leaves maps behind in the middle of their growth.
func workOpen(l *ledger) {
	for n := 1; n < 2000; n = n*2 + 1 {
		for more := 1; more <= 3; more++ {
			f := threshold(n%800) + more
			runUint32s(l, 0, f)
			runBig(l, 0, f)
		}
	}
}

// workRange grows maps while they are iterated over.
func workRange(l *ledger) {
	for n := 1; n <= 100; n += scale {
		m := make(map[int]int)
		var w watch
		w.onHeap(l, intsType, header(unsafe.Pointer(&m)))
		growInts(l, &w, m, 0, n)
		next := n
		for range m {
			if next < 4*n {
				growInts(l, &w, m, next, next+2)
				next += 2
			}
		}
	}
}
