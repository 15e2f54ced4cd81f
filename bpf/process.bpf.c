// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Copyright The gomapd Authors
/*
 * Tells of every process that begins to run an executable, and of every one that
 * ends. Raw tracepoints: they need no tracefs. Both fire in the process itself.
 */
#include "bpf/vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/interface.h"
#include "bpf/current.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* 32,768 events: what a busy host does in some seconds. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} gm_process_ring SEC(".maps");

/*
 * The ends that were told last. Threads that exit at the same moment may all find
 * that none is left; the first one tells.
 */
struct gm_process_end {
	__u64 start_ns;
	__u64 tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct gm_process_end);
	__type(value, __u32);
} gm_process_ends SEC(".maps");

#define GM_EEXIST 17

__u64 gm_process_events_lost = 0;

static __always_inline int gm_tell(__u32 change)
{
	struct gm_process_event *event;
	__u32 tgid, tid;

	gm_current(&tgid, &tid);
	if (!tgid)
		return 0;
	event = bpf_ringbuf_reserve(&gm_process_ring, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&gm_process_events_lost, 1);
		return 0;
	}
	event->change = change;
	event->tgid = tgid;
	/* With a wake-up: who lives for a moment must be met in that moment. */
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int gm_exec(void *ctx)
{
	return gm_tell(GM_PROCESS_EXEC);
}

/* linux kernel/exit.c: do_exit takes a thread off signal->live before this. */
SEC("raw_tp/sched_process_exit")
int gm_exit(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct gm_process_end end = {};
	__u32 told = 1;

	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	end.start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	end.tgid = BPF_CORE_READ(task, tgid);
	if (bpf_map_update_elem(&gm_process_ends, &end, &told, BPF_NOEXIST) == -GM_EEXIST)
		return 0;
	return gm_tell(GM_PROCESS_EXIT);
}
