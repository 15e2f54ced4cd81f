// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Assigns to maps at known rates from known lines, and tells how often it did.
//
//	assigner [-for SECONDS] WORKLOAD...
//
// Each workload runs in a goroutine of its own: "paced" assigns 100 times every
// millisecond, "hot" as fast as it can, "strings" and "wide" like paced with
// other types. No map grows. One line for each at the end:
// "name function line type assignments seconds".
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const keys = 64

type wide [3]uint64

type told struct {
	line        int
	assignments int
	seconds     float64
}

func here() int {
	_, _, line, _ := runtime.Caller(1)
	return line
}

// Calls `burst`, which assigns 100 times, once in a millisecond.
func pace(end time.Time, burst func()) int {
	bursts := 0
	begin := time.Now()
	for time.Now().Before(end) {
		// Held to the clock: a sleep that was too long is made up for.
		for due := int(time.Since(begin) / time.Millisecond); bursts < due; bursts++ {
			burst()
		}
		time.Sleep(time.Millisecond)
	}
	return 100 * bursts
}

//go:noinline
func paced(m map[uint64]int, end time.Time) told {
	line := here() + 3
	assignments := pace(end, func() {
		for i := uint64(0); i < 100; i++ {
			m[i%keys] = 1
		}
	})
	return told{line: line, assignments: assignments}
}

//go:noinline
func hot(m map[uint64]int, end time.Time) told {
	assignments := 0
	line := 0
	for time.Now().Before(end) {
		line = here() + 2
		for i := uint64(0); i < 10000; i++ {
			m[i%keys] = 1
		}
		assignments += 10000
	}
	return told{line: line, assignments: assignments}
}

//go:noinline
func texts(m map[string]int, names []string, end time.Time) told {
	line := here() + 3
	assignments := pace(end, func() {
		for i := 0; i < 100; i++ {
			m[names[i%keys]] = 1
		}
	})
	return told{line: line, assignments: assignments}
}

//go:noinline
func wides(m map[wide]int, end time.Time) told {
	line := here() + 3
	assignments := pace(end, func() {
		for i := uint64(0); i < 100; i++ {
			m[wide{i % keys}] = 1
		}
	})
	return told{line: line, assignments: assignments}
}

type workload struct {
	function, goType string
	run              func(end time.Time) told
}

func workloads() map[string]workload {
	names := make([]string, keys)
	for i := range names {
		names[i] = "key " + strconv.Itoa(i)
	}
	return map[string]workload{
		"paced": {"main.paced.func1", "map[uint64]int", func(end time.Time) told {
			return paced(make(map[uint64]int, 2*keys), end)
		}},
		"hot": {"main.hot", "map[uint64]int", func(end time.Time) told {
			return hot(make(map[uint64]int, 2*keys), end)
		}},
		"strings": {"main.texts.func1", "map[string]int", func(end time.Time) told {
			return texts(make(map[string]int, 2*keys), names, end)
		}},
		"wide": {"main.wides.func1", "map[main.wide]int", func(end time.Time) told {
			return wides(make(map[wide]int, 2*keys), end)
		}},
	}
}

func main() {
	seconds := flag.Float64("for", 3, "how long to work")
	wait := flag.Bool("wait", false, "say ready, and wait for a line")
	flag.Parse()
	all := workloads()
	if *wait {
		fmt.Println("ready")
		bufio.NewReader(os.Stdin).ReadString('\n')
	}
	begin := time.Now()
	end := begin.Add(time.Duration(*seconds * float64(time.Second)))
	results := make([]told, flag.NArg())
	var group sync.WaitGroup
	for i, name := range flag.Args() {
		group.Add(1)
		go func(i int, one workload) {
			defer group.Done()
			results[i] = one.run(end)
			results[i].seconds = time.Since(begin).Seconds()
		}(i, all[name])
	}
	group.Wait()
	for i, name := range flag.Args() {
		fmt.Println(name, all[name].function, results[i].line, all[name].goType,
			results[i].assignments, results[i].seconds)
	}
}
