// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Copyright The gomapd Authors
/*
 * Counts map assignments while a window is open. An object of its own: it is
 * loaded only where assignments are asked for, and its probes come and go
 * without touching those of the growths.
 *
 * hits = filtered + branch taken + no site + fault + uncounted + counted, and
 * counted = the sum of all rows.
 */
#include "bpf/vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/interface.h"
#include "bpf/common.bpf.h"
#include "bpf/target.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* User space empties these after each window. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct gm_assign_key);
	__type(value, struct gm_assign);
} gm_assigns SEC(".maps");

/* The same without the map's address, once gm_assigns is full. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct gm_assign_key);
	__type(value, struct gm_assign);
} gm_assigns_rest SEC(".maps");

/* By thread id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct gm_assign_thread);
} gm_assign_threads SEC(".maps");

/* Only the thread itself comes here with its id, so nothing is atomic. */
static __always_inline void gm_note_pace(__u32 tid, __u64 now)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct gm_assign_thread *thread = bpf_map_lookup_elem(&gm_assign_threads, &tid);
	__u64 switches = BPF_CORE_READ(task, nvcsw) + BPF_CORE_READ(task, nivcsw);
	struct gm_assign_thread first = {};

	if (!thread) {
		first.last_ns = now;
		first.switches = switches;
		if (bpf_map_update_elem(&gm_assign_threads, &tid, &first, BPF_ANY))
			gm_count(GM_STAT_THREADS_FULL);
		return;
	}
	if (thread->switches == switches) {
		thread->gaps++;
		thread->gap_ns += now - thread->last_ns;
	}
	thread->last_ns = now;
	thread->switches = switches;
}

/* The return address of the function that the site lies in. */
static __always_inline int gm_caller(const struct pt_regs *ctx, const struct gm_site *site,
				     __u64 *caller)
{
	if (GM_HAS_LINK_REGISTER && !site->frame_linked) {
		*caller = gm_link_register(ctx);
		return 0;
	}
	return gm_read(caller, sizeof(*caller),
		       site->frame_linked ? gm_frame_pointer(ctx) + 8 : gm_sp(ctx));
}

static __always_inline struct gm_assign *gm_assign_in(void *table, const struct gm_assign_key *key,
						      const struct gm_hit *hit)
{
	struct gm_assign *row = bpf_map_lookup_elem(table, key);
	struct gm_goroutine goroutine = {};
	struct gm_assign empty = {};

	if (row)
		return row;
	/* A map that moves with a stack has no address to be found at later. */
	gm_read_goroutine(hit, &goroutine);
	if (gm_on_stack(&goroutine, key->go_map))
		empty.flags = GM_FLAG_ON_STACK;
	empty.bias = hit->bias;
	empty.binary = hit->site->binary;
	bpf_map_update_elem(table, key, &empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(table, key);
}

SEC("uprobe.multi")
int gm_assigned(struct pt_regs *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct gm_arguments arguments = {};
	struct gm_assign_key key = {};
	struct gm_hit hit = {};
	struct gm_assign *row;
	__u64 header[2] = {};
	__u64 caller = 0;

	if (!gm_accept(ctx, GM_STAT_HITS_ASSIGN, &hit))
		return 0;
	/* An assignment to a nil map panics: there is nothing to read. */
	if (gm_read_arguments(ctx, hit.site, &arguments) ||
	    gm_read(header, sizeof(header), arguments.second) ||
	    gm_caller(ctx, hit.site, &caller)) {
		gm_count(GM_STAT_FAULT);
		return 0;
	}
	gm_note_pace(hit.tid, now);
	key.type = arguments.first - hit.bias;
	key.caller = caller - hit.bias;
	key.go_map = arguments.second;
	/* go1.24 internal/runtime/maps/map.go: Map.seed is the second word;
	 * go1.15 to go1.25 runtime/map.go: hmap.hash0 the upper half of it. */
	key.seed = hit.site->role == GM_ROLE_SWISS_ASSIGN ? header[1] : header[1] >> 32;
	key.tgid = hit.tgid;
	key.tid = hit.tid;
	row = gm_assign_in(&gm_assigns, &key, &hit);
	if (!row) {
		gm_count(GM_STAT_ASSIGNS_FULL);
		key.go_map = 0;
		key.seed = 0;
		row = gm_assign_in(&gm_assigns_rest, &key, &hit);
	}
	if (!row) {
		gm_count(GM_STAT_UNCOUNTED);
		return 0;
	}
	row->hits++;
	gm_count(GM_STAT_COUNTED);
	return 0;
}
