// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

// A shop in miniature, to be looked at through the page: maps made for every request,
// and one that only grows, slowly enough to be seen moving. It ends with its standard
// input, or after two minutes.
package main

import (
	"fmt"
	"os"
	"time"
)

type sku [2]uint32

type price struct{ cents, tax int }

// parseForm knows its size and does not say so.
func parseForm(fields int) map[string][]string {
	form := map[string][]string{}
	for i := 0; i < fields; i++ {
		form[fmt.Sprintf("field-%d", i)] = nil
	}
	return form
}

type pricer struct{ total int }

func (p *pricer) index(items int) {
	prices := map[sku]price{}
	for i := 0; i < items; i++ {
		prices[sku{uint32(i), 7}] = price{i, 1}
	}
	p.total += len(prices)
}

type cart struct {
	items map[uint64]*price
	next  uint64
}

// put never forgets an item.
func (c *cart) put() {
	c.next++
	c.items[c.next*0x9e3779b97f4a7c15] = &price{}
}

// Not on a goroutine's stack, where nobody could watch it.
var items = &cart{items: map[uint64]*price{}}

func order(p *pricer, fields int) {
	parseForm(fields)
	p.index(3 * fields)
}

func main() {
	ended := make(chan error)
	go func() {
		_, err := os.Stdin.Read(make([]byte, 1))
		ended <- err
	}()
	fmt.Println("ready")
	p := &pricer{}
	for begin, requests := time.Now(), 0; time.Since(begin) < 2*time.Minute; requests++ {
		order(p, 20+requests%50)
		// About 20,000 a second: a migration of 16,384 buckets takes a second or so.
		for i := 0; i < 200; i++ {
			items.put()
		}
		select {
		case <-ended:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}
