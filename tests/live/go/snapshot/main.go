// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Command snapshot changes maps without pause and tells, in a file that both
// sides have in memory, each state that each map goes through, as it sees it in
// its own headers, buckets and groups.
//
//	snapshot FILE churn    writes until it is killed
//	snapshot FILE quiet    waits for a byte, builds maps, prints "done", waits
//	snapshot FILE steady   builds maps, and changes elements of theirs until it is killed
package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// The file: a region for each map, of a head and a ring of states.
const (
	regions     = 6
	headBytes   = 4096
	ringStates  = 1 << 15
	stateBytes  = 64
	regionBytes = headBytes + ringStates*stateBytes
)

// head tells which map the region is of. States published before states came.
type head struct {
	states  uint64 // how many were published; the last one is the current
	address uint64
	seed    uint64
	unit    uint64
	design  uint64
}

// state is what the map holds between two operations.
type state struct {
	address uint64
	keys    uint64
	size    uint64 // B, or tables
	more    uint64 // overflow buckets, or slots
	extra   uint64 // moved buckets, or tombstones
	digest  uint64 // of the histogram
	known   uint64 // 0: only address and keys are told
	_       uint64
}

type region struct {
	base uintptr
	typ  unsafe.Pointer
	p    unsafe.Pointer
	unit uintptr
}

func (r *region) head() *head { return (*head)(unsafe.Pointer(r.base)) }

// follow makes `m`, a map, the one that the region is of.
func (r *region) follow(m interface{}) {
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&m))
	r.typ, r.p = words[0], words[1]
	r.unit = uintptr(unitBytes(r.typ))
	h := r.head()
	h.unit, h.design = uint64(r.unit), design
	// Readers take the state's number first, then these, and look again.
	atomic.StoreUint64(&h.address, 0)
	atomic.StoreUint64(&h.seed, uint64(seedOf(r.p)))
	r.tell(true)
	atomic.StoreUint64(&h.address, uint64(uintptr(r.p)))
}

// tell publishes the state that the map is in.
func (r *region) tell(whole bool) {
	h := r.head()
	n := h.states
	s := (*state)(unsafe.Pointer(r.base + headBytes + uintptr(n%ringStates)*stateBytes))
	*s = state{address: uint64(uintptr(r.p)), keys: uint64(keysOf(r.p))}
	if whole {
		s.known = 1
		see(r.p, r.unit, s)
	}
	atomic.StoreUint64(&h.states, n+1)
}

func digestOf(histogram []uint64) (digest uint64) {
	for _, n := range histogram {
		digest = digest*1000003 + n
	}
	return digest
}

var spinSink uint64

// spin passes up to so many microseconds' worth of work.
func spin(random *uint64, most uint64) {
	*random = *random*6364136223846793005 + 1442695040888963407
	for n := (*random >> 33) % (most * 300); n > 0; n-- {
		spinSink += n
	}
}

// slide keeps a window of `width` keys that moves on.
func slide(r *region, width uint64, whole bool, pause uint64) {
	m := map[uint64]int{0: 0}
	r.follow(m)
	random := width
	for i := uint64(1); ; i++ {
		m[i] = 1
		r.tell(whole)
		if i >= width {
			delete(m, i-width)
			r.tell(whole)
		}
		spin(&random, pause)
	}
}

// swing takes two of six keys out and in again, always in the same order: each
// word of the map comes back to what it was, again and again.
func swing(r *region, base uint64, pause uint64) {
	m := map[uint64]int{0: 0}
	for i := uint64(0); i < base; i++ {
		m[i] = 1
	}
	r.follow(m)
	random := base
	for i := uint64(0); ; i++ {
		m[base+i%6] = 1
		r.tell(true)
		delete(m, base+(i+4)%6)
		r.tell(true)
		spin(&random, pause)
	}
}

var kept []interface{}

// climb makes map after map of `most` keys; the old ones stay as they are.
func climb(r *region, most int, pause uint64) {
	random := uint64(most)
	for {
		m := map[string]int{"": 0}
		kept = append(kept, m)
		r.follow(m)
		for i := 1; i < most; i++ {
			m[fmt.Sprint(i)] = i
			r.tell(true)
			if i%8 == 7 {
				delete(m, fmt.Sprint(i-3))
				r.tell(true)
			}
			spin(&random, pause)
		}
		if len(kept) > 2000 {
			select {} // enough; the last one stays
		}
	}
}

func buildQuiet(r *region, keys uint64) {
	m := map[uint64]int{0: 0}
	kept = append(kept, m)
	for i := uint64(0); i < keys; i++ {
		m[i] = 1
	}
	for i := uint64(1); i < keys; i += 3 {
		delete(m, i)
	}
	r.follow(m)
}

// update assigns to keys that are there: nothing grows.
func update(keys uint64) {
	for {
		for i := range kept {
			m := kept[i].(map[uint64]int)
			for key := uint64(0); key < keys; key += 3 {
				m[key]++
			}
		}
		spinSink += onStack(keys)
	}
}

// onStack assigns to a map that lies on the goroutine's stack.
//
//go:noinline
func onStack(keys uint64) (sum uint64) {
	m := make(map[uint64]uint64)
	for key := keys; key < keys+6; key++ {
		m[key] = key
	}
	return m[keys]
}

func open(path string) uintptr {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0600)
	if err == nil {
		err = file.Truncate(regions * regionBytes)
	}
	if err != nil {
		panic(err)
	}
	memory, err := syscall.Mmap(int(file.Fd()), 0, regions*regionBytes,
		syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return uintptr(unsafe.Pointer(&memory[0]))
}

func main() {
	base := open(os.Args[1])
	var all [regions]*region
	for i := range all {
		all[i] = &region{base: base + uintptr(i)*regionBytes}
	}
	var byte1 [1]byte
	if os.Args[2] == "quiet" {
		fmt.Println("ready")
		os.Stdin.Read(byte1[:])
		for i, r := range all {
			buildQuiet(r, 10<<(2*uint(i)))
		}
		fmt.Println("done")
		os.Stdin.Read(byte1[:])
		return
	}
	if os.Args[2] == "steady" {
		for i, r := range all {
			buildQuiet(r, 10<<(2*uint(i)))
		}
		fmt.Println("ready")
		update(10)
	}
	go slide(all[0], 100, true, 20)
	go slide(all[1], 2000, true, 20)
	go slide(all[2], 100, false, 3)
	go swing(all[3], 100, 10)
	go swing(all[4], 5, 10)
	go climb(all[5], 3000, 5)
	fmt.Println("ready")
	os.Stdin.Read(byte1[:])
}
