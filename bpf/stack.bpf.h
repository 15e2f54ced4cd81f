/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/*
 * The call stack by frame pointers, which Go keeps on amd64 since 1.7, on arm64 since
 * 1.12. Walked once to get its hash; a second time only when the hash is new. So no list of
 * frames is kept, and two hits that fill the same entry write the same bytes.
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

/*
 * For the hash the target's stack is read by the piece: a read costs much the same
 * however short it is, and frames lie close together. For each CPU one, too large for
 * a program's own stack.
 */
#define GM_PIECE_BYTES 1024
struct gm_piece {
	__u64 users;
	__u64 at;     /* the address that it was read from */
	__u64 frames; /* how far behind it frames may begin; 0: nothing read yet */
	__u8 bytes[GM_PIECE_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gm_piece);
} gm_pieces SEC(".maps");

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

static __always_inline void gm_begin_walk(const struct pt_regs *ctx, const struct gm_hit *hit,
					  struct gm_walk *walk)
{
	walk->frame = gm_frame_pointer(ctx);
	walk->bias = hit->bias;
	walk->hash = hit->site->binary + 1;
	walk->count = 0;
	walk->done = 0;
}

/* Takes the step of the frame that walk->frame points to, and goes on to the next. */
static __always_inline bool gm_follow(struct gm_walk *walk, const struct gm_frame *frame,
				      struct gm_stack *stack)
{
	walk->done = 1;
	if (!frame->return_address)
		return false;
	gm_step(walk, frame->return_address, stack);
	/* Stacks grow down: a caller's frame lies higher. */
	if (frame->caller_frame <= walk->frame)
		return false;
	walk->frame = frame->caller_frame;
	walk->done = 0;
	return true;
}

/* This CPU's piece, unless a program holds it that was preempted for this one: who
 * finds only itself among the users has it, and whoever comes meanwhile does not. */
static __always_inline struct gm_piece *gm_take_piece(void)
{
	__u32 zero = 0;
	struct gm_piece *piece = bpf_map_lookup_elem(&gm_pieces, &zero);

	if (!piece)
		return 0;
	__sync_fetch_and_add(&piece->users, 1);
	if (*(volatile __u64 *)&piece->users == 1)
		return piece;
	__sync_fetch_and_add(&piece->users, -1);
	return 0;
}

static __always_inline bool gm_fill_piece(struct gm_piece *piece, __u64 address)
{
	if (gm_read(piece->bytes, GM_PIECE_BYTES, address))
		return false;
	piece->at = address;
	piece->frames = GM_PIECE_BYTES - sizeof(struct gm_frame) + 1;
	return true;
}

/*
 * For the hash alone. Says whether every piece that it wanted could be read: one may
 * reach past the end of what is mapped, where no frame does.
 * Where the piece is stands in the piece, of which the verifier knows nothing: else it
 * would follow both ways from each frame, read anew or not.
 */
static __always_inline bool gm_walk_pieces(const struct pt_regs *ctx, const struct gm_hit *hit,
					   struct gm_piece *piece, struct gm_walk *walk)
{
	__u64 offset;
	int i;

	gm_begin_walk(ctx, hit, walk);
	/* Before the prologue the caller's frame is not linked yet. */
	if (hit->site->frame_linked) {
		piece->frames = 0;
		gm_step(walk, gm_pc(ctx) + 1, 0);
	} else if (GM_HAS_LINK_REGISTER) {
		piece->frames = 0;
		gm_step(walk, gm_link_register(ctx), 0);
	} else {
		if (!gm_fill_piece(piece, gm_sp(ctx)))
			return false;
		gm_step(walk, *(__u64 *)piece->bytes, 0);
	}
#pragma clang loop unroll(disable)
	for (i = 0; i < GM_MAX_FRAMES - 1; i++) {
		walk->done = 1;
		if (!walk->frame)
			return true;
		if (walk->frame - piece->at >= piece->frames && !gm_fill_piece(piece, walk->frame))
			return false;
		offset = walk->frame - *(volatile __u64 *)&piece->at;
		if (offset > GM_PIECE_BYTES - sizeof(struct gm_frame))
			return false;
		if (!gm_follow(walk, (struct gm_frame *)(piece->bytes + offset), 0))
			return true;
	}
	return true;
}

static __always_inline void gm_walk_frames(const struct pt_regs *ctx, const struct gm_hit *hit,
					   struct gm_walk *walk, struct gm_stack *stack)
{
	struct gm_frame frame;
	__u64 pc = 0;
	int i;

	gm_begin_walk(ctx, hit, walk);
	if (hit->site->frame_linked)
		gm_step(walk, gm_pc(ctx) + 1, stack);
	else if (GM_HAS_LINK_REGISTER)
		gm_step(walk, gm_link_register(ctx), stack);
	else if (!gm_read(&pc, sizeof(pc), gm_sp(ctx)))
		gm_step(walk, pc, stack);
#pragma clang loop unroll(disable)
	for (i = 0; i < GM_MAX_FRAMES - 1; i++) {
		walk->done = 1;
		if (!walk->frame)
			return;
		walk->done = 2;
		if (gm_read(&frame, sizeof(frame), walk->frame))
			return;
		if (!gm_follow(walk, &frame, stack))
			return;
	}
}

static __always_inline void gm_walk_stack(const struct pt_regs *ctx, const struct gm_hit *hit,
					  struct gm_walk *walk)
{
	struct gm_piece *piece = gm_take_piece();
	bool whole = false;

	if (piece) {
		whole = gm_walk_pieces(ctx, hit, piece, walk);
		__sync_fetch_and_add(&piece->users, -1);
	}
	if (!whole)
		gm_walk_frames(ctx, hit, walk, 0);
}

/* The id of the current call stack in gm_stacks; 0 if it could not be kept. */
static __always_inline __u64 gm_stack_id(const struct pt_regs *ctx, const struct gm_hit *hit)
{
	struct gm_stack *stack, *empty;
	struct gm_walk walk;
	__u32 zero = 0;
	__u64 id;

	gm_walk_stack(ctx, hit, &walk);
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
	gm_walk_frames(ctx, hit, &walk, stack);
	stack->truncated = walk.done == 0;
	stack->count = walk.count; /* last: until now it reads as empty */
	return id;
}

#endif
