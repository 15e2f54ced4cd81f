/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/*
 * Growths under way: where a beginning is kept until its end. A hash table has them
 * all; but an entry made and unmade by three calls into the kernel costs a tenth of a
 * Swiss growth's two hits. So there a slot is tried first: a growth is one call there, a
 * slot is soon free again, and both hits know which it is.
 */
#ifndef GOMAPD_OPEN_BPF_H
#define GOMAPD_OPEN_BPF_H

#define GM_EEXIST 17 /* include/uapi/asm-generic/errno-base.h */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536); /* user space sets it before loading */
	__type(key, struct gm_growth_id);
	__type(value, struct gm_open);
} gm_open_growths SEC(".maps");

/* User space has them in its memory, too. */
struct gm_slot gm_slots[GM_SLOTS] __attribute__((aligned(128)));

static __always_inline struct gm_slot *gm_slot_of(const struct gm_growth_id *id)
{
	/* A g is 400 bytes and more (go runtime2.go). Multiplier: splitmix64's. */
	__u64 hash = ((id->a >> 5) ^ ((__u64)id->tgid << 32)) * 0xbf58476d1ce4e5b9ULL;

	return &gm_slots[(hash >> 40) & (GM_SLOTS - 1)];
}

/*
 * A goroutine finds in a slot only what it put there itself: `tgid` is written after
 * `g` and read before it. Both in this order on amd64, where stores are seen in the
 * order in which they were made, and loads are made in theirs (Intel SDM 3A, 9.2.2);
 * elsewhere that takes barriers, which BPF has not, so no slot is used there.
 */
static __always_inline bool gm_is_in_slot(const struct gm_slot *slot, const struct gm_growth_id *id)
{
	const volatile struct gm_slot *seen = slot;

	return seen->tgid == id->tgid && seen->g == id->a;
}

/* Whoever finds only itself among the users has it: whoever comes meanwhile has not. */
static __always_inline bool gm_take_slot(struct gm_slot *slot, const struct gm_growth_id *id)
{
	volatile struct gm_slot *taken = slot;

	__sync_fetch_and_add(&slot->users, 1);
	if (taken->users == 1) {
		taken->g = id->a;
		taken->tgid = id->tgid;
		return true;
	}
	__sync_fetch_and_add(&slot->users, -1);
	return false;
}

/*
 * What follows is told by `is_call`, a constant, whether the growth is one call: its id is of
 * kind GM_ID_G then.
 */
#define GM_USES_SLOTS(is_call) (GM_HAS_ORDERED_STORES && (is_call))

/* Keeps `open`. Says whether the growth was open already: then the older one is forgotten. */
static __always_inline bool gm_open_begin(const struct gm_growth_id *id, const struct gm_open *open,
					  bool is_call)
{
	long error;

	if (GM_USES_SLOTS(is_call)) {
		struct gm_slot *slot = gm_slot_of(id);
		bool was_open = gm_is_in_slot(slot, id);

		if (was_open || gm_take_slot(slot, id)) {
			slot->open = *open;
			return was_open;
		}
	}
	error = bpf_map_update_elem(&gm_open_growths, id, open, BPF_NOEXIST);
	if (!error)
		return false;
	if (!bpf_map_update_elem(&gm_open_growths, id, open, BPF_ANY))
		return error == -GM_EEXIST;
	gm_count(GM_STAT_OPEN_FULL);
	return false;
}

/* Null, or until gm_open_end(). */
static __always_inline struct gm_open *gm_open_find(const struct gm_growth_id *id, bool is_call)
{
	struct gm_slot *slot = gm_slot_of(id);

	if (GM_USES_SLOTS(is_call) && gm_is_in_slot(slot, id))
		return &slot->open;
	return bpf_map_lookup_elem(&gm_open_growths, id);
}

static __always_inline void gm_open_end(const struct gm_growth_id *id, bool is_call)
{
	struct gm_slot *slot = gm_slot_of(id);
	volatile struct gm_slot *taken = slot;

	if (!GM_USES_SLOTS(is_call) || !gm_is_in_slot(slot, id)) {
		bpf_map_delete_elem(&gm_open_growths, id);
		return;
	}
	taken->tgid = 0;
	taken->g = 0;
	__sync_fetch_and_add(&slot->users, -1);
}

#endif
