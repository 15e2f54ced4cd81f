// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#pragma once

#include "bpf/interface.h"

// The BPF programs' code for each machine, compiled for this one: native.c, twice.

#ifdef __cplusplus
extern "C" {
#endif

// What bpf/registers.bpf.h makes of a context, which is the kernel's saved registers.
struct seen {
  __u64 pc;
  __u64 sp;
  __u64 frame_pointer;
  __u64 link_register;
  __u64 first;
  __u64 second;
  __u64 third;
  __u64 g;
  __u64 branch_is_taken;
  __u64 numbered[32];
};

// The call stack, walked by frame and by the piece.
struct walked {
  struct gm_stack stack;
  __u64 hash;
  __u64 hash_by_pieces;  // 0: not all of them could be read
};

void see_amd64(const void* context, const struct gm_site* site, struct seen* seen);
void see_arm64(const void* context, const struct gm_site* site, struct seen* seen);
void walk_amd64(const void* context, const struct gm_site* site, struct walked* walked);
void walk_arm64(const void* context, const struct gm_site* site, struct walked* walked);

// What the kernel would do: gives up where [address, address + size) is not all in memory
// that the test has.
int read_target(void* to, __u32 size, __u64 address);

#ifdef __cplusplus
}
#endif
