// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import "unsafe"

// subject is a map and what can be done to it. Keys go by number.
type subject struct {
	header, typ unsafe.Pointer
	put, del    func(i int)
	clear       func() // may be nil
	walk        func(step func() bool)
	key         func(i int) unsafe.Pointer
}

// family is a map type: its sizes, and how many different keys there are.
type family struct {
	key, elem shape
	keys      int
	make      func(hint int) *subject
}

type shape struct {
	size, align uintptr
	pointers    uint64
}

func newSubject(m interface{}) *subject {
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&m))
	return &subject{typ: words[0], header: words[1]}
}

// fast64
func makeUint64(hint int) *subject {
	m := make(map[uint64]uint64, hint)
	s := newSubject(m)
	s.put = func(i int) { m[uint64s[i]] = uint64(i) }
	s.del = func(i int) { delete(m, uint64s[i]) }
	s.clear = func() {
		for k := range m {
			delete(m, k)
		}
	}
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&uint64s[i]) }
	return s
}

// fast32
func makeUint32(hint int) *subject {
	m := make(map[uint32]uint64, hint)
	s := newSubject(m)
	s.put = func(i int) { m[uint32s[i]] = 1 }
	s.del = func(i int) { delete(m, uint32s[i]) }
	s.clear = func() {
		for k := range m {
			delete(m, k)
		}
	}
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&uint32s[i]) }
	return s
}

// faststr
func makeString(hint int) *subject {
	m := make(map[string]int, hint)
	s := newSubject(m)
	s.put = func(i int) { m[strings[i]] = i }
	s.del = func(i int) { delete(m, strings[i]) }
	s.clear = func() {
		for k := range m {
			delete(m, k)
		}
	}
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&strings[i]) }
	return s
}

// fast64ptr
func makePointer(hint int) *subject {
	m := make(map[*int]*int, hint)
	s := newSubject(m)
	s.put = func(i int) { m[pointers[i]] = pointers[0] }
	s.del = func(i int) { delete(m, pointers[i]) }
	s.clear = func() {
		for k := range m {
			delete(m, k)
		}
	}
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&pointers[i]) }
	return s
}

// no element
func makeSet(hint int) *subject {
	m := make(map[string]struct{}, hint)
	s := newSubject(m)
	s.put = func(i int) { m[strings[i]] = struct{}{} }
	s.del = func(i int) { delete(m, strings[i]) }
	s.clear = func() {
		for k := range m {
			delete(m, k)
		}
	}
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&strings[i]) }
	return s
}

// generic, no element
func makeTiny(hint int) *subject {
	m := make(map[uint8]struct{}, hint)
	s := newSubject(m)
	s.put = func(i int) { m[uint8s[i]] = struct{}{} }
	s.del = func(i int) { delete(m, uint8s[i]) }
	s.clear = func() {
		for k := range m {
			delete(m, k)
		}
	}
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&uint8s[i]) }
	return s
}

// no key, no element
func makeNothing(hint int) *subject {
	m := make(map[struct{}]struct{}, hint)
	s := newSubject(m)
	s.put = func(i int) { m[nothings[i]] = struct{}{} }
	s.del = func(i int) { delete(m, nothings[i]) }
	s.clear = func() {
		for k := range m {
			delete(m, k)
		}
	}
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&nothings[i]) }
	return s
}

// no key
func makeNothingToInt(hint int) *subject {
	m := make(map[struct{}]int, hint)
	s := newSubject(m)
	s.put = func(i int) { m[nothings[i]] = i }
	s.del = func(i int) { delete(m, nothings[i]) }
	s.clear = func() {
		for k := range m {
			delete(m, k)
		}
	}
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&nothings[i]) }
	return s
}
