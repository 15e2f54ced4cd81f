// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Copyright The gomapd Authors
/* What a probe costs that does nothing. */
#include "bpf/vmlinux.h"

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("uprobe.multi")
int gm_empty(struct pt_regs *ctx)
{
	return 0;
}
