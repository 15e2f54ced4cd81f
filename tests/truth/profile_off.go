// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build !profile
// +build !profile

package main

func startProfile() {}
func stopProfile()  {}
