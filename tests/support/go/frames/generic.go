// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.18
// +build go1.18

package main

func apply[T any](value T, do func(T)) {
	do(value)
}

type stack[T any] struct{ values []T }

//go:noinline
func (s *stack[T]) push(value T) {
	s.values = append(s.values, value)
	middle()
}

func generic() {
	apply(1, func(int) { outer() })
	new(stack[string]).push("x")
}
