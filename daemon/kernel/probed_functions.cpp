// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "daemon/kernel/probed_functions.h"

// In assembly, so that the first instruction is the one that we want, and the
// registers hold what a Go function's arguments would.

#if defined(__x86_64__)

asm(R"(
  .text
  .macro gomapd_probed name, first, second
  .p2align 4
  .type gomapd_\name\()_function, @function
gomapd_\name\()_function:
  \first
  \second
  ret
  .size gomapd_\name\()_function, . - gomapd_\name\()_function

  .globl gomapd_\name\()_address
  .type gomapd_\name\()_address, @function
gomapd_\name\()_address:
  lea gomapd_\name\()_function(%rip), %rax
  ret
  .size gomapd_\name\()_address, . - gomapd_\name\()_address

  .globl gomapd_call_\name
  .type gomapd_call_\name, @function
gomapd_call_\name:
  push %rbx
  mov %rsi, %rbx
  mov %rsi, %rax
0:
  call gomapd_\name\()_function
  dec %rdi
  jnz 0b
  pop %rbx
  ret
  .size gomapd_call_\name, . - gomapd_call_\name
  .endm

  gomapd_probed emulated, "push %rbp", "pop %rbp"
  gomapd_probed ended, "push %rbp", "pop %rbp"
  # linux arch/x86/kernel/uprobes.c emulates pushes, jumps, calls and nops.
  gomapd_probed stepped, "mov %rbx, %rbx"

  # As Go would call them: g in r14, frames linked by rbp.
  .globl gomapd_call_growth
  .type gomapd_call_growth, @function
gomapd_call_growth:
  push %rbx
  push %rbp
  push %r14
  mov %rsi, %rax
  mov %rsi, %rbx
  mov %rsi, %r14
  mov %rdx, %rbp
0:
  call gomapd_emulated_function
  call gomapd_ended_function
  dec %rdi
  jnz 0b
  pop %r14
  pop %rbp
  pop %rbx
  ret
  .size gomapd_call_growth, . - gomapd_call_growth
)");

#elif defined(__aarch64__)

// hint #34 is `bti c`: where -mbranch-protection asks for it, indirect calls may end here.
asm(R"(
  .text
  .macro gomapd_probed name, first, second
  .p2align 4
  .type gomapd_\name\()_function, %function
gomapd_\name\()_function:
  \first
  \second
  .size gomapd_\name\()_function, . - gomapd_\name\()_function

  .globl gomapd_\name\()_address
  .type gomapd_\name\()_address, %function
gomapd_\name\()_address:
  hint #34
  adr x0, gomapd_\name\()_function
  ret
  .size gomapd_\name\()_address, . - gomapd_\name\()_address

  .globl gomapd_call_\name
  .type gomapd_call_\name, %function
gomapd_call_\name:
  hint #34
  stp x29, x30, [sp, #-32]!
  mov x29, sp
  str x19, [sp, #16]
  mov x19, x0
  mov x0, x1
0:
  bl gomapd_\name\()_function
  subs x19, x19, #1
  b.ne 0b
  ldr x19, [sp, #16]
  ldp x29, x30, [sp], #32
  ret
  .size gomapd_call_\name, . - gomapd_call_\name
  .endm

  // linux arch/arm64/kernel/probes/decode-insn.c emulates branches and returns: a
  // growth's start is the stack check's b.ls, its end a ret. Taken or not, this one
  // goes to the same place.
  gomapd_probed emulated, "b.ls 1f", "1: ret"
  gomapd_probed ended, "ret", ""
  gomapd_probed stepped, "mov x1, x1", "ret"

  // As Go would call them: g in x28, frames linked by x29.
  .globl gomapd_call_growth
  .type gomapd_call_growth, %function
gomapd_call_growth:
  hint #34
  stp x29, x30, [sp, #-32]!
  stp x19, x28, [sp, #16]
  mov x19, x0
  mov x0, x1
  mov x28, x1
  mov x29, x2
0:
  bl gomapd_emulated_function
  bl gomapd_ended_function
  subs x19, x19, #1
  b.ne 0b
  ldp x19, x28, [sp, #16]
  ldp x29, x30, [sp], #32
  ret
  .size gomapd_call_growth, . - gomapd_call_growth
)");

#else
#error "no probes on this machine: bpf/registers.bpf.h knows amd64 and arm64"
#endif
