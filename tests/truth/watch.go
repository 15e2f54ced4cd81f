// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"reflect"
	"runtime"
	"unsafe"
)

type operation int

const (
	opAssign operation = iota
	opDelete
	opClear
)

const (
	kindDouble = iota
	kindSameSize
	kindToTable
	kindTableDouble
	kindSplit
	kinds
)

var kindNames = [kinds]string{"double", "same_size", "to_table", "table_double", "split"}

const (
	reasonLoad = iota
	reasonOverflow
	reasonTombstones
	reasons
)

var reasonNames = [reasons]string{"load_factor", "overflow", "tombstones"}

// change is what one operation did to a map.
type change struct {
	started       bool
	kind, reason  int
	keys          int  // in the map before the growth
	ownFinished   bool // the growth that started was over at the return
	olderFinished bool // a growth that started earlier was finished
	dropped       bool // a growth was ended by clear, which moves nothing
}

// watch follows one map. It is told of each operation and never holds the map
// itself, so that it does not make the map escape to the heap.
type watch struct {
	typ     reflect.Type
	state   state
	early   bool // the growth under way began before the counting did
	growths int
	seen    []identity
}

// identity is what a tracer outside can know a map by, and where it grew.
type identity struct {
	site *site
	seed uint64
}

// header is the runtime's map header, given the address of a map variable.
func header(m unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(m) }

// onHeap begins to follow a map and makes it escape.
func (w *watch) onHeap(l *ledger, typ reflect.Type, p unsafe.Pointer) {
	l.sink = p
	w.open(typ, p)
}

func (w *watch) open(typ reflect.Type, p unsafe.Pointer) {
	w.typ = typ
	w.state.look(p)
}

// assigned is called in the line after the assignment: sites are told apart by
// their line.
//
//go:noinline
func (w *watch) assigned(l *ledger, p unsafe.Pointer) {
	l.operations++
	if c := w.state.step(p, opAssign); c.started || c.olderFinished {
		w.record(l, p, c)
	}
}

func (w *watch) deleted(l *ledger, p unsafe.Pointer) { w.other(l, p, opDelete) }
func (w *watch) cleared(l *ledger, p unsafe.Pointer) { w.other(l, p, opClear) }

//go:noinline
func (w *watch) other(l *ledger, p unsafe.Pointer, op operation) {
	l.operations++
	if c := w.state.step(p, op); c.olderFinished || c.dropped {
		w.record(l, p, c)
	}
}

//go:noinline
func (w *watch) record(l *ledger, p unsafe.Pointer, c change) {
	t := l.typeCount(w.typ.String())
	if c.olderFinished {
		if w.early {
			t.finishedOnly++
		} else {
			t.finished++
		}
	}
	if c.olderFinished || c.dropped {
		w.early = false
	}
	if !c.started {
		return
	}
	w.growths++
	t.started++
	if c.ownFinished {
		t.finished++
	}
	l.byKind[c.kind]++
	l.byReason[c.reason]++

	var pcs [8]uintptr
	s := l.site(pcs[:runtime.Callers(3, pcs[:])], t.name)
	s.growths++
	if c.keys > s.maxKeys {
		s.maxKeys = c.keys
	}
	id := identity{s, seedOf(p)}
	known, here := false, false
	for _, other := range w.seen {
		known = known || other == id
		here = here || other.site == s
	}
	if !here {
		s.maps++
	}
	if !known {
		s.identities++
		w.seen = append(w.seen, id)
	}
}

// startCounting forgets what was counted of this map so far.
func (w *watch) startCounting() {
	w.early = w.state.growing()
	w.growths = 0
	w.seen = nil
}
