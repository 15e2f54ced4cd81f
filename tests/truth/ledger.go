// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"reflect"
	"runtime"
	"sync"
	"unsafe"
)

// ledger counts the growths of one goroutine. All of it is slices, searched from
// the front: a map would grow, and would have to be counted.
type ledger struct {
	operations int
	byKind     [kinds]int
	byReason   [reasons]int
	types      []*typeCount
	sites      []*site
	pcs        []pcSite
	random     uint64
	sink       unsafe.Pointer
}

type typeCount struct {
	name                            string
	started, finished, finishedOnly int
}

// site is a line that assigns to a map.
type site struct {
	function, file string
	line           int
	typeName       string
	growths        int
	maps           int // distinct maps that grew here
	identities     int // the same, a map counted anew once its seed was drawn anew
	maxKeys        int
}

type pcSite struct {
	pc       uintptr
	typeName string
	site     *site
}

func newLedger(seed uint64) *ledger { return &ledger{random: seed} }

// next is splitmix64: the program does the same on every run.
func (l *ledger) next() uint64 {
	l.random += 0x9e3779b97f4a7c15
	z := l.random
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func (l *ledger) below(n int) int { return int(l.next() % uint64(n)) }

func (l *ledger) typeCount(name string) *typeCount {
	for _, t := range l.types {
		if t.name == name {
			return t
		}
	}
	t := &typeCount{name: name}
	l.types = append(l.types, t)
	return t
}

// site is that of the innermost of the frames, inlined ones included.
func (l *ledger) site(pcs []uintptr, typeName string) *site {
	for i := range l.pcs {
		if l.pcs[i].pc == pcs[0] && l.pcs[i].typeName == typeName {
			return l.pcs[i].site
		}
	}
	frame, _ := runtime.CallersFrames(pcs).Next()
	// The watch is told in the line after the assignment.
	s := l.siteAt(site{function: frame.Function, file: frame.File, line: frame.Line - 1, typeName: typeName})
	l.pcs = append(l.pcs, pcSite{pcs[0], typeName, s})
	return s
}

func (l *ledger) siteAt(want site) *site {
	for _, s := range l.sites {
		if s.function == want.function && s.line == want.line && s.typeName == want.typeName {
			return s
		}
	}
	want.growths, want.maps, want.identities, want.maxKeys = 0, 0, 0, 0
	l.sites = append(l.sites, &want)
	return &want
}

// total is what the ledgers of all goroutines that have ended come to.
var (
	total     = newLedger(0)
	totalLock sync.Mutex
)

func (l *ledger) close() {
	l.sink = nil
	totalLock.Lock()
	defer totalLock.Unlock()
	total.operations += l.operations
	for i, n := range l.byKind {
		total.byKind[i] += n
	}
	for i, n := range l.byReason {
		total.byReason[i] += n
	}
	for _, t := range l.types {
		sum := total.typeCount(t.name)
		sum.started += t.started
		sum.finished += t.finished
		sum.finishedOnly += t.finishedOnly
	}
	for _, s := range l.sites {
		sum := total.siteAt(*s)
		sum.growths += s.growths
		sum.maps += s.maps
		sum.identities += s.identities
		if s.maxKeys > sum.maxKeys {
			sum.maxKeys = s.maxKeys
		}
	}
}

// started checks that the counts agree with each other before they are told.
func (l *ledger) started() (started, finished, finishedOnly int) {
	for _, t := range l.types {
		if t.finished > t.started {
			fail(t.name + ": more growths finished than started")
		}
		started += t.started
		finished += t.finished
		finishedOnly += t.finishedOnly
	}
	ofKinds, ofReasons, ofSites := 0, 0, 0
	for _, n := range l.byKind {
		ofKinds += n
	}
	for _, n := range l.byReason {
		ofReasons += n
	}
	for _, s := range l.sites {
		ofSites += s.growths
		if s.maps > s.identities || s.identities > s.growths {
			fail(s.function + ": more maps than growths")
		}
	}
	if ofKinds != started || ofReasons != started || ofSites != started {
		fail("kinds, reasons, sites and types add up to different sums")
	}
	if design == "swiss" && (finished != started || finishedOnly != 0) {
		fail("a growth of a Swiss map is under way between two operations")
	}
	return started, finished, finishedOnly
}

func typeOf(value interface{}) reflect.Type { return reflect.TypeOf(value) }
