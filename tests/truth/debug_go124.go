// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.24 && !go1.25
// +build go1.24,!go1.25

// See debug_go123.go.
//
//go:debug default=go1.24
package main
