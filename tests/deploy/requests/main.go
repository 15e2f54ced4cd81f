// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// Command requests is a service that makes a map for each request, without a hint,
// and writes hundreds of entries into it: once it gets busy, a growth storm. It asks
// itself over loopback, ten times a second when it is calm, a thousand times when not.
//
// It prints "ready", and waits. Bytes on standard input: 'c' calm, 's' storm, 'x' (or
// the end) stop, and a second time exit. In between it tells as one line of JSON how
// many of its writes made a map grow, by the map's own header before and after each,
// and how long writes took. It needs Swiss maps: there a growth is over when the write
// returns, so that no growth can have taken longer than its write.
//
// `requests -bytes` only prints how many bytes the growths of one request take.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"
)

const (
	entries  = 400 // of a request's map: of one table, which is never split
	calmly   = 100 * time.Millisecond
	stormily = time.Millisecond
)

type entry struct{ value, more int }

// durations counts writes by how long they took: [i] those of at most 125<<i ns that
// no earlier one holds, the last one the rest. 125<<3 and every second one from there
// are bounds of gomapd's histogram, too.
type durations struct {
	counts [30]int
	sum    time.Duration
}

func (d *durations) add(took time.Duration) {
	i := 0
	for i < len(d.counts)-1 && took > 125<<i {
		i++
	}
	d.counts[i]++
	d.sum += took
}

func (d *durations) json() string {
	counts := strings.Join(strings.Fields(fmt.Sprint(d.counts)), ",")
	return fmt.Sprintf(`{"counts":%s,"sum_ns":%d}`, counts, d.sum.Nanoseconds())
}

type service struct {
	requests, toTable, doubled int
	grew, others               durations
}

// swissMap is the head of maps.Map: go1.24 to go1.27 src/internal/runtime/maps/map.go.
type swissMap struct {
	used   uint64
	seed   uintptr
	dirPtr *unsafe.Pointer
	dirLen int
}

// table is the map's only table; nil while the map is small.
func table(m map[uint64]entry) unsafe.Pointer {
	head := *(**swissMap)(unsafe.Pointer(&m))
	if head.dirLen == 0 {
		return nil
	}
	return *head.dirPtr
}

func (s *service) serve(request uint64) {
	index := map[uint64]entry{}
	last := table(index) // alive, so that no new one can have its address
	for i := uint64(0); i < entries; i++ {
		key := (request*entries + i) * 0x9e3779b97f4a7c15
		began := time.Now()
		index[key] = entry{value: int(i)}
		took := time.Since(began)
		s.count(took, last, table(index))
		last = table(index)
	}
	s.requests++
}

// bytesOfARequest is what the growths of one request take from the heap, by the
// allocator's own count: the least of some, as the runtime now and then takes some
// for itself.
func bytesOfARequest() uint64 {
	least := bytesOfGrowths()
	for i := 0; i < 20; i++ {
		if sum := bytesOfGrowths(); sum < least {
			least = sum
		}
	}
	return least
}

func bytesOfGrowths() (sum uint64) {
	index := map[uint64]entry{}
	var before, after runtime.MemStats
	for i := uint64(0); i < entries; i++ {
		last := table(index)
		runtime.ReadMemStats(&before)
		index[i*0x9e3779b97f4a7c15] = entry{value: int(i)}
		runtime.ReadMemStats(&after)
		if table(index) != last {
			sum += after.TotalAlloc - before.TotalAlloc
		}
		runtime.KeepAlive(last)
	}
	return sum
}

func (s *service) count(took time.Duration, before, after unsafe.Pointer) {
	switch {
	case after == before:
		s.others.add(took)
		return
	case before == nil:
		s.toTable++
	default:
		s.doubled++
	}
	s.grew.add(took)
}

// listen answers each byte of one client, until that goes.
func (s *service) listen(listener net.Listener, over chan<- struct{}) {
	defer close(over)
	client, err := listener.Accept()
	check(err)
	one := make([]byte, 1)
	for request := uint64(0); ; request++ {
		if _, err := client.Read(one); err != nil {
			return
		}
		s.serve(request)
		_, err := client.Write(one)
		check(err)
	}
}

func ask(server net.Conn) {
	one := make([]byte, 1)
	_, err := server.Write(one)
	check(err)
	_, err = server.Read(one)
	check(err)
}

// orders passes standard input on; 'x' comes last.
func orders(to chan<- byte) {
	one := make([]byte, 1)
	for {
		if n, err := os.Stdin.Read(one); n == 0 || err != nil {
			one[0] = 'x'
		}
		to <- one[0]
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-bytes" {
		fmt.Println(bytesOfARequest())
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	var s service
	over := make(chan struct{})
	go s.listen(listener, over)
	server, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	commands := make(chan byte)
	go orders(commands)
	fmt.Println("ready")

	ticker := time.NewTicker(time.Hour)
	for command := byte('c'); command != 'x'; {
		select {
		case command = <-commands:
			if command == 's' {
				ticker.Reset(stormily)
			} else {
				ticker.Reset(calmly)
			}
		case <-ticker.C:
			ask(server)
		}
	}
	check(server.Close())
	<-over
	fmt.Printf(`{"requests":%d,"by_kind":{"to_table":%d,"table_double":%d},"grew":%s,"others":%s}`+"\n",
		s.requests, s.toTable, s.doubled, s.grew.json(), s.others.json())
	<-commands // hold, until standard input ends or says so
}
