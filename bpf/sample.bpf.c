// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Copyright The gomapd Authors
/*
 * Counts starts of growths while a window is open, for programs in which every
 * growth would cost too much to look at. An object of its own: its probes come
 * and go without touching those that count exactly. Every start is counted by
 * process; what grew where, of one in GM_SAMPLE_DESCRIBED.
 *
 * In some windows starts have an echo: a second probe, the next instruction that the
 * kernel emulates. From the one hit to the other the program does next to nothing
 * of its own, so the time that passes is what a hit costs it.
 *
 * hits = filtered + branch taken + no site + uncounted + counted; a described
 * one that can't be read is counted all the same, and a fault.
 */
#include "bpf/vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/interface.h"
#include "bpf/common.bpf.h"
#include "bpf/target.bpf.h"
#include "bpf/stack.bpf.h"
#include "bpf/describe.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* By process. User space empties both tables after each window. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct gm_sampled);
} gm_sampled_counts SEC(".maps");

/* What of them was described. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct gm_counter_key);
	__type(value, struct gm_sample);
} gm_samples SEC(".maps");

/* The start that was hit last on this CPU, in a window with echoes. */
struct gm_started {
	__u64 at_ns;
	__u64 thread; /* 0: it has had its echo */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gm_started);
} gm_last_start SEC(".maps");

/* Set while starts have echoes: only then is the clock read. */
__u32 gm_echoing;
/* What takes longer was interrupted. User space knows what a hit may take here. */
__u64 gm_echo_max_ns = 20000;

static __always_inline bool gm_is_start(__u8 role)
{
	return role == GM_ROLE_CLASSIC_START || role == GM_ROLE_TO_TABLE_START ||
	       role == GM_ROLE_REHASH_START;
}

/* Which counter of hits is this one's: known before it is known whether it counts. */
static __always_inline __u32 gm_hits_of(struct pt_regs *ctx)
{
	__u32 index = gm_site_index(ctx);
	const struct gm_site *site = bpf_map_lookup_elem(&gm_sites, &index);

	return !site || gm_is_start(site->role) ? GM_STAT_HITS_START : GM_STAT_HITS_END;
}

/* `now`: as the program began, or 0. */
static __always_inline void gm_keep_start(__u64 now)
{
	__u32 first = 0;
	struct gm_started *last = bpf_map_lookup_elem(&gm_last_start, &first);

	if (!now || !last)
		return;
	last->at_ns = now;
	last->thread = bpf_get_current_pid_tgid();
}

static __always_inline void gm_measure_echo(struct gm_sampled *counts, __u64 now)
{
	__u32 first = 0;
	struct gm_started *last = bpf_map_lookup_elem(&gm_last_start, &first);
	__u64 passed, clock;

	if (!now || !last || last->thread != bpf_get_current_pid_tgid())
		return;
	passed = now - last->at_ns;
	last->thread = 0;
	if (passed > gm_echo_max_ns)
		return;
	clock = bpf_ktime_get_ns();
	clock = bpf_ktime_get_ns() - clock;
	__sync_fetch_and_add(&counts->echoed, 1);
	__sync_fetch_and_add(&counts->echo_ns, passed);
	__sync_fetch_and_add(&counts->clock_ns, clock);
}

/* Counts the hit; whether it is to be described, too. */
static __always_inline bool gm_sampled_hit(struct pt_regs *ctx, struct gm_hit *hit, __u64 now)
{
	struct gm_sampled *counts, zero = {};

	if (!gm_accept(ctx, gm_hits_of(ctx), hit))
		return false;
	counts = bpf_map_lookup_elem(&gm_sampled_counts, &hit->tgid);
	if (!counts) {
		bpf_map_update_elem(&gm_sampled_counts, &hit->tgid, &zero, BPF_NOEXIST);
		counts = bpf_map_lookup_elem(&gm_sampled_counts, &hit->tgid);
	}
	if (!counts) {
		gm_count(GM_STAT_UNCOUNTED);
		return false;
	}
	gm_count(GM_STAT_COUNTED);
	if (!gm_is_start(hit->site->role)) {
		__sync_fetch_and_add(&counts->echoes, 1);
		gm_measure_echo(counts, now);
		return false;
	}
	gm_keep_start(now);
	/* The first of a process, too: a few are better than none. */
	__sync_fetch_and_add(&counts->starts, 1);
	/* Read apart: one instruction for both came with Linux 5.12. A hit that comes
	 * in between changes who is described, and no count. */
	return (counts->starts - 1) % GM_SAMPLE_DESCRIBED == 0;
}

static __always_inline void gm_keep_sample(struct pt_regs *ctx, const struct gm_hit *hit,
					   const struct gm_growth *growth)
{
	struct gm_counter_key key = {};
	struct gm_sample *sample, empty = {};

	key.tgid = hit->tgid;
	key.kind = growth->kind;
	key.old_log2 = growth->old_log2;
	key.type = growth->type ? growth->type - hit->bias : 0;
	key.stack = gm_stack_id(ctx, hit);
	sample = bpf_map_lookup_elem(&gm_samples, &key);
	if (!sample) {
		empty.binary = hit->site->binary;
		bpf_map_update_elem(&gm_samples, &key, &empty, BPF_NOEXIST);
		sample = bpf_map_lookup_elem(&gm_samples, &key);
	}
	if (!sample) {
		gm_count(GM_STAT_COUNTERS_FULL);
		return;
	}
	__sync_fetch_and_add(&sample->described, 1);
	if (growth->go_map_keys > sample->max_keys)
		sample->max_keys = growth->go_map_keys;
}

/*
 * One program for all sites, so that one link has them: it takes all probes out
 * before it waits for those that are just being hit.
 */
SEC("uprobe.multi")
int gm_growth_sampled(struct pt_regs *ctx)
{
	__u64 now = gm_echoing ? bpf_ktime_get_ns() : 0;
	struct gm_growth growth = {};
	struct gm_hit hit = {};
	bool readable;

	if (!gm_sampled_hit(ctx, &hit, now))
		return 0;
	if (hit.site->role == GM_ROLE_CLASSIC_START)
		readable = gm_describe_classic(ctx, &hit, &growth);
	else if (hit.site->role == GM_ROLE_TO_TABLE_START)
		readable = gm_describe_to_table(ctx, &hit, &growth);
	else
		readable = gm_describe_rehash(ctx, &hit, &growth);
	if (readable)
		gm_keep_sample(ctx, &hit, &growth);
	return 0;
}
