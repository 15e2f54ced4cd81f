// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Builds maps when told to, times itself, and knows how often they grew: by their
// headers, looked at after each map is done. Reads one command a line and answers each
// by one line of JSON:
//
//	run KEYS MAPS           build MAPS maps of KEYS keys, one after the other
//	parallel KEYS MAPS N    the same in N goroutines, MAPS maps each
//	storm KEYS              from now on, in a goroutine of its own
//	progress                what the storm has done so far
//	stop                    end the storm
//
// It does nothing while it waits: then it is an idle Go process.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

type table = map[uint64]uint64

// truth is what maps have been through: all growths, those of them that are calls of
// Swiss rehash, and old buckets that moved.
type truth struct {
	Growths    uint64 `json:"growths"`
	Rehashes   uint64 `json:"rehashes"`
	Moved      uint64 `json:"moved"`
	Unfinished uint64 `json:"unfinished"` // growths: their buckets are not all moved
}

func (t *truth) add(other truth) {
	t.Growths += other.Growths
	t.Rehashes += other.Rehashes
	t.Moved += other.Moved
	t.Unfinished += other.Unfinished
}

type answer struct {
	truth
	Inserts uint64 `json:"inserts"`
	Maps    uint64 `json:"maps"`
	CPU     int64  `json:"cpu_ns"`  // of the thread; of a parallel run, the process
	Wall    int64  `json:"wall_ns"` // of the storm: CLOCK_REALTIME
}

// clock_gettime(2): CLOCK_PROCESS_CPUTIME_ID and CLOCK_THREAD_CPUTIME_ID.
const processClock, threadClock = 2, 3

func cpuTime(clock uintptr) int64 {
	var t syscall.Timespec
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		panic(e)
	}
	return t.Nano()
}

//go:noinline
func build(keys uint64) table {
	m := table{}
	for k := uint64(0); k < keys; k++ {
		m[k] = k
	}
	return m
}

func buildAll(keys uint64, maps uint64) (sum truth) {
	for i := uint64(0); i < maps; i++ {
		sum.add(truthOf(build(keys)))
	}
	return sum
}

func timed(clock uintptr, keys, maps, goroutines uint64, work func() truth) answer {
	runtime.GC() // what others left is not ours to sweep
	began, cpu := time.Now(), cpuTime(clock)
	sum := work()
	a := answer{truth: sum, Inserts: keys * maps * goroutines, Maps: maps * goroutines}
	a.CPU, a.Wall = cpuTime(clock)-cpu, int64(time.Since(began))
	return a
}

func inParallel(keys, maps, goroutines uint64) (sum truth) {
	var lock sync.Mutex
	var all sync.WaitGroup
	for i := uint64(0); i < goroutines; i++ {
		all.Add(1)
		go func() {
			own := buildAll(keys, maps)
			lock.Lock()
			sum.add(own)
			lock.Unlock()
			all.Done()
		}()
	}
	all.Wait()
	return sum
}

// The storm's counters: written by its goroutine alone.
var stormMaps, stormGrowths, stormKeys atomic.Uint64
var storming atomic.Bool

func storm(keys uint64) {
	stormKeys.Store(keys)
	for storming.Load() {
		t := truthOf(build(keys))
		stormGrowths.Add(t.Growths)
		stormMaps.Add(1)
	}
}

func progress() answer {
	a := answer{Maps: stormMaps.Load()}
	a.Growths = stormGrowths.Load()
	a.Inserts = a.Maps * stormKeys.Load()
	a.CPU, a.Wall = cpuTime(processClock), time.Now().UnixNano()
	return a
}

func obey(command string, keys, maps, goroutines uint64) answer {
	switch command {
	case "run":
		return timed(threadClock, keys, maps, 1, func() truth { return buildAll(keys, maps) })
	case "parallel":
		return timed(processClock, keys, maps, goroutines,
			func() truth { return inParallel(keys, maps, goroutines) })
	case "storm":
		storming.Store(true)
		go storm(keys)
	case "stop":
		storming.Store(false)
	case "progress":
	default:
		fmt.Fprintln(os.Stderr, "no such command:", command)
		os.Exit(2)
	}
	return progress()
}

func main() {
	runtime.LockOSThread() // so that a run's thread clock is its own
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var command string
		var keys, maps, goroutines uint64
		fmt.Sscan(lines.Text(), &command, &keys, &maps, &goroutines)
		text, err := json.Marshal(obey(command, keys, maps, goroutines))
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}
}
