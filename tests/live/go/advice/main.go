// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Makes maps at several places, each with a hint from the command line
// ("fixed=112"), and prints for each place what Go's allocator gave out meanwhile.
// "forever" runs that place alone.
package main

import (
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Maps that are stored here live on the heap, whatever the compiler sees.
var sink map[int]int
var values url.Values

// The places assign by themselves: the line that makes a map grow is theirs.

//go:noinline
func fixed(hint int) {
	for n := 0; n < 300; n++ {
		sink = make(map[int]int, hint)
		for i := 0; i < 100; i++ {
			sink[i*7919+n] = i
		}
	}
}

// 200 to 893 keys, evenly.
//
//go:noinline
func varied(hint int) {
	for n := 0; n < 100; n++ {
		sink = make(map[int]int, hint)
		for i := 0; i < 200+n*7; i++ {
			sink[i*7919+n] = i
		}
	}
}

//go:noinline
func large(hint int) {
	for n := 0; n < 30; n++ {
		sink = make(map[int]int, hint)
		for i := 0; i < 5000+n; i++ {
			sink[i*7919+n] = i
		}
	}
}

// Most are small, one in five is large.
//
//go:noinline
func spread(hint int) {
	for n := 0; n < 100; n++ {
		keys := 10
		if n%5 == 0 {
			keys = 3000
		}
		sink = make(map[int]int, hint)
		for i := 0; i < keys; i++ {
			sink[i*7919+n] = i
		}
	}
}

// Ninety keys at a time: each new one displaces the oldest.
//
//go:noinline
func window(hint int) {
	sink = make(map[int]int, hint)
	for i := 0; i < 60000; i++ {
		sink[i*7919] = i
		delete(sink, (i-90)*7919)
	}
}

//go:noinline
func small(hint int) {
	for n := 0; n < 300; n++ {
		sink = make(map[int]int, hint)
		for i := 0; i < 8; i++ {
			sink[i*7919+n] = i
		}
	}
}

//go:noinline
func once(hint int) {
	sink = make(map[int]int, hint)
	for i := 0; i < 30; i++ {
		sink[i*7919] = i
	}
}

// The map is ours, but net/url assigns to it.
//
//go:noinline
func ofGo(hint int) {
	for n := 0; n < 100; n++ {
		values = make(url.Values, hint)
		for i := 0; i < 40; i++ {
			values.Add(strconv.Itoa(i), "")
		}
	}
}

//go:noinline
func forever(hint int) {
	sink = make(map[int]int, hint)
	key := 0
	for start := time.Now(); time.Since(start) < 3*time.Second; time.Sleep(time.Millisecond) {
		for i := 0; i < 20; i++ {
			sink[key*7919] = i
			key++
		}
	}
}

var places = []struct {
	name string
	run  func(hint int)
}{
	{"fixed", fixed}, {"varied", varied}, {"large", large}, {"spread", spread},
	{"window", window}, {"small", small}, {"once", once}, {"ofGo", ofGo},
}

func totalAlloc() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

func main() {
	hints := map[string]int{}
	for _, argument := range os.Args[1:] {
		if argument == "forever" {
			forever(0)
			return
		}
		if at := strings.Index(argument, "="); at > 0 {
			hints[argument[:at]], _ = strconv.Atoi(argument[at+1:])
		}
	}
	for _, place := range places {
		before := totalAlloc()
		place.run(hints[place.name])
		fmt.Println(place.name, totalAlloc()-before)
	}
}
