// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build !go1.23
// +build !go1.23

package main

func ranges() {}
