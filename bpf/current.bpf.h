/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/* The current process by the numbers that user space knows it by. */
#ifndef GOMAPD_CURRENT_BPF_H
#define GOMAPD_CURRENT_BPF_H

/* The PID namespace in which user space lives; 0: the initial one. */
const volatile __u64 gm_pidns_dev = 0;
const volatile __u64 gm_pidns_ino = 0;

/* 0 for a process of another PID namespace, for which user space has no number. */
static __always_inline void gm_current(__u32 *tgid, __u32 *tid)
{
	struct bpf_pidns_info ids = {};
	__u64 both;

	if (gm_pidns_ino) {
		if (!bpf_get_ns_current_pid_tgid(gm_pidns_dev, gm_pidns_ino, &ids, sizeof(ids))) {
			*tgid = ids.tgid;
			*tid = ids.pid;
			return;
		}
		*tgid = 0;
		*tid = 0;
		return;
	}
	both = bpf_get_current_pid_tgid();
	*tgid = both >> 32;
	*tid = (__u32)both;
}

#endif
