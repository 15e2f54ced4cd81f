/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/* The life of a growth: begin, count, remember, end, report. */
#ifndef GOMAPD_GROWTH_BPF_H
#define GOMAPD_GROWTH_BPF_H

/* Whether ends of growths are recorded, too: all that they add is how long each took. */
const volatile __u32 gm_wants_ends = 1;

static __always_inline struct gm_counter *gm_counter_in(void *table,
							const struct gm_counter_key *key)
{
	struct gm_counter *counter = bpf_map_lookup_elem(table, key);
	__u32 zero = 0;
	void *empty;

	if (counter)
		return counter;
	empty = bpf_map_lookup_elem(&gm_empty_counter, &zero);
	if (!empty)
		return 0;
	bpf_map_update_elem(table, key, empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(table, key);
}

/* The counter of `key`; may leave out where and what when the table is full. */
static __always_inline struct gm_counter *gm_counter_of(struct gm_counter_key *key,
							const struct gm_hit *hit)
{
	struct gm_counter *counter = gm_counter_in(&gm_counters, key);

	if (!counter) {
		gm_count(GM_STAT_COUNTERS_FULL);
		key->type = 0;
		key->stack = 0;
		counter = gm_counter_in(&gm_rest, key);
	}
	if (!counter) {
		gm_count(GM_STAT_UNCOUNTED);
		return 0;
	}
	counter->bias = hit->bias;
	counter->binary = hit->site->binary;
	return counter;
}

static __always_inline void gm_submit(const struct gm_hit *hit, const struct gm_growth *growth,
				      const struct gm_counter_key *key, __u32 kind, __u64 now,
				      __u64 duration_ns)
{
	struct gm_record *record = bpf_ringbuf_reserve(&gm_ring, sizeof(*record), 0);

	if (!record) {
		gm_count(GM_STAT_RING_FULL);
		return;
	}
	record->kind = kind;
	record->size = sizeof(*record);
	record->time_ns = now;
	record->tgid = hit->tgid;
	record->tid = hit->tid;
	record->goid = growth->goid;
	record->go_map = growth->go_map;
	record->seed = growth->seed;
	record->bias = hit->bias;
	record->keys = growth->keys;
	record->go_map_keys = growth->go_map_keys;
	record->duration_ns = duration_ns;
	record->key = *key;
	record->binary = hit->site->binary;
	record->overflow_buckets = growth->overflow_buckets;
	record->flags = growth->flags;
	/* A wake-up costs more than the probe: user space drains by the clock. */
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	gm_count(GM_STAT_SUBMITTED);
}

static __always_inline void gm_begin(struct pt_regs *ctx, const struct gm_hit *hit,
				     struct gm_growth *growth, bool is_call)
{
	struct gm_counter *counter;
	struct gm_open open = {};

	open.key.tgid = hit->tgid;
	open.key.kind = growth->kind;
	open.key.old_log2 = growth->old_log2;
	open.key.type = growth->type ? growth->type - hit->bias : 0;
	gm_keep_type(hit, growth->type);
	open.key.stack = gm_stack_id(ctx, hit);
	counter = gm_counter_of(&open.key, hit);
	if (!counter)
		return;
	__sync_fetch_and_add(&counter->started, 1);
	if (growth->go_map_keys > counter->max_keys)
		counter->max_keys = growth->go_map_keys;
	gm_count(GM_STAT_COUNTED);

	open.go_map = growth->go_map;
	open.seed = growth->seed;
	open.goid = growth->goid;
	open.flags = growth->flags & GM_FLAG_ON_STACK;
	open.start_ns = bpf_ktime_get_ns();
	gm_submit(hit, growth, &open.key, GM_RECORD_STARTED, open.start_ns, 0);
	/* Known already: a classic growth was dropped by clear, or with its map. */
	if (gm_open_begin(&growth->id, &open, is_call))
		gm_count(is_call ? GM_STAT_IMPOSSIBLE : GM_STAT_RESTARTED);
}

static __always_inline __u32 gm_duration_bucket(__u64 duration_ns)
{
	__u64 bound = 1000;
	__u32 i;

#pragma unroll
	for (i = 0; i < GM_DURATION_BUCKETS - 1; i++) {
		if (duration_ns <= bound)
			return i;
		bound <<= 2;
	}
	return GM_DURATION_BUCKETS - 1;
}

static __always_inline void gm_finish(const struct gm_hit *hit, struct gm_growth *growth,
				      bool is_call)
{
	struct gm_open *open = gm_open_find(&growth->id, is_call);
	__u64 now = bpf_ktime_get_ns(), duration = 0;
	struct gm_counter_key key = {};
	struct gm_counter *counter;

	/* Another one's, whose end was the first to go. */
	if (open && hit->site->going && is_call && growth->kind != open->key.kind) {
		gm_open_end(&growth->id, is_call);
		open = 0;
	}
	if (open) {
		key = open->key;
		if (is_call && growth->kind != key.kind)
			gm_count(GM_STAT_IMPOSSIBLE);
		duration = now - open->start_ns;
		/* A Swiss growth ends on the goroutine that began it, and says nothing. */
		if (is_call) {
			growth->go_map = open->go_map;
			growth->seed = open->seed;
			growth->goid = open->goid;
			growth->flags |= open->flags;
		}
		gm_open_end(&growth->id, is_call);
	} else {
		key.tgid = hit->tgid;
		key.kind = growth->kind;
		key.old_log2 = growth->old_log2;
		key.type = growth->type ? growth->type - hit->bias : 0;
		growth->flags |= GM_FLAG_BEGAN_BEFORE;
		if (is_call)
			growth->goid = gm_goid(hit);
	}
	counter = gm_counter_of(&key, hit);
	if (!counter)
		return;
	if (growth->flags & GM_FLAG_BEGAN_BEFORE) {
		__sync_fetch_and_add(&counter->finished_only, 1);
	} else {
		__sync_fetch_and_add(&counter->finished, 1);
		__sync_fetch_and_add(&counter->duration_ns, duration);
		__sync_fetch_and_add(&counter->durations[gm_duration_bucket(duration)], 1);
		if (duration > counter->max_duration_ns)
			counter->max_duration_ns = duration;
	}
	gm_count(GM_STAT_COUNTED);
	if (gm_wants_ends)
		gm_submit(hit, growth, &key, GM_RECORD_FINISHED, now, duration);
}

#endif
