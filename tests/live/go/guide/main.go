// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Writes a CPU profile in which the runtime's map growth is as hot as can be: a
// profile-guided build inlines it. What grows is chosen by the arguments: FILE
// KEYS TYPES, where each letter of TYPES is a type of keys.
package main

import (
	"log"
	"os"
	"runtime/pprof"
	"strconv"
	"time"
)

type point struct{ x, y, z int32 }

const most = 5000

var (
	names  [most]string
	points [most]*point
	sink   int
)

func fill[K comparable](n int, key func(int) K) {
	m := map[K]int{}
	for i := 0; i < n; i++ {
		m[key(i)] = i
	}
	sink += len(m)
}

func grow(kind rune, n int) {
	switch kind {
	case 's':
		fill(n, func(i int) string { return names[i] })
	case 'i':
		fill(n, func(i int) int { return i })
	case 'w':
		fill(n, func(i int) uint32 { return uint32(i) })
	case 'p':
		fill(n, func(i int) *point { return points[i] })
	case 't':
		fill(n, func(i int) point { return point{int32(i), 1, 2} })
	case 'a':
		fill(n, func(i int) interface{} { return names[i] })
	}
}

func main() {
	for i := range names {
		names[i] = strconv.Itoa(i * 7919)
		points[i] = &point{int32(i), 0, 0}
	}
	file, err := os.Create(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil || n > most {
		log.Fatal("KEYS: ", os.Args[2])
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		log.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 2*time.Second; {
		for _, kind := range os.Args[3] {
			for i := 0; i < 200; i++ {
				grow(kind, n)
			}
		}
	}
	pprof.StopCPUProfile()
}
