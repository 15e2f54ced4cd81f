/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/* The BPF maps of the growth programs. */
#ifndef GOMAPD_TABLES_BPF_H
#define GOMAPD_TABLES_BPF_H

/* Sizes are defaults; user space sets them before loading. */

/* The exact counters. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct gm_counter_key);
	__type(value, struct gm_counter);
} gm_counters SEC(".maps");

/*
 * Where growths are counted once gm_counters is full: by process, kind and old
 * size alone, so that totals stay exact.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct gm_counter_key);
	__type(value, struct gm_counter);
} gm_rest SEC(".maps");

/* A zero counter: what a new one is made from, too large for a program's own stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gm_counter);
} gm_empty_counter SEC(".maps");

/* Map types made at run time. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct gm_type_key);
	__type(value, struct gm_type);
} gm_types SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gm_type);
} gm_empty_type SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} gm_ring SEC(".maps");

#endif
