/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/* What `--detail buckets` adds: moved buckets and removed tombstones. */
#ifndef GOMAPD_DETAIL_BPF_H
#define GOMAPD_DETAIL_BPF_H

/* runtime.maptype.bucketsize: go1.15 runtime/type.go, go1.21 internal/abi/type.go */
#define GM_BUCKETSIZE_OFFSET 82

/* go1.15 to go1.25 runtime/map.go: evacuated(b) */
static __always_inline bool gm_is_moved(__u8 tophash)
{
	return tophash > 1 && tophash < 5;
}

/* Whether this call of evacuate(t, h, oldbucket) is going to move the bucket. */
static __always_inline bool gm_will_move(const struct gm_arguments *arguments,
					 const struct gm_hmap *hmap)
{
	__u16 bucket_size = 0;
	__u8 tophash = 0;

	if (gm_read(&bucket_size, sizeof(bucket_size), arguments->first + GM_BUCKETSIZE_OFFSET) ||
	    gm_read(&tophash, sizeof(tophash), hmap->oldbuckets + arguments->third * bucket_size)) {
		gm_count(GM_STAT_FAULT);
		return false;
	}
	if (!gm_is_moved(tophash))
		return true;
	gm_count(GM_STAT_ALREADY_MOVED);
	return false;
}

static __always_inline void gm_evacuate(const struct gm_hit *hit, struct gm_growth *growth,
					__u64 bucket)
{
	struct gm_open *open = gm_open_find(&growth->id, false);
	struct gm_counter_key key = {};
	struct gm_counter *counter;

	if (open) {
		key = open->key;
		/* One goroutine at a time writes a map, so this is not contended. */
		growth->go_map_keys = ++open->evacuated;
	} else {
		key.tgid = hit->tgid;
		key.kind = growth->kind;
		key.old_log2 = growth->old_log2;
		key.type = growth->type - hit->bias;
		growth->flags |= GM_FLAG_BEGAN_BEFORE;
		growth->go_map_keys = 0;
	}
	counter = gm_counter_of(&key, hit);
	if (!counter)
		return;
	__sync_fetch_and_add(&counter->evacuated, 1);
	gm_count(GM_STAT_COUNTED);
	growth->keys = bucket;
	gm_submit(hit, growth, &key, GM_RECORD_EVACUATED, bpf_ktime_get_ns(), 0);
}

static __always_inline void gm_begin_prune(struct pt_regs *ctx, const struct gm_hit *hit,
					   struct gm_growth *growth, __u64 table)
{
	struct gm_open open = {};

	growth->id.tgid = hit->tgid;
	growth->id.kind = GM_ID_PRUNE;
	growth->id.a = hit->g;
	open.table = table;
	open.go_map = growth->go_map;
	open.seed = growth->seed;
	open.key.tgid = hit->tgid;
	open.key.old_log2 = growth->old_log2;
	open.key.type = growth->type - hit->bias;
	open.key.stack = gm_stack_id(ctx, hit);
	gm_keep_type(hit, growth->type);
	if (bpf_map_update_elem(&gm_open_growths, &growth->id, &open, BPF_ANY))
		gm_count(GM_STAT_OPEN_FULL);
}

/* growthLeft was 0 when the prune began: it is what was removed. */
static __always_inline void gm_end_prune(const struct gm_hit *hit, struct gm_growth *growth)
{
	struct gm_swiss_table table = {};
	struct gm_counter *counter;
	struct gm_counter_key key;
	struct gm_open *open;

	growth->id.tgid = hit->tgid;
	growth->id.kind = GM_ID_PRUNE;
	growth->id.a = hit->g;
	open = gm_open_find(&growth->id, false);
	if (!open || gm_read(&table, sizeof(table), open->table) || !table.growth_left) {
		gm_count(GM_STAT_NOTHING_PRUNED);
		if (open)
			gm_open_end(&growth->id, false);
		return;
	}
	key = open->key;
	growth->go_map = open->go_map;
	growth->seed = open->seed;
	growth->keys = table.growth_left;
	gm_open_end(&growth->id, false);
	counter = gm_counter_of(&key, hit);
	if (!counter)
		return;
	__sync_fetch_and_add(&counter->pruned, table.growth_left);
	gm_count(GM_STAT_COUNTED);
	gm_submit(hit, growth, &key, GM_RECORD_PRUNED, bpf_ktime_get_ns(), 0);
}

#endif
