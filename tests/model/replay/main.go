// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Does random things to maps of many types, and writes what was done, with each
// key's hash, and what the map's header is afterwards. The model must come to the
// same. Usage: replay states|bytes SEED OPERATIONS. With `bytes`, also what each
// operation allocated. ../stream.h reads what is written.
package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"unsafe"
)

var (
	out       = make([]byte, 0, 1<<20)
	weighs    bool
	before    runtime.MemStats
	after     runtime.MemStats
	remaining int
)

func number(n uint64) {
	for n >= 0x80 {
		out = append(out, byte(n)|0x80)
		n >>= 7
	}
	out = append(out, byte(n))
}

func word(n uint64) {
	for i := uint(0); i < 64; i += 8 {
		out = append(out, byte(n>>i))
	}
}

func flush() {
	if _, err := os.Stdout.Write(out); err != nil {
		os.Exit(1)
	}
	out = out[:0]
}

// allocated is what an operation takes from the heap.
func allocated(operation func()) uint64 {
	if !weighs {
		operation()
		return 0
	}
	runtime.ReadMemStats(&before)
	operation()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// random is xorshift64*: the same in every version of Go.
type random uint64

func (r *random) below(n int) int {
	*r ^= *r >> 12
	*r ^= *r << 25
	*r ^= *r >> 27
	return int((uint64(*r) * 2685821657736338717) >> 33 % uint64(n))
}

// life is a map and the operations it goes through.
type life struct {
	*subject
	random *random
	hash   func(unsafe.Pointer, uintptr) uintptr
	keys   int // that are used
	all    int // that there are
	next   int // of a sliding window
	slides bool
}

func (l *life) hashOf(i int) uint64 { return uint64(l.hash(l.key(i), seedOf(l.header))) }

// do is one operation on a key, and what it has led to.
func (l *life) do(code byte, i int, operation func(int)) {
	hash := l.hashOf(i)
	bytes := allocated(func() { operation(i) })
	out = append(out, code)
	number(uint64(i))
	word(hash)
	number(bytes)
	writeState(l.header, hash)
	remaining--
	if remaining%4096 == 0 {
		writeTables(l.header)
	}
	if len(out) > cap(out)-65536 {
		flush()
	}
}

func (l *life) assign(i int) { l.do('P', i, l.put) }
func (l *life) erase(i int)  { l.do('D', i, l.del) }

func (l *life) clearAll() {
	bytes := allocated(l.clear)
	out = append(out, 'C')
	number(bytes)
	writeState(l.header, 0)
	writeTables(l.header)
	remaining--
}

// phase is a run of operations of one character, about `most` at most.
func (l *life) phase(most int) {
	r := l.random
	n := r.below(2*l.keys) + 1
	if n > most {
		n = most
	}
	what := r.below(8)
	if l.slides {
		what = 3
	}
	switch what {
	case 0, 1: // grow
		for ; n > 0; n-- {
			l.assign(r.below(l.keys))
		}
	case 2: // mixed
		for ; n > 0; n-- {
			if r.below(2) == 0 {
				l.assign(r.below(l.keys))
			} else {
				l.erase(r.below(l.keys))
			}
		}
	case 3, 4: // a sliding window over all keys: many overflow buckets or tombstones
		window := r.below(l.keys) + 1
		if l.slides {
			window, n = l.keys, most
		}
		if n = 8 * n; n > most {
			n = most
		}
		for ; n > 0; n -= 2 {
			l.next++
			l.assign(l.next % l.all)
			l.erase((l.next + l.all - window) % l.all)
		}
	case 5: // shrink, often to nothing
		for i := 0; i < l.keys && n > 0; i++ {
			l.erase(i)
			n--
		}
	case 6: // clear, where there is growth that takes its time in the midst of it
		for ; n > 0 && !(growing(l.header) && r.below(4) == 0); n-- {
			l.assign(r.below(l.keys))
		}
		if l.clear != nil {
			l.clearAll()
		}
	case 7: // change it under an iterator, which leaves the growth as it is
		if weighs {
			return // an iterator allocates, too
		}
		l.walk(func() bool {
			l.assign(r.below(l.keys))
			l.erase(r.below(l.keys))
			n -= 2
			return n > 0
		})
	}
}

// live lets a map live for so many operations, after `first` keys in their order.
func live(which int, keys, hint, first, operations int, r *random) {
	f := families[which]
	var s *subject
	// What comes with every map of the type is not counted.
	lazy := allocated(func() { s = f.make(0) })
	made := allocated(func() { s = f.make(hint) }) - lazy
	l := &life{subject: s, random: r, keys: keys, all: f.keys, slides: r.below(2) == 0 && first == 0}
	l.hash = *(*func(unsafe.Pointer, uintptr) uintptr)(unsafe.Pointer(uintptr(s.typ) + 72))
	out = append(out, 'M')
	number(uint64(which))
	number(uint64(hint))
	for _, part := range []shape{f.key, f.elem} {
		number(uint64(part.size))
		number(uint64(part.align))
		number(part.pointers)
	}
	number(unitBytes(s.typ))
	number(pointerBytes(s.typ))
	number(made)
	writeState(s.header, 0)
	writeTables(s.header)
	for i := 0; i < first; i++ {
		l.assign(i)
	}
	for end := remaining - operations; remaining > end && remaining > 0; {
		l.phase(remaining - end)
	}
	writeTables(s.header)
}

// pointerBytes is how much of a bucket or group the garbage collector looks at.
func pointerBytes(typ unsafe.Pointer) uint64 {
	unit := *(*unsafe.Pointer)(unsafe.Pointer(uintptr(typ) + 64))
	return uint64(*(*uintptr)(unsafe.Pointer(uintptr(unit) + 8)))
}

// makeThreads lets the runtime have n threads to spare. It takes one from the heap
// whenever it wants one more, whatever operation is being weighed.
func makeThreads(n int) {
	runtime.GOMAXPROCS(1)
	var started, ended sync.WaitGroup
	release := make(chan struct{})
	started.Add(n)
	ended.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			runtime.LockOSThread() // a thread of its own
			started.Done()
			<-release
			runtime.UnlockOSThread() // or it would end with the goroutine
			ended.Done()
		}()
	}
	started.Wait()
	close(release)
	ended.Wait()
}

func main() {
	weighs = os.Args[1] == "bytes"
	seed, _ := strconv.Atoi(os.Args[2])
	remaining, _ = strconv.Atoi(os.Args[3])
	if weighs {
		makeThreads(16)
		runtime.GC()
		debug.SetGCPercent(-1)
	}
	r := random(seed)
	out = append(out, 'V', design)
	sizes := []int{1, 9, 20, 30, 45, 60, 90, 150, 300, 1000, 20, 30, 60}
	hints := []int{0, 0, 0, 8, 9, 14, 60, 300, 1500}
	if weighs {
		live(0, 3000, 0, 3000, 100, &r) // with splits
	} else {
		// Beyond the B up to which overflow buckets are counted exactly.
		live(0, 300000, 0, 230000, remaining/16, &r)
		live(1, 60000, 0, 0, remaining/20, &r)
	}
	for i := 0; remaining > 0; i++ {
		which := i % len(families)
		keys := sizes[r.below(len(sizes))]
		keys += r.below(keys)
		if keys > families[which].keys {
			keys = families[which].keys
		}
		live(which, keys, hints[r.below(len(hints))], 0, 6*keys+3000, &r)
	}
	out = append(out, 'E')
	flush()
}
