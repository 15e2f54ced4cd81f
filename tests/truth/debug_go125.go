// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build go1.25 && !go1.26
// +build go1.25,!go1.26

// See debug_go123.go.
//
//go:debug default=go1.25
package main
