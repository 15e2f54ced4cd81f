// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Command moved grows classic maps of every kind, leaves many of them half
// grown, and prints how many old buckets the runtime has moved, as it sees them
// in its own map headers.
package main

import (
	"fmt"
	"os"
	"reflect"
	"unsafe"
)

// go1.15 to go1.25 src/runtime/map.go: type hmap, as far as it stays the same.
type hmap struct {
	count      int
	flags      uint8
	b          uint8
	noverflow  uint16
	hash0      uint32
	buckets    unsafe.Pointer
	oldbuckets unsafe.Pointer
	nevacuate  uintptr
}

const sameSizeGrow = 8

type follower struct {
	h          *hmap
	bucketSize uintptr
	buckets    unsafe.Pointer
	old        int // buckets of the growth under way, 0 without one
}

var (
	moved  int
	keep   []interface{}
	opened []*follower
)

func follow(m interface{}) *follower {
	keep = append(keep, m)
	// An interface is (type, pointer); a map's pointer is its hmap. bucketsize
	// stands at 82: go1.15 src/runtime/type.go: maptype
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&m))
	size := *(*uint16)(unsafe.Pointer(uintptr(words[0]) + 82))
	f := &follower{h: (*hmap)(words[1]), bucketSize: uintptr(size)}
	f.buckets = f.h.buckets
	opened = append(opened, f)
	return f
}

// step looks at the map after one operation.
func (f *follower) step() {
	if f.old != 0 && (f.h.oldbuckets == nil || f.h.buckets != f.buckets) {
		moved += f.old
		f.old = 0
	}
	if f.h.buckets != f.buckets && f.buckets != nil {
		old := 1 << f.h.b
		if f.h.oldbuckets != nil && f.h.flags&sameSizeGrow != 0 {
			f.old = old
		} else if f.h.oldbuckets != nil {
			f.old = old / 2
		} else {
			moved += old / 2 // began and ended in this operation
		}
	}
	f.buckets = f.h.buckets
}

// closeAll counts the moved buckets of growths that are still under way.
func closeAll() (half int) {
	for _, f := range opened {
		if f.old == 0 {
			continue
		}
		half++
		for i := 0; i < f.old; i++ {
			tophash := *(*uint8)(unsafe.Pointer(uintptr(f.h.oldbuckets) + uintptr(i)*f.bucketSize))
			if tophash > 1 && tophash < 5 {
				moved++
			}
		}
	}
	return half
}

type wide [3]uint64

func main() {
	for n := 0; n < 500; n++ {
		numbers := map[uint64]int{}
		f := follow(numbers)
		words := map[uint32]int{}
		g := follow(words)
		texts := map[string]int{}
		h := follow(texts)
		wides := map[wide]int{}
		k := follow(wides)
		for i := 0; i < n; i++ {
			numbers[uint64(i)] = i
			f.step()
			words[uint32(i)] = i
			g.step()
			texts[fmt.Sprint(i)] = i
			h.step()
			wides[wide{uint64(i)}] = i
			k.step()
		}
	}
	// A window of keys that moves on wears buckets out: growth to the same size.
	window := map[uint64]int{}
	f := follow(window)
	for i := uint64(0); i < 50000; i++ {
		window[i] = 1
		f.step()
		if i >= 100 {
			delete(window, i-100)
			f.step()
		}
	}
	half := closeAll()
	if reflect.ValueOf(window).Len() != 100 || half == 0 {
		os.Exit(3)
	}
	fmt.Println(moved, half)
}
