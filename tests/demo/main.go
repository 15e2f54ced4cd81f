// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// A small service in miniature whose maps grow the way real ones do: an index
// that is built anew for every request, a session table that only ever grows,
// and a cache whose entries come and go.
package main

import (
	"fmt"
	"os"
	"time"
)

type session struct {
	user  string
	since time.Time
}

// handleRequest makes a map without a hint although it knows its size: the
// growth that a trace should find first.
func handleRequest(fields int) int {
	index := map[string]int{}
	for i := 0; i < fields; i++ {
		index[fmt.Sprintf("field-%d", i)] = i
	}
	return len(index)
}

type sessionTable struct {
	byToken map[uint64]*session
	next    uint64
}

// login never forgets a session: its map only grows.
func (t *sessionTable) login(user string) {
	t.next++
	t.byToken[t.next*0x9e3779b97f4a7c15] = &session{user: user, since: time.Now()}
}

type cache map[[2]uint32]string

// refresh replaces old entries by new ones: the map's size stays, its slots
// wear out.
func (c cache) refresh(generation uint32) {
	for key := uint32(0); key < 400; key++ {
		delete(c, [2]uint32{generation - 1, key})
		c[[2]uint32{generation, key}] = "value"
	}
}

func main() {
	stop := time.Now().Add(time.Minute) // never for ever, whatever happens to the tracer
	sessions := &sessionTable{byToken: make(map[uint64]*session)}
	entries := cache{}
	total := 0
	for generation := uint32(1); time.Now().Before(stop); generation++ {
		for request := 0; request < 20; request++ {
			total += handleRequest(100)
			sessions.login("user")
		}
		entries.refresh(generation)
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Fprintln(os.Stderr, total)
}
