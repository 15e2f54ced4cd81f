// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
//
// The code that the BPF programs are made of, as a native function or two: compiled
// once for each machine whose registers it may read (__TARGET_ARCH_x86, _arm64).
#include "tests/unit/bpf/native.h"

#include "bpf/vmlinux.h"

// What <bpf/bpf_helpers.h> has, as far as it is called.
#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) value* name
#undef __always_inline
#define __always_inline inline __attribute__((always_inline, unused))
#define bpf_probe_read_user(to, size, from) read_target(to, size, (__u64)(from))
#define BPF_CORE_READ(from, field) ((from)->field)

void* bpf_map_lookup_elem(void* table, const void* key);
long bpf_map_update_elem(void* table, const void* key, const void* value, __u64 flags);
long bpf_tail_call(void* ctx, void* table, __u32 index);
__u64 bpf_get_attach_cookie(void* ctx);
__u64 bpf_get_current_pid_tgid(void);
long bpf_get_ns_current_pid_tgid(__u64 device, __u64 inode, struct bpf_pidns_info* to, __u32 size);

static struct task_struct current_task = {.thread = {.fsbase = 0x1000}};
static __u64 bpf_get_current_task(void) {
  return (__u64)&current_task;
}

// Each needs those before it.
#include "bpf/common.bpf.h"

#include "bpf/target.bpf.h"

#include "bpf/stack.bpf.h"

#ifdef __TARGET_ARCH_arm64
#define NAME(name) name##_arm64
#else
#define NAME(name) name##_amd64
#endif

void NAME(see)(const void* context, const struct gm_site* site, struct seen* seen) {
  const struct pt_regs* ctx = context;

  seen->pc = gm_pc(ctx);
  seen->sp = gm_sp(ctx);
  seen->frame_pointer = gm_frame_pointer(ctx);
  seen->link_register = gm_link_register(ctx);
  seen->first = gm_first_argument(ctx);
  seen->second = gm_second_argument(ctx);
  seen->third = gm_third_argument(ctx);
  seen->g = gm_current_g(ctx, site);
  seen->branch_is_taken = gm_branch_is_taken(ctx);
  for (__u8 i = 0; i < 32; i++) seen->numbered[i] = gm_register(ctx, i);
}

void NAME(walk)(const void* context, const struct gm_site* site, struct walked* walked) {
  const struct gm_hit hit = {.site = site, .bias = 0};
  struct gm_piece piece = {};
  struct gm_walk walk;

  gm_walk_frames(context, &hit, &walk, &walked->stack);
  walked->stack.count = walk.count;
  walked->hash = walk.hash;
  walked->hash_by_pieces = gm_walk_pieces(context, &hit, &piece, &walk) ? walk.hash : 0;
}
