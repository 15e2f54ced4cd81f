// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build !go1.18
// +build !go1.18

package main

func generic() {}
