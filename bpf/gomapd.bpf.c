// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Copyright The gomapd Authors
/*
 * One small program per role. Every hit is counted once in gm_stats, so that
 * hits = filtered + branch taken + no site + fault + uncounted + counted, and
 * counted = submitted + ring full.
 */
#include "bpf/vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/interface.h"
#include "bpf/common.bpf.h"
#include "bpf/tables.bpf.h"
#include "bpf/target.bpf.h"
#include "bpf/stack.bpf.h"
#include "bpf/type.bpf.h"
#include "bpf/describe.bpf.h"
#include "bpf/open.bpf.h"
#include "bpf/growth.bpf.h"
#include "bpf/detail.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("uprobe.multi")
int gm_classic_start(struct pt_regs *ctx)
{
	struct gm_growth growth = {};
	struct gm_hit hit = {};

	if (!gm_accept(ctx, GM_STAT_HITS_START, &hit) || !gm_describe_classic(ctx, &hit, &growth))
		return 0;
	gm_identify(&hit, growth.go_map, &growth);
	gm_begin(ctx, &hit, &growth, false);
	return 0;
}

/* What a hmap that is growing says of its growth (B is the new one already). */
static __always_inline void gm_describe_growing(const struct gm_hmap *hmap, bool same_size,
						struct gm_growth *growth)
{
	growth->seed = hmap->hash0;
	growth->go_map_keys = hmap->count;
	growth->kind = same_size ? GM_KIND_SAME_SIZE : GM_KIND_DOUBLE;
	growth->old_log2 = same_size ? hmap->B : hmap->B - 1;
}

SEC("uprobe.multi")
int gm_classic_end(struct pt_regs *ctx)
{
	struct gm_growth growth = {};
	struct gm_hmap hmap = {};
	struct gm_hit hit = {};

	if (!gm_accept(ctx, GM_STAT_HITS_END, &hit))
		return 0;
	if (gm_read_location(ctx, &hit.site->hmap_at, &growth.go_map) ||
	    gm_read(&hmap, sizeof(hmap), growth.go_map)) {
		gm_count(GM_STAT_FAULT);
		return 0;
	}
	growth.keys = hmap.count;
	/* For a growth that began before: all old buckets have moved, so nevacuate
	 * is their number. */
	gm_describe_growing(&hmap, hmap.nevacuate >> (hmap.B & 63), &growth);
	if (hit.site->type_at.where != GM_NO_REGISTER)
		gm_read_location(ctx, &hit.site->type_at, &growth.type);
	else if (hit.site->stack_abi && hit.site->frame_linked && !GM_HAS_LINK_REGISTER)
		/* amd64: advanceEvacuationMark's second argument, above frame and return. */
		gm_read(&growth.type, sizeof(growth.type), gm_frame_pointer(ctx) + 24);
	gm_identify(&hit, growth.go_map, &growth);
	gm_finish(&hit, &growth, false);
	return 0;
}

SEC("uprobe.multi")
int gm_classic_evacuate(struct pt_regs *ctx)
{
	struct gm_arguments arguments = {};
	struct gm_growth growth = {};
	struct gm_hmap hmap = {};
	struct gm_hit hit = {};

	if (!gm_accept(ctx, GM_STAT_HITS_EVACUATE, &hit))
		return 0;
	if (gm_read_arguments(ctx, hit.site, &arguments) ||
	    gm_read(&hmap, sizeof(hmap), arguments.second)) {
		gm_count(GM_STAT_FAULT);
		return 0;
	}
	if (!gm_will_move(&arguments, &hmap))
		return 0;
	growth.type = arguments.first;
	growth.go_map = arguments.second;
	/* go1.15 to go1.25 runtime/map.go: sameSizeGrow = 8 */
	gm_describe_growing(&hmap, hmap.flags & 8, &growth);
	gm_identify(&hit, arguments.second, &growth);
	gm_evacuate(&hit, &growth, arguments.third);
	return 0;
}

SEC("uprobe.multi")
int gm_to_table_start(struct pt_regs *ctx)
{
	struct gm_growth growth = {};
	struct gm_hit hit = {};

	if (!gm_accept(ctx, GM_STAT_HITS_START, &hit) || !gm_describe_to_table(ctx, &hit, &growth))
		return 0;
	gm_identify_call(&hit, &growth);
	gm_begin(ctx, &hit, &growth, true);
	return 0;
}

SEC("uprobe.multi")
int gm_rehash_start(struct pt_regs *ctx)
{
	struct gm_growth growth = {};
	struct gm_hit hit = {};

	if (!gm_accept(ctx, GM_STAT_HITS_START, &hit) || !gm_describe_rehash(ctx, &hit, &growth))
		return 0;
	gm_identify_call(&hit, &growth);
	gm_begin(ctx, &hit, &growth, true);
	return 0;
}

SEC("uprobe.multi")
int gm_swiss_end(struct pt_regs *ctx)
{
	struct gm_growth growth = {};
	struct gm_hit hit = {};

	if (!gm_accept(ctx, GM_STAT_HITS_END, &hit))
		return 0;
	growth.kind = hit.site->end_kind;
	gm_identify_call(&hit, &growth);
	gm_finish(&hit, &growth, true);
	return 0;
}

SEC("uprobe.multi")
int gm_prune_start(struct pt_regs *ctx)
{
	struct gm_swiss_table table = {};
	struct gm_swiss_map go_map = {};
	struct gm_growth growth = {};
	struct gm_hit hit = {};

	if (!gm_accept(ctx, GM_STAT_HITS_EVACUATE, &hit))
		return 0;
	if (gm_read(&table, sizeof(table), gm_first_argument(ctx))) {
		gm_count(GM_STAT_FAULT);
		return 0;
	}
	if (!gm_read_swiss_map(&hit, gm_third_argument(ctx), &go_map, &growth))
		return 0;
	growth.type = gm_second_argument(ctx);
	growth.old_log2 = gm_log2(table.capacity);
	gm_begin_prune(ctx, &hit, &growth, gm_first_argument(ctx));
	gm_count(GM_STAT_NOTHING_PRUNED);
	return 0;
}

SEC("uprobe.multi")
int gm_prune_end(struct pt_regs *ctx)
{
	struct gm_growth growth = {};
	struct gm_hit hit = {};

	if (!gm_accept(ctx, GM_STAT_HITS_EVACUATE, &hit))
		return 0;
	growth.goid = gm_goid(&hit);
	gm_end_prune(&hit, &growth);
	return 0;
}
