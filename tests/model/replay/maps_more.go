// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import "unsafe"

// padded slots
func makeShort(hint int) *subject {
	m := make(map[int16]bool, hint)
	s := newSubject(m)
	s.put = func(i int) { m[int16s[i]] = true }
	s.del = func(i int) { delete(m, int16s[i]) }
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
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&int16s[i]) }
	return s
}

// generic
func makeBytes16(hint int) *subject {
	m := make(map[[16]byte][24]byte, hint)
	s := newSubject(m)
	s.put = func(i int) { m[bytes16s[i]] = [24]byte{} }
	s.del = func(i int) { delete(m, bytes16s[i]) }
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
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&bytes16s[i]) }
	return s
}

// odd sizes
func makeBytes3(hint int) *subject {
	m := make(map[[3]byte]string, hint)
	s := newSubject(m)
	s.put = func(i int) { m[bytes3s[i]] = strings[0] }
	s.del = func(i int) { delete(m, bytes3s[i]) }
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
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&bytes3s[i]) }
	return s
}

// largest kept in place
func makeLimit(hint int) *subject {
	m := make(map[[128]byte][128]byte, hint)
	s := newSubject(m)
	s.put = func(i int) { m[bytes128s[i]] = [128]byte{} }
	s.del = func(i int) { delete(m, bytes128s[i]) }
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
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&bytes128s[i]) }
	return s
}

// key by pointer
func makeBigKey(hint int) *subject {
	m := make(map[[129]byte]int, hint)
	s := newSubject(m)
	s.put = func(i int) { m[bytes129s[i]] = i }
	s.del = func(i int) { delete(m, bytes129s[i]) }
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
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&bytes129s[i]) }
	return s
}

// element by pointer
func makeBigElem(hint int) *subject {
	m := make(map[int64][200]byte, hint)
	s := newSubject(m)
	s.put = func(i int) { m[int64s[i]] = [200]byte{} }
	s.del = func(i int) { delete(m, int64s[i]) }
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
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&int64s[i]) }
	return s
}

// generic, pointers
func makeAny(hint int) *subject {
	m := make(map[interface{}]interface{}, hint)
	s := newSubject(m)
	s.put = func(i int) { m[anys[i]] = anys[0] }
	s.del = func(i int) { delete(m, anys[i]) }
	// No clear: with keys that may differ from themselves it's a loop of deletes.
	s.walk = func(step func() bool) {
		for range m {
			if !step() {
				break
			}
		}
	}
	s.key = func(i int) unsafe.Pointer { return unsafe.Pointer(&anys[i]) }
	return s
}
