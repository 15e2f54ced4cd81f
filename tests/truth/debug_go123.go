// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.23 && !go1.24
// +build go1.23,!go1.24

// Without a module the compiler assumes an old Go version, whose settings the
// runtime parses into maps before main: ask for the toolchain's own.
//
//go:debug default=go1.23
package main
