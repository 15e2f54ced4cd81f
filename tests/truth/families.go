// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"reflect"
	"strconv"
	"unsafe"
)

// A family is one type of map with a function of its own that makes it grow, so
// that a type and a site belong together. The runtime has variants of its code
// for keys of 4 bytes, 8 bytes, one pointer and a string, and a general one,
// which also serves elements of more than 128 bytes.
type family struct {
	name  string
	limit int // distinct keys that the type has
	run   func(l *ledger, hint, n int)
}

var families = []family{
	{"ints", 1 << 30, runInts},
	{"strings", 1 << 30, runStrings},
	{"uint32s", 1 << 30, runUint32s},
	{"pairs", 1 << 30, runPairs},
	{"any", 1 << 30, runAny},
	{"floats", 1 << 30, runFloats},
	{"bytes", 256, runBytes},
	{"shorts", 65536, runShorts},
	{"set", 1 << 30, runSet},
	{"big", 1 << 30, runBig},
	{"bigkeys", 1 << 30, runBigKeys},
	{"pointers", 1 << 30, runPointers},
	{"chans", 1 << 30, runChans},
	{"named", 1 << 30, runNamed},
	{"nested", 1 << 30, runNested},
	{"inlined", 1 << 30, runInlined},
}

type pair struct{ high, low uint64 }
type big struct{ words [17]uint64 } // more than 128 bytes: kept by a pointer
type bigKey struct{ words [17]uint64 }
type node struct{ value, more int }

// Named is a map type with a name: the tracer must tell the name.
type Named map[string][]byte

var (
	intsType     = reflect.TypeOf(map[int]int(nil))
	stringsType  = reflect.TypeOf(map[string]int(nil))
	uint32sType  = reflect.TypeOf(map[uint32]uint32(nil))
	pairsType    = reflect.TypeOf(map[pair]int(nil))
	anyType      = reflect.TypeOf(map[interface{}]int(nil))
	floatsType   = reflect.TypeOf(map[float64]string(nil))
	bytesType    = reflect.TypeOf(map[uint8]int(nil))
	shortsType   = reflect.TypeOf(map[uint16]bool(nil))
	setType      = reflect.TypeOf(map[string]struct{}(nil))
	bigType      = reflect.TypeOf(map[int]big(nil))
	bigKeysType  = reflect.TypeOf(map[bigKey]int(nil))
	pointersType = reflect.TypeOf(map[*node]*int(nil))
	chansType    = reflect.TypeOf(map[chan int]uint8(nil))
	namedType    = reflect.TypeOf(Named(nil))
	nestedType   = reflect.TypeOf(map[string]map[string]int(nil))
	inlinedType  = reflect.TypeOf(map[int64]int64(nil))
)

func runInts(l *ledger, hint, n int) {
	m := make(map[int]int, hint)
	var w watch
	w.onHeap(l, intsType, header(unsafe.Pointer(&m)))
	growInts(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growInts(l *ledger, w *watch, m map[int]int, from, to int) {
	for i := from; i < to; i++ {
		m[i*7919] = i
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runStrings(l *ledger, hint, n int) {
	m := make(map[string]int, hint)
	var w watch
	w.onHeap(l, stringsType, header(unsafe.Pointer(&m)))
	growStrings(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growStrings(l *ledger, w *watch, m map[string]int, from, to int) {
	for i := from; i < to; i++ {
		key := "key " + strconv.Itoa(i)
		m[key] = i
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runUint32s(l *ledger, hint, n int) {
	m := make(map[uint32]uint32, hint)
	var w watch
	w.onHeap(l, uint32sType, header(unsafe.Pointer(&m)))
	growUint32s(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growUint32s(l *ledger, w *watch, m map[uint32]uint32, from, to int) {
	for i := from; i < to; i++ {
		m[uint32(i)]++
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runPairs(l *ledger, hint, n int) {
	m := make(map[pair]int, hint)
	var w watch
	w.onHeap(l, pairsType, header(unsafe.Pointer(&m)))
	growPairs(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growPairs(l *ledger, w *watch, m map[pair]int, from, to int) {
	for i := from; i < to; i++ {
		m[pair{uint64(i), uint64(n64(i))}] = i
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func n64(i int) int { return i * i }

func runAny(l *ledger, hint, n int) {
	m := make(map[interface{}]int, hint)
	var w watch
	w.onHeap(l, anyType, header(unsafe.Pointer(&m)))
	growAny(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growAny(l *ledger, w *watch, m map[interface{}]int, from, to int) {
	for i := from; i < to; i++ {
		var key interface{} = i
		switch i % 3 {
		case 1:
			key = strconv.Itoa(i)
		case 2:
			key = pair{uint64(i), 0}
		}
		m[key] = i
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runFloats(l *ledger, hint, n int) {
	m := make(map[float64]string, hint)
	var w watch
	w.onHeap(l, floatsType, header(unsafe.Pointer(&m)))
	growFloats(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growFloats(l *ledger, w *watch, m map[float64]string, from, to int) {
	for i := from; i < to; i++ {
		m[float64(i)/3] = "third"
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runBytes(l *ledger, hint, n int) {
	m := make(map[uint8]int, hint)
	var w watch
	w.onHeap(l, bytesType, header(unsafe.Pointer(&m)))
	growBytes(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growBytes(l *ledger, w *watch, m map[uint8]int, from, to int) {
	for i := from; i < to; i++ {
		m[uint8(i)] = i
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}

func runShorts(l *ledger, hint, n int) {
	m := make(map[uint16]bool, hint)
	var w watch
	w.onHeap(l, shortsType, header(unsafe.Pointer(&m)))
	growShorts(l, &w, m, 0, n)
	w.checkGrown(hint, n)
}

//go:noinline
func growShorts(l *ledger, w *watch, m map[uint16]bool, from, to int) {
	for i := from; i < to; i++ {
		m[uint16(i)] = true
		w.assigned(l, header(unsafe.Pointer(&m)))
	}
}
