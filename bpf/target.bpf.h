/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/* Reading the traced program: who it is, its registers, its goroutine. */
#ifndef GOMAPD_TARGET_BPF_H
#define GOMAPD_TARGET_BPF_H

#include "bpf/current.bpf.h"

/* What every program knows of a hit that counts. */
struct gm_hit {
	const struct gm_site *site;
	__u64 g;
	__u64 bias;
	__u32 tgid;
	__u32 tid;
};

/* What a record says of a goroutine. */
struct gm_goroutine {
	__u64 stack_lo;
	__u64 stack_hi;
	__u64 goid;
};

/*
 * runtime.g, as far as goid (go1.15 to go1.27 runtime2.go): one read of it costs much
 * less than two reads of what is wanted.
 */
struct gm_g {
	__u64 stack_lo;
	__u64 stack_hi;
	__u64 between[17];
	__u64 goid;	 /* at 152 */
	__u64 goid_1_23; /* at 160: go1.23 and go1.24 */
};

static __always_inline int gm_read(void *to, __u32 size, __u64 address)
{
	return bpf_probe_read_user(to, size, (const void *)address);
}

#include "bpf/registers.bpf.h"

/* A growth function's first arguments, as they were at its entry. */
struct gm_arguments {
	__u64 first;
	__u64 second;
	__u64 third;
};

static __always_inline int gm_read_location(const struct pt_regs *ctx,
					    const struct gm_location *location, __u64 *value)
{
	if (location->where == GM_LOCATION_STACK)
		return gm_read(value, sizeof(*value), gm_sp(ctx) + location->displacement);
	*value = gm_register(ctx, (__u8)location->where);
	return 0;
}

static __always_inline int gm_read_arguments(const struct pt_regs *ctx, const struct gm_site *site,
					     struct gm_arguments *arguments)
{
	if (site->stack_abi)
		return gm_read(arguments, sizeof(*arguments), gm_sp(ctx) + 8);
	/* A copy inlined into another function. */
	if (site->located)
		return gm_read_location(ctx, &site->type_at, &arguments->first) ||
		       gm_read_location(ctx, &site->hmap_at, &arguments->second);
	arguments->first = gm_first_argument(ctx);
	arguments->second = gm_second_argument(ctx);
	arguments->third = gm_third_argument(ctx);
	return 0;
}

/*
 * Which of gm_sites. A program that has no cookies runs in copies, one for each site;
 * user space writes the site's number over GM_SITE_OF_COPY in it. Opaque to clang,
 * which would compute with it.
 */
static __always_inline __u32 gm_site_index(struct pt_regs *ctx)
{
	__u64 index;

	if (gm_has_cookies)
		return (__u32)bpf_get_attach_cookie(ctx);
	asm volatile("%0 = %1 ll" : "=r"(index) : "i"(GM_SITE_OF_COPY));
	return (__u32)index;
}

/* Counts the hit, and says whether it is one to go on with. */
static __always_inline bool gm_accept(struct pt_regs *ctx, __u32 hits, struct gm_hit *hit)
{
	__u32 index = gm_site_index(ctx);
	const struct gm_site *site;

	gm_keep_to_kernel_stack(ctx);
	gm_count(hits);
	gm_current(&hit->tgid, &hit->tid);
	if (!gm_active || !gm_is_target(hit->tgid)) {
		gm_count(GM_STAT_FILTERED);
		return false;
	}
	site = bpf_map_lookup_elem(&gm_sites, &index);
	if (!site || !site->address) {
		gm_count(GM_STAT_NO_SITE);
		return false;
	}
	if (site->going == GM_CLOSED) {
		gm_count(GM_STAT_FILTERED);
		return false;
	}
	if (site->rule == GM_RULE_UNLESS_BRANCH_TAKEN && gm_branch_is_taken(ctx)) {
		gm_count(GM_STAT_BRANCH_TAKEN);
		return false;
	}
	hit->site = site;
	hit->bias = gm_pc(ctx) - site->address;
	hit->g = gm_current_g(ctx, site);
	return true;
}

static __always_inline __u64 gm_goid(const struct gm_hit *hit)
{
	__u64 goid = 0;

	gm_read(&goid, sizeof(goid), hit->g + hit->site->goid_offset);
	return goid;
}

/* All zero where it can't be read. */
static __always_inline void gm_read_goroutine(const struct gm_hit *hit,
					      struct gm_goroutine *goroutine)
{
	struct gm_g g;

	if (gm_read(&g, sizeof(g), hit->g))
		return;
	goroutine->stack_lo = g.stack_lo;
	goroutine->stack_hi = g.stack_hi;
	if (hit->site->goid_offset == __builtin_offsetof(struct gm_g, goid))
		goroutine->goid = g.goid;
	else if (hit->site->goid_offset == __builtin_offsetof(struct gm_g, goid_1_23))
		goroutine->goid = g.goid_1_23;
	else
		goroutine->goid = gm_goid(hit);
}

/* Whether an address lies on the goroutine's stack. */
static __always_inline bool gm_on_stack(const struct gm_goroutine *goroutine, __u64 address)
{
	return address >= goroutine->stack_lo && address < goroutine->stack_hi;
}

#endif
