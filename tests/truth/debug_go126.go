// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.26 && !go1.27
// +build go1.26,!go1.27

// See debug_go123.go.
//
//go:debug default=go1.26
package main
