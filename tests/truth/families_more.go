// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"strconv"
	"unsafe"
)

func runSet(l *ledger, hint, n int) {
	m := make(map[string]struct{}, hint)
	var w watch
	w.onHeap(l, setType, header(unsafe.Pointer(&m)))
	growSet(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growSet(l *ledger, w *watch, m map[string]struct{}, from, to int) {
	for i := from; i < to; i++ {
		m[strconv.Itoa(i)] = struct{}{}
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runBig(l *ledger, hint, n int) {
	m := make(map[int]big, hint)
	var w watch
	w.onHeap(l, bigType, header(unsafe.Pointer(&m)))
	growBig(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growBig(l *ledger, w *watch, m map[int]big, from, to int) {
	for i := from; i < to; i++ {
		m[i] = big{}
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runBigKeys(l *ledger, hint, n int) {
	m := make(map[bigKey]int, hint)
	var w watch
	w.onHeap(l, bigKeysType, header(unsafe.Pointer(&m)))
	growBigKeys(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growBigKeys(l *ledger, w *watch, m map[bigKey]int, from, to int) {
	var key bigKey
	for i := from; i < to; i++ {
		key.words[16] = uint64(i)
		m[key] = i
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runPointers(l *ledger, hint, n int) {
	m := make(map[*node]*int, hint)
	var w watch
	w.onHeap(l, pointersType, header(unsafe.Pointer(&m)))
	growPointers(l, &w, m, make([]node, n))
	w.checkGrown(hint, n)
}

//go:noinline
func growPointers(l *ledger, w *watch, m map[*node]*int, nodes []node) {
	for i := range nodes {
		m[&nodes[i]] = &nodes[i].value
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runChans(l *ledger, hint, n int) {
	m := make(map[chan int]uint8, hint)
	var w watch
	w.onHeap(l, chansType, header(unsafe.Pointer(&m)))
	growChans(l, &w, m, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growChans(l *ledger, w *watch, m map[chan int]uint8, n int) {
	for i := 0; i < n; i++ {
		m[make(chan int)] = 1
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runNamed(l *ledger, hint, n int) {
	m := make(Named, hint)
	var w watch
	w.onHeap(l, namedType, header(unsafe.Pointer(&m)))
	m.grow(l, &w, n)
	w.checkGrown(hint, n)
}

// grow is a method: its name has a receiver in it.
//
//go:noinline
func (m Named) grow(l *ledger, w *watch, n int) {
	for i := 0; i < n; i++ {
		m[strconv.Itoa(i)] = nil
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runNested(l *ledger, hint, n int) {
	m := make(map[string]map[string]int, hint)
	var w watch
	w.onHeap(l, nestedType, header(unsafe.Pointer(&m)))
	growNested(l, &w, m, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growNested(l *ledger, w *watch, m map[string]map[string]int, n int) {
	for i := 0; i < n; i++ {
		key := strconv.Itoa(i)
		inner := m[key]
		if inner == nil {
			inner = map[string]int{}
			m[key] = inner
			w.assigned(l, header(unsafe.Pointer(&m)))
		}
		if i%50 == 0 {
			var v watch
			v.onHeap(l, stringsType, header(unsafe.Pointer(&inner)))
			growStrings(l, &v, inner, 0, 20)
		}
	}
}

func runInlined(l *ledger, hint, n int) {
	m := make(map[int64]int64, hint)
	var w watch
	w.onHeap(l, inlinedType, header(unsafe.Pointer(&m)))
	growInlined(l, &w, m, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growInlined(l *ledger, w *watch, m map[int64]int64, n int) {
	for i := 0; i < n; i++ {
		putInlined(l, w, m, int64(i))
	}
}

// putInlined is small enough to be inlined: the site is nevertheless here.
func putInlined(l *ledger, w *watch, m map[int64]int64, key int64) {
	m[key] = key
	w.assigned(l, header(unsafe.Pointer(&m)))
}
