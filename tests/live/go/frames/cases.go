// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"reflect"
	"sync"
)

//go:noinline
func plain(m keyed, k key) {
	m[k] = here()
}

// A call costs 57 of the 80 that a function may cost to be inlined: each of
// these holds no more than the next.
func inner(m keyed, k key) {
	m[k] = here()
}

func middle(m keyed, k key) {
	inner(m, k)
}

func outer(m keyed, k key) {
	middle(m, k)
}

//go:noinline
func inlined(m keyed, k key) {
	if k%2 == 0 {
		outer(m, k)
	} else {
		middle(m, k)
	}
}

var stored func(keyed, key)

var atPackageLevel = func() int {
	grow(func(m keyed, k key) { m[k] = here() })
	return 1
}()

func init() {
	grow(plain)
}

func init() {
	grow(func(m keyed, k key) { outer(m, k) })
}

//go:noinline
func onStack() {
	m := make(keyed)
	for k := key(0); k < 30; k++ {
		before := shapeOf(m)
		inner(m, k)
		if shapeOf(m) != before {
			record(nil)
		}
	}
}

func calls() {
	grow(plain)
	grow(inlined)
	grow(outer)
	onStack()
	grow(func(m keyed, k key) {
		func() {
			func() { m[k] = here() }()
		}()
	})
	stored = func(m keyed, k key) { outer(m, k) }
	grow(func(m keyed, k key) { stored(m, k) })
	grow(func(m keyed, k key) {
		f := func() { m[k] += here() }
		f()
	})
}

type value struct{ a, b, c int }

//go:noinline
func (v value) put(m keyed, k key) { m[k] = here() }

type pointer struct{ a int }

//go:noinline
func (p *pointer) put(m keyed, k key) { m[k] = here() }

type inlinable struct{}

func (inlinable) put(m keyed, k key) { m[k] = here() }

type putter interface{ put(keyed, key) }

type embeds struct {
	a int
	value
}
type embedsPointer struct {
	a int
	*pointer
}
type embedsInterface struct {
	a int
	putter
}

//go:noinline
func through(p putter, m keyed, k key) {
	p.put(m, k)
}

func methods() {
	v, p := value{}, &pointer{}
	grow(v.put)
	grow(p.put)
	grow(func(m keyed, k key) { value.put(v, m, k) })
	grow(func(m keyed, k key) { (*pointer).put(p, m, k) })
	for _, one := range []putter{
		v, &v, p, inlinable{}, &inlinable{}, embeds{}, &embeds{}, embedsPointer{1, p},
		&embedsPointer{1, p}, embedsInterface{1, v}, &embedsInterface{1, &embeds{}},
	} {
		one := one
		grow(one.put)
		grow(func(m keyed, k key) { through(one, m, k) })
	}
}

//go:noinline
func deferLoop(m keyed, k key) {
	for i := 0; i < 1; i++ {
		defer plain(m, k)
	}
}

//go:noinline
func deferPanic(m keyed, k key) {
	defer func() {
		m[k] = here()
		recover()
	}()
	panic("expected")
}

//go:noinline
func deferFault(m keyed, k key) {
	defer func() {
		outer(m, k)
		recover()
	}()
	var nothing *int
	*nothing = 1
}

// The call of a nil pointer's value method panics in its wrapper.
//
//go:noinline
func deferPanicWrap(m keyed, k key) {
	defer func() {
		m[k] = here()
		recover()
	}()
	var nothing *value
	through(nothing, m, k)
}

func deferred() {
	grow(func(m keyed, k key) { defer plain(m, k) })
	grow(func(m keyed, k key) { defer outer(m, k) })
	grow(func(m keyed, k key) { defer func() { m[k] = here() }() })
	grow(func(m keyed, k key) { defer through(embeds{}, m, k) })
	grow(deferLoop)
	grow(deferPanic)
	grow(deferFault)
	grow(deferPanicWrap)
}

//go:noinline
func entry(m keyed, k key, done chan<- bool) {
	m[k] = here()
	done <- true
}

type job struct {
	m    keyed
	k    key
	done chan<- bool
}

func (j *job) run() {
	j.m[j.k] = here()
	j.done <- true
}

func goroutines() {
	done := make(chan bool)
	grow(func(m keyed, k key) {
		go entry(m, k, done)
		<-done
	})
	grow(func(m keyed, k key) {
		go func() {
			outer(m, k)
			done <- true
		}()
		<-done
	})
	grow(func(m keyed, k key) {
		go (&job{m, k, done}).run()
		<-done
	})
}

//go:noinline
func recurse(m keyed, k key, levels int) int {
	if levels == 0 {
		m[k] = here()
		return 0
	}
	return recurse(m, k, levels-1) + 1
}

func recursive() {
	for _, levels := range []int{1, 10, 40, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 100} {
		levels := levels
		grow(func(m keyed, k key) { recurse(m, k, levels) })
	}
}

func library() {
	grow(func(m keyed, k key) {
		var once sync.Once
		once.Do(func() { m[k] = here() })
	})
	grow(func(m keyed, k key) {
		reflect.ValueOf(plain).Call([]reflect.Value{reflect.ValueOf(m), reflect.ValueOf(k)})
	})
	grow(func(m keyed, k key) {
		reflect.ValueOf(m).SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(here()))
	}, "reflect.Value.SetMapIndex")
}
