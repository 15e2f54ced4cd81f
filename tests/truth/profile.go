// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build profile
// +build profile

package main

import (
	"os"
	"runtime/pprof"
)

// Built with this tag the program writes a CPU profile of itself, cpu.pprof in
// its working folder, for a profile-guided build of it. What it counts is then
// not all that grows: package pprof has maps of its own.
func startProfile() {
	file, err := os.Create("cpu.pprof")
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fail(err.Error())
	}
}

func stopProfile() { pprof.StopCPUProfile() }
