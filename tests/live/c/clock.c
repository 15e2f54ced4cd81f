/* SPDX-License-Identifier: Apache-2.0 */
/* Copyright The gomapd Authors */
/* To be preloaded: CLOCK_REALTIME jumps by some hours at each look, forth and back. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  static atomic_uint looks;
  const long error = syscall(SYS_clock_gettime, clock, now);

  if (error == 0 && clock == CLOCK_REALTIME)
    now->tv_sec += 3600L * (atomic_fetch_add(&looks, 1) * 7 % 13) - 6 * 3600L;
  return (int)error;
}
