// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.18
// +build go1.18

package main

//go:noinline
func put[K ~int](m map[K]int, k K) {
	m[k] = here()
}

func putInlined[K ~int](m map[K]int, k K) {
	m[k] = here()
}

//go:noinline
func putBy[K ~int, V any](m map[K]int, k K, _ V) {
	func() { putInlined(m, k) }()
}

type table[K ~int, V any] struct {
	m map[K]int
	v V
}

//go:noinline
func (t *table[K, V]) put(k K) { t.m[k] = here() }

//go:noinline
func (t table[K, V]) putDeferred(k K) {
	defer func() { t.m[k] = here() }()
}

type holds struct{ *table[key, []string] }

func generic() {
	grow(put[key])
	grow(putInlined[key])
	grow(func(m keyed, k key) { putBy(m, k, "text") })
	grow(func(m keyed, k key) { putBy(m, k, struct{ a []map[string]int }{}) })
	grow(func(m keyed, k key) { (&table[key, string]{m: m}).put(k) })
	grow(func(m keyed, k key) { table[key, *int]{m: m}.putDeferred(k) })
	grow(func(m keyed, k key) { holds{&table[key, []string]{m: m}}.put(k) })
	grow(func(m keyed, k key) {
		f := (&table[key, string]{m: m}).put
		f(k)
	})
}
