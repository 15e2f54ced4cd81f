// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import "unsafe"

// workSmallStacks makes each key's assignment in a goroutine of its own, whose
// stack is about to overflow: the stack check of each function below the
// assignment fires sooner or later, and the function is entered a second time.
func workSmallStacks(l *ledger) {
	done := make(chan bool)
	for round := 0; round < 40; round++ {
		ints, texts, pairs := make(map[int]int), make(map[string]int), make(map[pair]int)
		var a, b, c watch
		a.onHeap(l, intsType, header(unsafe.Pointer(&ints)))
		b.onHeap(l, stringsType, header(unsafe.Pointer(&texts)))
		c.onHeap(l, pairsType, header(unsafe.Pointer(&pairs)))
		for i := 0; i < 64; i++ {
			depth, shape := l.below(40), l.below(4)
			leaf := func() {
				growInts(l, &a, ints, i, i+1)
				growPairs(l, &c, pairs, i, i+1)
				growStrings(l, &b, texts, i, i+1)
			}
			go func() {
				descend(depth, shape, leaf)
				done <- true
			}()
			<-done
		}
		a.checkGrown(0, 64)
		b.checkGrown(0, 64)
		c.checkGrown(0, 64)
	}
}

// descend calls leaf that many frames further down; the shape shifts the stack
// by less than one frame of the runtime's functions.
func descend(depth, shape int, leaf func()) {
	switch shape {
	case 0:
		shift16(depth, leaf)
	case 1:
		shift48(depth, leaf)
	case 2:
		shift80(depth, leaf)
	default:
		further(depth, leaf)
	}
}

//go:noinline
func further(depth int, leaf func()) int {
	var frame [4]int
	frame[depth&3] = depth
	if depth == 0 {
		leaf()
		return 0
	}
	return further(depth-1, leaf) + frame[(depth+1)&3]
}

//go:noinline
func shift16(depth int, leaf func()) int {
	var frame [2]int
	frame[depth&1] = depth
	return further(depth, leaf) + frame[(depth+1)&1]
}

//go:noinline
func shift48(depth int, leaf func()) int {
	var frame [6]int
	frame[depth&3] = depth
	return further(depth, leaf) + frame[(depth+1)&3]
}

//go:noinline
func shift80(depth int, leaf func()) int {
	var frame [10]int
	frame[depth&7] = depth
	return further(depth, leaf) + frame[(depth+1)&7]
}

// workStackMaps grows maps that lie on the goroutine's stack, and moves the
// stack while they grow.
func workStackMaps(l *ledger) {
	done := make(chan bool)
	// The largest first: it proves that such maps move.
	for n := 200; n > 0; n -= scale {
		go func() {
			growOnStack(l, n)
			done <- true
		}()
		<-done
	}
}

//go:noinline
func growOnStack(l *ledger, n int) {
	ints := make(map[int]int)
	texts := make(map[string]int, 20)
	var a, b watch
	a.open(intsType, header(unsafe.Pointer(&ints)))
	b.open(stringsType, header(unsafe.Pointer(&texts)))
	before := uintptr(header(unsafe.Pointer(&ints)))
	for i := 0; i < n; i++ {
		growInts(l, &a, ints, i, i+1)
		growStrings(l, &b, texts, i, i+1)
		if i%10 == 9 {
			useStack(10 * i)
		}
	}
	a.checkGrown(0, n)
	b.checkGrown(20, n)
	if n == 200 && uintptr(header(unsafe.Pointer(&ints))) == before {
		fail("a map that should lie on a growing stack has not moved")
	}
}

//go:noinline
func useStack(depth int) int {
	var frame [8]int
	frame[depth&7] = depth
	if depth == 0 {
		return 0
	}
	return useStack(depth-1) + frame[(depth+1)&7]
}
