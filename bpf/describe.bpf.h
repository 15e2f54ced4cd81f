/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/* What the target's memory says of a growth that begins. */
#ifndef GOMAPD_DESCRIBE_BPF_H
#define GOMAPD_DESCRIBE_BPF_H

/* go1.15 to go1.25 runtime/map.go: type hmap, the part that hashGrow decides by. */
struct gm_hmap {
	__u64 count;
	__u8 flags;
	__u8 B;
	__u16 noverflow;
	__u32 hash0;
	__u64 buckets;
	__u64 oldbuckets;
	__u64 nevacuate;
};

/* go1.24 to go1.27 internal/runtime/maps/map.go: type Map, up to globalShift. */
struct gm_swiss_map {
	__u64 used;
	__u64 seed;
	__u64 dir_ptr;
	__u64 dir_len;
	__u8 global_depth;
	__u8 pad[7];
};

/* go1.24 to go1.27 internal/runtime/maps/table.go: type table, its first word. */
struct gm_swiss_table {
	__u16 used;
	__u16 capacity;
	__u16 growth_left;
	__u8 local_depth;
	__u8 pad;
};

/* A growth as a start site saw it. */
struct gm_growth {
	struct gm_growth_id id;
	__u64 go_map;
	__u64 seed;
	__u64 type;
	__u64 keys;
	__u64 go_map_keys;
	__u64 goid;
	__u16 overflow_buckets;
	__u16 flags;
	__u8 kind;
	__u8 old_log2;
};

/* go1.15 to go1.25 runtime/map.go: overLoadFactor(count + 1, B). */
static __always_inline bool gm_over_load_factor(__u64 count, __u8 B, __u16 keys_per_pair)
{
	return count > 8 && count > keys_per_pair * ((1ULL << (B & 63)) / 2);
}

/* log2 of a power of two up to 1024, the largest Swiss table. */
static __always_inline __u8 gm_log2(__u16 capacity)
{
	__u8 log2 = 0;
	int i;

	for (i = 0; i < 15; i++) {
		if (capacity <= 1)
			break;
		capacity >>= 1;
		log2++;
	}
	return log2;
}

/*
 * Names a classic growth by its map, and says whose it is. A map on its goroutine's
 * stack moves when the stack does; its distance from the stack's top stays (go
 * runtime/stack.go: copystack).
 */
static __always_inline void gm_identify(const struct gm_hit *hit, __u64 hmap,
					struct gm_growth *growth)
{
	struct gm_goroutine goroutine = {};

	gm_read_goroutine(hit, &goroutine);
	growth->goid = goroutine.goid;
	growth->id.tgid = hit->tgid;
	growth->id.kind = GM_ID_HEAP;
	growth->id.a = hmap;
	growth->id.b = 0;
	if (!gm_on_stack(&goroutine, hmap))
		return;
	growth->flags |= GM_FLAG_ON_STACK;
	growth->id.kind = GM_ID_STACK;
	growth->id.a = growth->goid;
	growth->id.b = goroutine.stack_hi - hmap;
}

/* A Swiss growth is one call: nothing else grows on its goroutine meanwhile. */
static __always_inline void gm_identify_call(const struct gm_hit *hit, struct gm_growth *growth)
{
	growth->id.tgid = hit->tgid;
	growth->id.kind = GM_ID_G;
	growth->id.a = hit->g;
	growth->id.b = 0;
}

/* Reads the Map's header into `growth`; says whether it could. */
static __always_inline bool gm_read_swiss_map(const struct gm_hit *hit, __u64 address,
					      struct gm_swiss_map *go_map, struct gm_growth *growth)
{
	struct gm_goroutine goroutine = {};

	if (gm_read(go_map, sizeof(*go_map), address)) {
		gm_count(GM_STAT_FAULT);
		return false;
	}
	growth->go_map = address;
	growth->seed = go_map->seed;
	growth->go_map_keys = go_map->used;
	gm_read_goroutine(hit, &goroutine);
	growth->goid = goroutine.goid;
	if (gm_on_stack(&goroutine, address))
		growth->flags |= GM_FLAG_ON_STACK;
	return true;
}

/* Each says whether it could be read; else the hit is counted as a fault. */
static __always_inline bool gm_describe_classic(const struct pt_regs *ctx, const struct gm_hit *hit,
						struct gm_growth *growth)
{
	struct gm_arguments arguments = {};
	struct gm_hmap hmap = {};

	if (gm_read_arguments(ctx, hit->site, &arguments) ||
	    gm_read(&hmap, sizeof(hmap), arguments.second)) {
		gm_count(GM_STAT_FAULT);
		return false;
	}
	growth->type = arguments.first;
	growth->go_map = arguments.second;
	growth->seed = hmap.hash0;
	growth->keys = hmap.count;
	growth->go_map_keys = hmap.count;
	growth->overflow_buckets = hmap.noverflow;
	growth->old_log2 = hmap.B;
	growth->kind = gm_over_load_factor(hmap.count + 1, hmap.B, hit->site->load_factor)
			       ? GM_KIND_DOUBLE
			       : GM_KIND_SAME_SIZE;
	return true;
}

static __always_inline bool gm_describe_to_table(const struct pt_regs *ctx,
						 const struct gm_hit *hit, struct gm_growth *growth)
{
	struct gm_swiss_map go_map = {};

	if (!gm_read_swiss_map(hit, gm_first_argument(ctx), &go_map, growth))
		return false;
	growth->type = gm_second_argument(ctx);
	growth->keys = go_map.used;
	growth->kind = GM_KIND_TO_TABLE;
	growth->old_log2 = 3; /* one group of eight slots */
	return true;
}

static __always_inline bool gm_describe_rehash(const struct pt_regs *ctx, const struct gm_hit *hit,
					       struct gm_growth *growth)
{
	struct gm_swiss_table table = {};
	struct gm_swiss_map go_map = {};

	if (gm_read(&table, sizeof(table), gm_first_argument(ctx))) {
		gm_count(GM_STAT_FAULT);
		return false;
	}
	if (!gm_read_swiss_map(hit, gm_third_argument(ctx), &go_map, growth))
		return false;
	growth->type = gm_second_argument(ctx);
	growth->keys = table.used;
	growth->old_log2 = gm_log2(table.capacity);
	/* maxTableCapacity is 1024: go1.24 internal/runtime/maps/table.go: rehash. */
	growth->kind = table.capacity * 2 <= 1024 ? GM_KIND_TABLE_DOUBLE : GM_KIND_SPLIT;
	if (growth->kind == GM_KIND_SPLIT && table.local_depth == go_map.global_depth)
		growth->flags |= GM_FLAG_DIRECTORY_GROWS;
	return true;
}

#endif
