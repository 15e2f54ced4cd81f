/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/*
 * What the BPF programs and user space share. Numbers are append-only: a
 * recording or another build may hold them.
 */
#ifndef GOMAPD_BPF_INTERFACE_H
#define GOMAPD_BPF_INTERFACE_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define GM_MAX_SITES 4096
#define GM_MAX_FRAMES 64
/* gm_location.where that is no register. */
#define GM_LOCATION_STACK 254 /* the eight bytes at rsp (sp) + displacement */
#define GM_NO_REGISTER 255    /* it is not to be had at this site */
/*
 * Growths by duration: up to 1 us, 4 us, 16 us, … and, in the last one, all that
 * took longer than 16.8 s.
 */
#define GM_DURATION_BUCKETS 14

/* What a hit at a site means. */
enum gm_role {
	GM_ROLE_CLASSIC_START = 0,  /* runtime.hashGrow(t, h) */
	GM_ROLE_CLASSIC_END = 1,    /* the last old bucket has moved */
	GM_ROLE_TO_TABLE_START = 2, /* maps.(*Map).growToTable(m, typ) */
	GM_ROLE_REHASH_START = 3,   /* maps.(*table).rehash(t, typ, m) */
	GM_ROLE_SWISS_END = 4,	    /* growToTable, grow or split is done */
	GM_ROLE_EVACUATE = 5,	    /* runtime.evacuate*(t, h, oldbucket) */
	GM_ROLE_PRUNE_START = 6,    /* maps.(*table).pruneTombstones(t, typ, m) */
	GM_ROLE_PRUNE_END = 7,	    /* it returns */
	GM_ROLE_CLASSIC_ASSIGN = 8, /* runtime.mapassign*(t, h, …) */
	GM_ROLE_SWISS_ASSIGN = 9,   /* runtime.mapassign*(typ, m, …) */
	GM_ROLE_ECHO = 10,	    /* some instructions after a start: see sample.bpf.c */
	GM_ROLE_COUNT = 11,
};

/* Kinds of growth, as CONTRACT names them. 0 = unknown. */
enum gm_kind {
	GM_KIND_UNKNOWN = 0,
	GM_KIND_DOUBLE = 1,
	GM_KIND_SAME_SIZE = 2,
	GM_KIND_TO_TABLE = 3,
	GM_KIND_TABLE_DOUBLE = 4,
	GM_KIND_SPLIT = 5,
	GM_KIND_COUNT = 6,
};

/* When a hit counts. */
enum gm_rule {
	GM_RULE_ALWAYS = 0,
	/*
	 * The site is the stack check's branch: not when it will be taken. amd64,
	 * jbe: CF or ZF is set. arm64, b.ls: C is clear or Z is set.
	 */
	GM_RULE_UNLESS_BRANCH_TAKEN = 1,
};

/* Where a value is when a site is hit. */
struct gm_location {
	__u32 where; /* a register by the hardware's number, or as above */
	__s32 displacement;
};

/* What becomes of a site's probe. */
enum gm_going {
	GM_STAYS = 0,
	GM_STARTS_GO = 1, /* of an end: starts may be closed, what ends may be another */
	GM_CLOSED = 2,	  /* hits count no more */
};

/*
 * One probe site; its index is the low half of the attachment's cookie.
 *
 * The programs are built for one machine, and get sites of programs for that one only:
 * bpf/registers.bpf.h has what differs. In brackets: arm64.
 */
struct gm_site {
	__u64 address; /* as in the file: ip - address is the load bias */
	__u32 binary;  /* user space's number of the binary */
	__u8 role;     /* enum gm_role */
	__u8 rule;     /* enum gm_rule */
	/* rbp (x29) is this function's frame; else the caller's, and [rsp] (x30) returns. */
	__u8 frame_linked;
	/* Go <= 1.16 (1.17): arguments at [rsp+8]… ([sp+8]…); amd64: g in TLS. */
	__u8 stack_abi;
	__u8 located;	   /* CLASSIC_START: arguments at type_at, hmap_at */
	__u8 end_kind;	   /* SWISS_END: enum gm_kind of what ends here */
	__u16 goid_offset; /* in runtime.g */
	__u16 load_factor; /* classic: keys a pair of buckets holds, 13 or 12 */
	__u8 going;	   /* enum gm_going */
	__u8 pad;
	struct gm_location type_at; /* CLASSIC_END, CLASSIC_START if located */
	struct gm_location hmap_at;
	__s64 tls_g_offset; /* amd64, stack_abi: of g from the thread pointer */
	__u64 types;	    /* type descriptors that the linker made: [types, etypes) */
	__u64 etypes;
};

/* Identifies a growth under way. */
struct gm_growth_id {
	__u32 tgid;
	__u32 kind; /* enum gm_growth_id_kind */
	__u64 a;
	__u64 b;
};

enum gm_growth_id_kind {
	GM_ID_HEAP = 1,	 /* a: address of the hmap */
	GM_ID_STACK = 2, /* a: goid, b: distance from the top of its stack */
	GM_ID_G = 3,	 /* a: address of the g: a Swiss growth is one call */
	GM_ID_PRUNE = 4, /* a: address of the g: a prune is one call */
};

/*
 * Key of the exact counters. The old size is part of it, so that bytes follow
 * from the counters alone. Addresses are file addresses (load bias taken off).
 */
struct gm_counter_key {
	__u32 tgid;
	__u8 kind;     /* enum gm_kind */
	__u8 old_log2; /* classic: old B; Swiss: log2 of the table's slots */
	__u16 pad;
	__u64 type;  /* the map's type descriptor, 0 unknown */
	__u64 stack; /* id in gm_stacks, 0 unknown */
};

struct gm_counter {
	__u64 started;
	__u64 finished;
	__u64 finished_only; /* began before tracing */
	__u64 duration_ns;   /* sum over finished */
	__u64 max_duration_ns;
	__u64 max_keys;	 /* of the whole map */
	__u64 evacuated; /* old buckets moved, where they are probed */
	__u64 pruned;	 /* tombstones removed, likewise */
	__u64 bias;	 /* load bias of the process's executable */
	__u32 binary;
	__u32 pad;
	/* Of finished ones. They wrap around: take differences. */
	__u32 durations[GM_DURATION_BUCKETS];
};

struct gm_stack {
	__u32 count;		  /* of pcs; 0 while it is being filled */
	__u32 truncated;	  /* there were more */
	__u64 pcs[GM_MAX_FRAMES]; /* return addresses less the load bias */
};

/*
 * A map type that reflect.MapOf made at run time: its record lies in the heap
 * and goes with the process, so what names and sizes it is kept here.
 */
struct gm_type_key {
	__u64 type; /* address less the load bias */
	__u32 tgid;
	__u32 pad;
};

#define GM_TYPE_BYTES 136 /* runtime's map type, its longest form */
#define GM_TYPE_PREFIX 88 /* its shortest */
#define GM_RTYPE_BYTES 48 /* abi.Type */

struct gm_type {
	__u32 complete; /* 0 while it is being filled */
	__u32 pad;
	__u64 bias;
	__u64 key; /* addresses of the parts' records, as in memory */
	__u64 elem;
	__u64 unit; /* bucket or group */
	__u8 record[GM_TYPE_BYTES];
	__u8 key_record[GM_RTYPE_BYTES];
	__u8 elem_record[GM_RTYPE_BYTES];
	__u8 unit_record[GM_RTYPE_BYTES];
};

struct gm_open {
	__u64 start_ns;
	__u64 evacuated; /* classic: old buckets moved so far, where probed */
	__u64 table;	 /* prune: the table */
	__u64 go_map;
	__u64 seed;
	__u64 goid;
	struct gm_counter_key key;
	__u32 flags; /* GM_FLAG_ON_STACK: where the map lies does not change */
	__u32 pad;
};

/* gm_listed: no process is in gm_targets. */
#define GM_NOBODY_LISTED 0xffffffffu

/*
 * Where one goroutine keeps its Swiss growth while that is under way: see
 * bpf/open.bpf.h. Who makes `users` 1 has the slot.
 */
#define GM_SLOTS 1024
struct gm_slot {
	__u64 users;
	__u64 g;
	__u32 tgid; /* 0: nobody has it */
	__u32 pad;
	struct gm_open open;
	__u64 rest[3]; /* of two cache lines */
};

/* gm_record.flags, gm_assign.flags */
#define GM_FLAG_ON_STACK 1u	   /* the map lies on its goroutine's stack */
#define GM_FLAG_BEGAN_BEFORE 2u	   /* FINISHED without its start */
#define GM_FLAG_DIRECTORY_GROWS 4u /* SPLIT: localDepth == globalDepth */

/* In a window of growths, one in so many is described. */
#define GM_SAMPLE_DESCRIBED 64

/* What a window counted of a process. */
struct gm_sampled {
	__u64 starts;	/* of growths */
	__u64 echoes;	/* hits that measure what a hit costs: see sample.bpf.c */
	__u64 echoed;	/* those of them that followed their start at once */
	__u64 echo_ns;	/* the time from start to echo, all of these together */
	__u64 clock_ns; /* what reading the clock took of that */
};

/* What was described in a window, under the key that an exact counter would have. */
struct gm_sample {
	__u64 described;
	__u64 max_keys;
	__u32 binary;
	__u32 pad;
};

/*
 * Key of a window's assignments. A thread has rows of its own: nobody else adds
 * to them, and what the probes cost it can be put right by its own pace.
 */
struct gm_assign_key {
	__u64 type;   /* the map's type descriptor, less the load bias */
	__u64 caller; /* return address into the assigning code, likewise */
	__u64 go_map; /* address of the hmap or Map; 0 with seed 0: not kept */
	__u64 seed;
	__u32 tgid;
	__u32 tid;
};

struct gm_assign {
	__u64 hits;
	__u64 bias;
	__u32 binary;
	__u32 flags; /* GM_FLAG_ON_STACK, as at the row's first hit */
};

/*
 * A thread's pace within a window: the gaps between its assignments in which it
 * was not switched out, so that all of them is running time.
 */
struct gm_assign_thread {
	__u64 gaps;
	__u64 gap_ns;
	__u64 last_ns;	/* of its last hit, CLOCK_MONOTONIC */
	__u64 switches; /* its context switches until then */
};

enum gm_record_kind {
	GM_RECORD_STARTED = 1,
	GM_RECORD_FINISHED = 2,
	GM_RECORD_EVACUATED = 3, /* keys: old bucket; go_map_keys: moved so far, 0 unknown */
	GM_RECORD_PRUNED = 4,	 /* keys: tombstones removed */
};

struct gm_record {
	__u32 kind; /* enum gm_record_kind */
	__u32 size;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 tgid;
	__u32 tid;
	__u64 goid;
	__u64 go_map; /* address of the hmap or Map */
	__u64 seed;
	__u64 bias;
	__u64 keys;	   /* classic: in the map; Swiss: in the table concerned */
	__u64 go_map_keys; /* in the whole map */
	__u64 duration_ns; /* FINISHED with its start */
	struct gm_counter_key key;
	__u32 binary;
	__u16 overflow_buckets; /* classic */
	__u16 flags;
};

enum gm_process_change {
	GM_PROCESS_EXEC = 1, /* it runs another executable from now on */
	GM_PROCESS_EXIT = 2, /* its last thread has ended */
	GM_PROCESS_FORK = 3, /* it is new, and runs what its parent runs */
};

struct gm_process_event {
	__u32 change; /* enum gm_process_change */
	__u32 tgid;
	__u32 parent; /* GM_PROCESS_FORK: who forked; else 0 */
	__u32 pad;
};

/* Where a program without cookies has its site's number: any constant found nowhere else. */
#define GM_SITE_OF_COPY 0x67736974

/* Reasons for which a hit is not counted or a record not sent; and totals. */
enum gm_stat {
	GM_STAT_HITS_START = 0,
	GM_STAT_HITS_END = 1,
	GM_STAT_BRANCH_TAKEN = 2, /* left to morestack, will come again */
	GM_STAT_FILTERED = 3,	  /* another process, or not yet (or no longer) on */
	GM_STAT_NO_SITE = 4,	  /* cookie without a site: never expected */
	GM_STAT_FAULT = 5,	  /* the target's memory could not be read */
	GM_STAT_COUNTED = 6,
	GM_STAT_SUBMITTED = 7,
	GM_STAT_RING_FULL = 8,
	GM_STAT_COUNTERS_FULL = 9, /* counted under its process and kind alone */
	GM_STAT_OPEN_FULL = 10,	   /* start not remembered: its end looks like an older one's */
	GM_STAT_STACKS_FULL = 11,
	GM_STAT_STACK_FAULT = 12,    /* a stack ended at unreadable memory */
	GM_STAT_UNCOUNTED = 13,	     /* not even that could be kept */
	GM_STAT_RESTARTED = 14,	     /* a classic start while one is open: dropped before */
	GM_STAT_TYPES_FULL = 15,     /* a run-time type that could not be kept */
	GM_STAT_HITS_EVACUATE = 16,  /* and of prunes */
	GM_STAT_ALREADY_MOVED = 17,  /* evacuate called on a moved bucket */
	GM_STAT_NOTHING_PRUNED = 18, /* a prune began, or ended without effect */
	GM_STAT_HITS_ASSIGN = 19,
	GM_STAT_ASSIGNS_FULL = 20, /* an assignment counted without its map's address */
	GM_STAT_THREADS_FULL = 21, /* a thread whose pace is not kept */
	/* A Swiss growth, which is one call, that ended as another kind than it began,
	 * or not at all: grow + split = rehash does not hold. */
	GM_STAT_IMPOSSIBLE = 22,
	GM_STAT_COUNT = 23,
};

#ifdef __cplusplus
static_assert(sizeof(struct gm_site) == 64);
static_assert(sizeof(struct gm_growth_id) == 24);
static_assert(sizeof(struct gm_counter_key) == 24);
static_assert(sizeof(struct gm_counter) == 136);
static_assert(sizeof(struct gm_record) == 112);
static_assert(sizeof(struct gm_slot) == 128);
static_assert(sizeof(struct gm_sampled) == 40);
static_assert(sizeof(struct gm_sample) == 24);
static_assert(sizeof(struct gm_assign_key) == 40);
static_assert(sizeof(struct gm_assign) == 24);
static_assert(sizeof(struct gm_assign_thread) == 32);
#endif

#endif
