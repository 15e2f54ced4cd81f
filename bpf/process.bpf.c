// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Copyright The gomapd Authors
/*
 * Tells of every process that is forked, that begins to run an executable, and that
 * ends. Raw tracepoints: they need no tracefs. The last two fire in the process itself,
 * the first one in its parent, before it runs: each process's events are in order.
 */
#include "bpf/vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/interface.h"
#include "bpf/current.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* 21,845 events: what a busy host does in some seconds. */
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
/* linux kernel/pid_namespace.c */
#define GM_MAX_PID_NS_LEVEL 32

__u64 gm_process_events_lost = 0;

static __always_inline int gm_tell(__u32 change, __u32 tgid, __u32 parent, __u64 flags)
{
	struct gm_process_event *event;

	event = bpf_ringbuf_reserve(&gm_process_ring, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&gm_process_events_lost, 1);
		return 0;
	}
	event->change = change;
	event->tgid = tgid;
	event->parent = parent;
	event->pad = 0;
	bpf_ringbuf_submit(event, flags);
	return 0;
}

/*
 * With a wake-up, although a fork that told nobody may lie before it: who lives for a
 * moment must be met in that moment.
 */
static __always_inline int gm_tell_of_current(__u32 change)
{
	__u32 tgid, tid;

	gm_current(&tgid, &tid);
	return tgid ? gm_tell(change, tgid, 0, BPF_RB_FORCE_WAKEUP) : 0;
}

/* The number by which user space knows another process; 0: by none. */
static __always_inline __u32 gm_number_of(struct task_struct *process)
{
	struct pid *pid;
	void *numbers;
	__u32 level, i;

	if (!gm_pidns_ino)
		return BPF_CORE_READ(process, tgid);
	pid = BPF_CORE_READ(process, thread_pid);
	level = BPF_CORE_READ(pid, level);
	numbers = &pid->numbers[0];
	for (i = 0; i <= GM_MAX_PID_NS_LEVEL && i <= level; i++) {
		struct upid *number = numbers + i * bpf_core_type_size(struct upid);

		if (BPF_CORE_READ(number, ns, ns.inum) == gm_pidns_ino)
			return BPF_CORE_READ(number, nr);
	}
	return 0;
}

/* A process that was just made; a thread of a known one is none. */
SEC("raw_tp/sched_process_fork")
int gm_fork(__u64 *arguments)
{
	struct task_struct *parent = (struct task_struct *)arguments[0];
	struct task_struct *child = (struct task_struct *)arguments[1];
	__u32 tgid, tid, number;

	if (BPF_CORE_READ(parent, tgid) == BPF_CORE_READ(child, tgid))
		return 0;
	gm_current(&tgid, &tid);
	number = gm_number_of(child);
	if (!tgid || !number)
		return 0;
	/* No wake-up: nearly all of them exec at once, which has one. */
	return gm_tell(GM_PROCESS_FORK, number, tgid, BPF_RB_NO_WAKEUP);
}

SEC("raw_tp/sched_process_exec")
int gm_exec(void *ctx)
{
	return gm_tell_of_current(GM_PROCESS_EXEC);
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
	return gm_tell_of_current(GM_PROCESS_EXIT);
}
