// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import "unsafe"

// workSizes fills fresh maps of every small size, and of some larger ones.
func workSizes(l *ledger) {
	for n := 1; n <= 300; n += scale {
		runInts(l, 0, n)
		runStrings(l, 0, n)
		runAny(l, 0, n)
	}
	for n := 400; n <= 4000; n += 400 {
		runInts(l, 0, n)
		runStrings(l, 0, n)
	}
}

// workKinds fills maps of every family around the sizes where they grow.
func workKinds(l *ledger) {
	sizes := []int{0, 1, 7, 8, 9, 13, 14, 15, 26, 27, 28, 29, 52, 53, 57, 104, 105, 113, 200, 256, 500, 900}
	for _, f := range families {
		for _, n := range sizes {
			if n <= f.limit {
				f.run(l, 0, n)
			}
		}
	}
}

// workHints fills maps that were made with a hint until they outgrow it.
func workHints(l *ledger) {
	hints := []int{200, 416, 417, 500, 896, 897, 1000, 1792, 1793, 5000}
	for hint := 1; hint <= 120; hint += scale {
		hints = append(hints, hint)
	}
	for _, hint := range hints {
		runInts(l, hint, hint)
		runStrings(l, hint, 2*hint+10)
	}
}

// workBig fills one map with a million keys.
func workBig(l *ledger) { runInts(l, 0, 1000000/scale) }

// workReuse drops maps as soon as they have grown, so that the next one is made
// at the same address: only the seed tells them apart.
func workReuse(l *ledger) {
	for i := 0; i < 500; i += scale {
		runUint32s(l, 0, 30)
		runPairs(l, 0, 10+i%20)
	}
}

// workInline makes maps without a hint, for which the compiler calls another
// function, and maps with a constant one.
func workLiteral(l *ledger) {
	for i := 0; i < 50; i++ {
		small := make(map[int]int)
		literal := map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8}
		hinted := make(map[string]int, 8)
		var a, b, c watch
		a.onHeap(l, intsType, header(unsafe.Pointer(&small)))
		b.onHeap(l, stringsType, header(unsafe.Pointer(&literal)))
		c.onHeap(l, stringsType, header(unsafe.Pointer(&hinted)))
		growInts(l, &a, small, 0, i)
		growStrings(l, &b, literal, 0, i)
		growStrings(l, &c, hinted, 0, i)
		a.checkGrown(0, i)
		b.checkLiteral(i)
		c.checkGrown(0, i)
	}
}

func (w *watch) checkLiteral(more int) {
	growths, _, _ := predict(0, 8+more)
	if w.growths != growths {
		fail("a literal of 8 keys and " + itoa(more) + " more: " + itoa(w.growths) + " growths, expected " + itoa(growths))
	}
}
