// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors

//go:build truth_cgo
// +build truth_cgo

package main

// #include <pthread.h>
// #include <stdint.h>
//
// extern void growInGo(int64_t round);
//
// static void call_go(int64_t round) { growInGo(round); }
//
// static void *thread_body(void *round) {
//	growInGo((intptr_t)round);
//	return NULL;
// }
//
// // A thread of C's own has no goroutine until it calls into Go. 0 when all went well.
// static int call_go_in_thread(int64_t round) {
//	pthread_t thread;
//	int failed = pthread_create(&thread, NULL, thread_body, (void *)(intptr_t)round);
//	return failed ? failed : pthread_join(thread, NULL);
// }
import "C"

func init() { workloads = append(workloads, workload{"callbacks", workCallbacks}) }

// callbackLedger is that of the callback under way; there is one at a time.
var callbackLedger *ledger

// workCallbacks grows maps in Go functions that C calls.
func workCallbacks(l *ledger) {
	callbackLedger = l
	for round := 0; round < 40; round += scale {
		C.call_go(C.int64_t(round))
		if C.call_go_in_thread(C.int64_t(round)) != 0 {
			fail("no thread for a callback")
		}
	}
}
