/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copyright The gomapd Authors */
/* Keeping the records of map types that the program made at run time. */
#ifndef GOMAPD_TYPE_BPF_H
#define GOMAPD_TYPE_BPF_H

/* go1.15 to go1.27: key, elem and bucket or group follow the common record. */
struct gm_type_parts {
	__u64 key;
	__u64 elem;
	__u64 unit;
};

static __always_inline void gm_fill_type(struct gm_type *kept, __u64 type, __u64 bias)
{
	struct gm_type_parts parts = {};

	kept->bias = bias;
	if (gm_read(kept->record, GM_TYPE_PREFIX, type) ||
	    gm_read(&parts, sizeof(parts), type + GM_RTYPE_BYTES))
		return;
	/* Only the longest form has these; past a shorter one's end anything lies. */
	gm_read(kept->record + GM_TYPE_PREFIX, GM_TYPE_BYTES - GM_TYPE_PREFIX,
		type + GM_TYPE_PREFIX);
	kept->key = parts.key;
	kept->elem = parts.elem;
	kept->unit = parts.unit;
	gm_read(kept->key_record, GM_RTYPE_BYTES, parts.key);
	gm_read(kept->elem_record, GM_RTYPE_BYTES, parts.elem);
	gm_read(kept->unit_record, GM_RTYPE_BYTES, parts.unit);
	kept->complete = 1;
}

/* Keeps `type`, as in memory, unless the executable itself holds it. */
static __always_inline void gm_keep_type(const struct gm_hit *hit, __u64 type)
{
	struct gm_type_key key = {};
	struct gm_type *kept;
	__u32 zero = 0;
	void *empty;

	key.type = type - hit->bias;
	if (!type || (key.type >= hit->site->types && key.type < hit->site->etypes))
		return;
	key.tgid = hit->tgid;
	if (bpf_map_lookup_elem(&gm_types, &key))
		return;
	empty = bpf_map_lookup_elem(&gm_empty_type, &zero);
	if (!empty)
		return;
	bpf_map_update_elem(&gm_types, &key, empty, BPF_NOEXIST);
	kept = bpf_map_lookup_elem(&gm_types, &key);
	if (!kept) {
		gm_count(GM_STAT_TYPES_FULL);
		return;
	}
	gm_fill_type(kept, type, hit->bias);
}

#endif
