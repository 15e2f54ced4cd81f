/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/* What every program needs: sites, targets, the configuration, the statistics. */
#ifndef GOMAPD_COMMON_BPF_H
#define GOMAPD_COMMON_BPF_H

/* Sites, by cookie. Written before their probes are attached. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GM_MAX_SITES);
	__type(key, __u32);
	__type(value, struct gm_site);
} gm_sites SEC(".maps");

/*
 * Processes by tgid, as user space sees it: 1 to be traced, 0 not. Of one that is
 * not listed gm_all_processes decides.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} gm_targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, GM_STAT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} gm_stats SEC(".maps");

/* Whatever runs a probed binary is traced, from its first instruction on. */
const volatile __u32 gm_all_processes = 0;

/* From Linux 5.15 on. */
const volatile __u32 gm_has_cookies = 1;

/* Counting happens while this is set: on after the last attach, off before the
 * first detach, so that starts and ends are counted over the same time. */
__u32 gm_active = 0;

/*
 * Since Linux 6.13 the verifier gives tracing programs a stack for each CPU where
 * one is large, for it takes them not to be preempted (a76ab5731e32). Those of uprobes
 * are: on a preemptible kernel a second one on the same CPU would write over the
 * first one's, which ends in a panic. A program that can call others in its place
 * keeps the kernel's stack (check_max_stack_depth), so ours can, and never does.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} gm_no_programs SEC(".maps");

__u32 gm_never = 0;

static __always_inline void gm_keep_to_kernel_stack(void *ctx)
{
	if (gm_never)
		bpf_tail_call(ctx, &gm_no_programs, 0);
}

/*
 * What user space knows of gm_targets, so that most hits need not look: GM_NOBODY_LISTED,
 * the one process that is, or 0 for anything else. It changes after the table.
 */
__u32 gm_listed = 0;

/* tgid 0: a process of another PID namespace, for which user space has no number. */
static __always_inline bool gm_is_target(__u32 tgid)
{
	__u32 known = gm_listed, *listed;

	if (known == GM_NOBODY_LISTED)
		return gm_all_processes && tgid;
	if (known && known == tgid)
		return true;
	listed = bpf_map_lookup_elem(&gm_targets, &tgid);
	return listed ? *listed : gm_all_processes && tgid;
}

static __always_inline void gm_count(__u32 stat)
{
	__u64 *value = bpf_map_lookup_elem(&gm_stats, &stat);

	/* Atomic although per CPU: a uprobe's program can be preempted. */
	if (value)
		__sync_fetch_and_add(value, 1);
}

#endif
