/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/*
 * The call stack by frame pointers, which Go keeps on amd64 since 1.7. Walked
 * once to get its hash; a second time only when the hash is new. So no buffer
 * is needed, and two hits that fill the same entry write the same bytes.
 */
#ifndef GOMAPD_STACK_BPF_H
#define GOMAPD_STACK_BPF_H

/* Call stacks by the hash of their frames. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct gm_stack);
} gm_stacks SEC(".maps");

/* One all-zero stack: what a new entry of gm_stacks is made from. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gm_stack);
} gm_empty_stack SEC(".maps");

struct gm_frame {
	__u64 caller_frame;
	__u64 return_address;
};

struct gm_walk {
	__u64 frame; /* frame pointer to follow next */
	__u64 bias;
	__u64 hash;
	__u32 count;
	__u32 done;
};

/* Takes one step; writes the pc into `pcs` where there is one. */
static __always_inline void gm_step(struct gm_walk *walk, __u64 pc, struct gm_stack *stack)
{
	pc -= walk->bias;
	if (stack && walk->count < GM_MAX_FRAMES)
		stack->pcs[walk->count] = pc;
	/* splitmix64's multiplier and shift: every bit of pc reaches the hash. */
	walk->hash = (walk->hash ^ pc) * 0xbf58476d1ce4e5b9ULL;
	walk->hash ^= walk->hash >> 31;
	walk->count++;
}

static __always_inline void gm_walk_stack(const struct pt_regs *ctx, const struct gm_hit *hit,
					  struct gm_walk *walk, struct gm_stack *stack)
{
	struct gm_frame frame;
	__u64 pc = 0;
	int i;

	walk->frame = ctx->bp;
	walk->bias = hit->bias;
	walk->hash = hit->site->binary + 1;
	walk->count = 0;
	walk->done = 1;
	/* Before the prologue the caller's frame is not linked yet. */
	if (hit->site->frame_linked)
		gm_step(walk, ctx->ip + 1, stack);
	else if (!gm_read(&pc, sizeof(pc), ctx->sp))
		gm_step(walk, pc, stack);
	for (i = 0; i < GM_MAX_FRAMES - 1; i++) {
		if (!walk->frame)
			return;
		if (gm_read(&frame, sizeof(frame), walk->frame)) {
			walk->done = 2;
			return;
		}
		if (!frame.return_address)
			return;
		gm_step(walk, frame.return_address, stack);
		/* Stacks grow down: a caller's frame lies higher. */
		if (frame.caller_frame <= walk->frame)
			return;
		walk->frame = frame.caller_frame;
	}
	walk->done = 0;
}

/* The id of the current call stack in gm_stacks; 0 if it could not be kept. */
static __always_inline __u64 gm_stack_id(const struct pt_regs *ctx, const struct gm_hit *hit)
{
	struct gm_stack *stack, *empty;
	struct gm_walk walk;
	__u32 zero = 0;
	__u64 id;

	gm_walk_stack(ctx, hit, &walk, 0);
	if (walk.done == 2)
		gm_count(GM_STAT_STACK_FAULT);
	id = walk.hash;
	if (bpf_map_lookup_elem(&gm_stacks, &id))
		return id;
	empty = bpf_map_lookup_elem(&gm_empty_stack, &zero);
	if (!empty)
		return 0;
	bpf_map_update_elem(&gm_stacks, &id, empty, BPF_NOEXIST);
	stack = bpf_map_lookup_elem(&gm_stacks, &id);
	if (!stack) {
		gm_count(GM_STAT_STACKS_FULL);
		return 0;
	}
	gm_walk_stack(ctx, hit, &walk, stack);
	stack->truncated = walk.done == 0;
	stack->count = walk.count; /* last: until now it reads as empty */
	return id;
}

#endif
