// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build truth_cgo
// +build truth_cgo

// Links C, as the builds with cgo want. Without any, Go 1.15 makes a static program
// by an external linker that traps as it starts.
package main

import "C"
