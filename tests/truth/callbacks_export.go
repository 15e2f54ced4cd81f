// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build truth_cgo
// +build truth_cgo

package main

// #include <stdint.h>
import "C"

// growInGo has a file of its own: what is exported may stand beside
// declarations of C only, not beside definitions.
//
//export growInGo
func growInGo(round C.int64_t) {
	families[int(round)%len(families)].run(callbackLedger, 0, 20+int(round))
	growOnStack(callbackLedger, 20)
}
