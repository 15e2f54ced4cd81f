// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

package main

import (
	"reflect"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"
)

// inParallel runs the work in n goroutines with a ledger each.
func inParallel(l *ledger, n int, work func(*ledger, int)) {
	var all sync.WaitGroup
	for i := 0; i < n; i++ {
		all.Add(1)
		go func(i int, seed uint64) {
			defer all.Done()
			own := newLedger(seed)
			work(own, i)
			own.close()
		}(i, l.next())
	}
	all.Wait()
}

// workGoroutines starts short-lived goroutines over and over, each of which
// grows maps deep in a fresh stack.
func workGoroutines(l *ledger) {
	for round := 0; round < 5; round += scale {
		inParallel(l, 200, func(own *ledger, i int) {
			descend(i%50, i%4, func() {
				families[(i+round)%len(families)].run(own, 0, 20+i%60)
			})
		})
	}
}

// workPreempt has more running threads than processors and keeps them busy, so
// that goroutines are preempted by the stack check wherever they are.
func workPreempt(l *ledger) {
	previous := runtime.GOMAXPROCS(4 * runtime.NumCPU())
	defer runtime.GOMAXPROCS(previous)
	inParallel(l, 16, func(own *ledger, i int) {
		for n := 0; n < 10; n += scale {
			families[(i+n)%5].run(own, 0, 3000)
			runtime.Gosched()
		}
	})
}

// workGC grows maps while the collector runs all the time: it scans, and thereby
// stops, each goroutine, and it shrinks stacks.
func workGC(l *ledger) {
	previous := debug.SetGCPercent(5)
	defer debug.SetGCPercent(previous)
	var stop int32
	var collector sync.WaitGroup
	collector.Add(1)
	go func() {
		defer collector.Done()
		for atomic.LoadInt32(&stop) == 0 {
			runtime.GC()
		}
	}()
	inParallel(l, 8, func(own *ledger, i int) {
		for n := 1; n < 120; n += scale {
			families[(i+n)%len(families)].run(own, 0, n)
			growOnStack(own, n)
		}
	})
	atomic.StoreInt32(&stop, 1)
	collector.Wait()
}

// workReflect makes map types that no compiler has seen, and assigns through
// package reflect.
func workReflect(l *ledger) {
	types := []reflect.Type{
		reflect.MapOf(reflect.TypeOf(int16(0)), reflect.TypeOf(pair{})),
		reflect.MapOf(reflect.TypeOf(""), reflect.TypeOf([3]uint8{})),
		intsType,
	}
	for _, typ := range types {
		for n := 1; n <= 60; n++ {
			growReflect(l, typ, n)
		}
	}
}

//go:noinline
func growReflect(l *ledger, typ reflect.Type, n int) {
	m := reflect.MakeMap(typ)
	var w watch
	w.onHeap(l, typ, unsafe.Pointer(m.Pointer()))
	zero := reflect.Zero(typ.Elem())
	for i := 0; i < n; i++ {
		key := reflect.New(typ.Key()).Elem()
		if key.Kind() == reflect.String {
			key.SetString(itoa(i))
		} else {
			key.SetInt(int64(i))
		}
		m.SetMapIndex(key, zero)
		w.assigned(l, unsafe.Pointer(m.Pointer()))
	}
	w.checkGrown(0, n)
}
