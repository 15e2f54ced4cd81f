/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/*
 * Where Go keeps what the programs want to know: all of it that differs between
 * machines. go1.17 to go1.27 src/cmd/compile/abi-internal.md.
 */
#ifndef GOMAPD_REGISTERS_BPF_H
#define GOMAPD_REGISTERS_BPF_H

/*
 * One load of a context field at a constant offset, opaque to clang: it would
 * merge the loads of several branches into one through a computed pointer,
 * which the verifier refuses.
 */
#ifdef __bpf__
#define GM_LOAD(value, ctx, field)                                                                 \
	asm volatile("%0 = *(u64 *)(%1 + %2)"                                                      \
		     : "=r"(value)                                                                 \
		     : "r"(ctx), "i"(__builtin_offsetof(struct pt_regs, field)))
#else /* a test's compiler */
#define GM_LOAD(value, ctx, field) ((value) = (ctx)->field)
#endif

#define GM_CASE(number, field)                                                                     \
	case number:                                                                               \
		GM_LOAD(value, ctx, field);                                                        \
		break

#if defined(__TARGET_ARCH_x86)

/* A call leaves its return address on the stack. */
#define GM_HAS_LINK_REGISTER 0
/* Stores are seen in the order in which they are made: see bpf/open.bpf.h. */
#define GM_HAS_ORDERED_STORES 1

static __always_inline __u64 gm_link_register(const struct pt_regs *ctx)
{
	return 0;
}

static __always_inline __u64 gm_pc(const struct pt_regs *ctx)
{
	return ctx->ip;
}

static __always_inline __u64 gm_sp(const struct pt_regs *ctx)
{
	return ctx->sp;
}

static __always_inline __u64 gm_frame_pointer(const struct pt_regs *ctx)
{
	return ctx->bp;
}

/* Of a function that gets its arguments in registers, at its entry. */
static __always_inline __u64 gm_first_argument(const struct pt_regs *ctx)
{
	return ctx->ax;
}

static __always_inline __u64 gm_second_argument(const struct pt_regs *ctx)
{
	return ctx->bx;
}

static __always_inline __u64 gm_third_argument(const struct pt_regs *ctx)
{
	return ctx->cx;
}

/* Whether the stack check's branch, jbe, will be taken: CF or ZF is set (Intel SDM
 * vol. 2A, Jcc). */
static __always_inline bool gm_branch_is_taken(const struct pt_regs *ctx)
{
	return ctx->flags & 0x41;
}

/* Go <= 1.16 has it in thread-local storage. */
static __always_inline __u64 gm_current_g(const struct pt_regs *ctx, const struct gm_site *site)
{
	struct task_struct *task;
	__u64 g;

	GM_LOAD(g, ctx, r14);
	if (!site->stack_abi)
		return g;
	task = (struct task_struct *)bpf_get_current_task();
	gm_read(&g, sizeof(g), BPF_CORE_READ(task, thread.fsbase) + site->tls_g_offset);
	return g;
}

/* By the hardware's number: rax 0, rcx 1, rdx 2, rbx 3, rsp 4, … r15 15. */
static __always_inline __u64 gm_register(const struct pt_regs *ctx, __u8 number)
{
	__u64 value = 0;

	switch (number) {
		GM_CASE(0, ax);
		GM_CASE(1, cx);
		GM_CASE(2, dx);
		GM_CASE(3, bx);
		GM_CASE(5, bp);
		GM_CASE(6, si);
		GM_CASE(7, di);
		GM_CASE(8, r8);
		GM_CASE(9, r9);
		GM_CASE(10, r10);
		GM_CASE(11, r11);
		GM_CASE(12, r12);
		GM_CASE(13, r13);
		GM_CASE(14, r14);
		GM_CASE(15, r15);
	}
	return value;
}

#elif defined(__TARGET_ARCH_arm64)

/* bl leaves its return address in x30. */
#define GM_HAS_LINK_REGISTER 1
#define GM_HAS_ORDERED_STORES 0

static __always_inline __u64 gm_link_register(const struct pt_regs *ctx)
{
	__u64 value;

	GM_LOAD(value, ctx, regs[30]);
	return value;
}

static __always_inline __u64 gm_pc(const struct pt_regs *ctx)
{
	__u64 value;

	GM_LOAD(value, ctx, pc);
	return value;
}

static __always_inline __u64 gm_sp(const struct pt_regs *ctx)
{
	__u64 value;

	GM_LOAD(value, ctx, sp);
	return value;
}

/*
 * go1.15 to go1.27 cmd/internal/obj/arm64/obj7.go: preprocess. x29 points to where the
 * caller's is saved, right below the return address, as rbp does.
 */
static __always_inline __u64 gm_frame_pointer(const struct pt_regs *ctx)
{
	__u64 value;

	GM_LOAD(value, ctx, regs[29]);
	return value;
}

static __always_inline __u64 gm_first_argument(const struct pt_regs *ctx)
{
	__u64 value;

	GM_LOAD(value, ctx, regs[0]);
	return value;
}

static __always_inline __u64 gm_second_argument(const struct pt_regs *ctx)
{
	__u64 value;

	GM_LOAD(value, ctx, regs[1]);
	return value;
}

static __always_inline __u64 gm_third_argument(const struct pt_regs *ctx)
{
	__u64 value;

	GM_LOAD(value, ctx, regs[2]);
	return value;
}

/* b.ls: C is clear or Z is set (Arm ARM, C1.2.4). linux
 * arch/arm64/include/uapi/asm/ptrace.h: PSR_Z_BIT, PSR_C_BIT */
static __always_inline bool gm_branch_is_taken(const struct pt_regs *ctx)
{
	__u64 flags;

	GM_LOAD(flags, ctx, pstate);
	return (flags & 0x60000000) != 0x20000000;
}

/* x28 in every release: go1.15 to go1.27 cmd/internal/obj/arm64/a.out.go: REGG */
static __always_inline __u64 gm_current_g(const struct pt_regs *ctx, const struct gm_site *site)
{
	__u64 value;

	GM_LOAD(value, ctx, regs[28]);
	return value;
}

/* x0 to x30. */
static __always_inline __u64 gm_register(const struct pt_regs *ctx, __u8 number)
{
	__u64 value = 0;

	switch (number) {
		GM_CASE(0, regs[0]);
		GM_CASE(1, regs[1]);
		GM_CASE(2, regs[2]);
		GM_CASE(3, regs[3]);
		GM_CASE(4, regs[4]);
		GM_CASE(5, regs[5]);
		GM_CASE(6, regs[6]);
		GM_CASE(7, regs[7]);
		GM_CASE(8, regs[8]);
		GM_CASE(9, regs[9]);
		GM_CASE(10, regs[10]);
		GM_CASE(11, regs[11]);
		GM_CASE(12, regs[12]);
		GM_CASE(13, regs[13]);
		GM_CASE(14, regs[14]);
		GM_CASE(15, regs[15]);
		GM_CASE(16, regs[16]);
		GM_CASE(17, regs[17]);
		GM_CASE(18, regs[18]);
		GM_CASE(19, regs[19]);
		GM_CASE(20, regs[20]);
		GM_CASE(21, regs[21]);
		GM_CASE(22, regs[22]);
		GM_CASE(23, regs[23]);
		GM_CASE(24, regs[24]);
		GM_CASE(25, regs[25]);
		GM_CASE(26, regs[26]);
		GM_CASE(27, regs[27]);
		GM_CASE(28, regs[28]);
		GM_CASE(29, regs[29]);
		GM_CASE(30, regs[30]);
	}
	return value;
}

#else
#error "which machine's registers? define __TARGET_ARCH_x86 or __TARGET_ARCH_arm64"
#endif

#endif
