/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * An MMDB is a binary tree over the bits of an address. It is walked once, depth first, and each
 * leaf becomes a prefix of our own table, so nothing of it is read when events come. The IPv4 tree
 * of a database for both families hangs at ::/96; other entrances to it (such as 6to4) lead to the
 * same nodes and are passed over. A damaged file could lead in circles: depth ends at the number of
 * bits, and the number of nodes visited at a few times of those there are.
 */
#include "pipe/lookup_internal.h"

#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK	 "\xab\xcd\xefMaxMind.com"
#define MARK_IN	 (128 << 10) /* it stands within the last 128 KiB */
#define DATA_MAX 4000000u    /* distinct records of a database */
#define NOTHING	 UINT32_MAX  /* a record without what we look for */
#define EMPTY	 UINT32_MAX  /* no offset */

struct walk {
	struct kr_lookup_build *b;
	MMDB_s *db;
	uint8_t bits[16];
	uint64_t visits, visits_max;
	unsigned depth_max;
	bool v4_inside;	  /* the tree of IPv6 holds the one of IPv4 */
	uint32_t *offset; /* hash table: where a record lies in the data */
	uint32_t *value;  /* and what it stands for */
	uint32_t size, n;
};

static const uint8_t zeros[12];

bool kr_lookup__is_mmdb(int fd)
{
	struct stat st;
	char *tail;
	ssize_t n;
	off_t from;
	bool found;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	from = st.st_size > MARK_IN ? st.st_size - MARK_IN : 0;
	tail = kr_xmalloc(MARK_IN);
	n = pread(fd, tail, MARK_IN, from);
	found = n > 0 && memmem(tail, (size_t)n, MARK, sizeof(MARK) - 1);
	free(tail);
	return found;
}

static bool get_text(MMDB_entry_s *entry, struct kr_str *ret, const char *const *path)
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, path) || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return false;
	*ret = kr_str_n(data.utf8_string, data.data_size);
	return true;
}

static uint32_t country_of(MMDB_entry_s *entry)
{
	static const char *const paths[][3] = {{"country", "iso_code"},
					       {"country_code"},
					       {"country"},
					       {"registered_country", "iso_code"}};
	struct kr_str code;
	uint32_t value;

	for (size_t i = 0; i < KR_ARRAY_LEN(paths); i++)
		if (get_text(entry, &code, paths[i]))
			return kr_lookup__cc(code, &value) ? NOTHING : value;
	return NOTHING;
}

static uint32_t as_of(struct kr_lookup_build *b, MMDB_entry_s *entry)
{
	static const char *const number_path[] = {"autonomous_system_number", NULL};
	static const char *const asn_path[] = {"asn", NULL};
	static const char *const names[][2] = {
		{"autonomous_system_organization"}, {"as_name"}, {"name"}};
	struct kr_str text, name = KR_STR("");
	MMDB_entry_data_s data;
	uint64_t number = 0;
	uint32_t value;

	if (!MMDB_aget_value(entry, &data, number_path) && data.has_data &&
	    data.type == MMDB_DATA_TYPE_UINT32) {
		number = data.uint32;
	} else if (get_text(entry, &text, asn_path)) {
		text = kr_str_istarts(text, KR_STR("AS")) ? kr_str_from(text, 2) : text;
		if (kr_str_u64(text, &number))
			return NOTHING;
	}
	for (size_t i = 0; i < KR_ARRAY_LEN(names); i++)
		if (get_text(entry, &name, names[i]))
			break;
	return kr_lookup__as(b, number, name, &value) ? NOTHING : value;
}

static uint32_t place_of(const struct walk *w, uint32_t offset)
{
	uint32_t h = offset * 0x9e3779b1u, at = (h ^ h >> 15) & (w->size - 1);

	while (w->offset[at] != EMPTY && w->offset[at] != offset)
		at = (at + 1) & (w->size - 1);
	return at;
}

static void values_grow(struct walk *w)
{
	uint32_t old = w->size, *value = w->value, *offset = w->offset;

	if (w->n * 2 < w->size)
		return;
	w->size = old ? old * 2 : 4096;
	w->value = kr_xcalloc(w->size, sizeof(*w->value));
	w->offset = kr_xcalloc(w->size, sizeof(*w->offset));
	memset(w->offset, 0xff, (size_t)w->size * sizeof(*w->offset));
	for (uint32_t i = 0; i < old; i++) {
		uint32_t at = offset[i] == EMPTY ? 0 : place_of(w, offset[i]);

		if (offset[i] == EMPTY)
			continue;
		w->offset[at] = offset[i];
		w->value[at] = value[i];
	}
	free(value);
	free(offset);
}

/* Records are shared by many leaves: each is decoded once. */
static uint32_t value_of(struct walk *w, MMDB_entry_s *entry)
{
	uint32_t at;

	values_grow(w);
	at = place_of(w, entry->offset);
	if (w->offset[at] == EMPTY) {
		w->offset[at] = entry->offset;
		w->value[at] = w->b->kind == KR_LOOKUP_ASN ? as_of(w->b, entry) : country_of(entry);
		kr_arena_clear(w->b->arena);
		w->n++;
	}
	return w->value[at];
}

static int leaf(struct walk *w, MMDB_entry_s *entry, unsigned depth)
{
	struct kr_ip net = {.family = 6, .plen = (uint8_t)depth};
	uint32_t value;

	if (w->n > DATA_MAX || entry->offset == EMPTY)
		return -KR_ELIMIT;
	value = value_of(w, entry);
	if (value == NOTHING)
		return 0;
	if (w->depth_max == 32) {
		net.family = 4;
		memcpy(net.b, w->bits, 4);
	} else if (w->v4_inside && depth >= 96 && !memcmp(w->bits, zeros, sizeof(zeros))) {
		net.family = 4;
		net.plen = (uint8_t)(depth - 96);
		memcpy(net.b, w->bits + 12, 4);
	} else {
		memcpy(net.b, w->bits, 16);
	}
	return kr_iptable_add_net(w->b->table, &net, value);
}

static int descend(struct walk *w, uint32_t node, unsigned depth);

static int branch(struct walk *w, uint8_t type, uint64_t record, MMDB_entry_s *entry,
		  unsigned depth)
{
	switch (type) {
	case MMDB_RECORD_TYPE_SEARCH_NODE: return descend(w, (uint32_t)record, depth);
	case MMDB_RECORD_TYPE_DATA: return leaf(w, entry, depth);
	case MMDB_RECORD_TYPE_EMPTY: return 0;
	default: return -KR_ECORRUPT;
	}
}

/* At most 128 deep, so the stack is bounded. */
static int descend(struct walk *w, uint32_t node, unsigned depth)
{
	MMDB_search_node_s s;
	int err;

	if (depth >= w->depth_max || ++w->visits > w->visits_max)
		return -KR_ECORRUPT;
	if (w->v4_inside && node == w->db->ipv4_start_node.node_value &&
	    (depth != 96 || memcmp(w->bits, zeros, sizeof(zeros))))
		return 0; /* another entrance to the tree of IPv4 */
	if (MMDB_read_node(w->db, node, &s))
		return -KR_ECORRUPT;
	err = branch(w, s.left_record_type, s.left_record, &s.left_record_entry, depth + 1);
	if (err)
		return err;
	w->bits[depth / 8] |= (uint8_t)(0x80 >> depth % 8);
	err = branch(w, s.right_record_type, s.right_record, &s.right_record_entry, depth + 1);
	w->bits[depth / 8] &= (uint8_t)~(0x80 >> depth % 8);
	return err;
}

static int walk_all(struct kr_lookup_build *b, MMDB_s *db, const char *name,
		    struct kr_fault *reterr)
{
	struct walk w = {.b = b, .db = db, .depth_max = db->metadata.ip_version == 4 ? 32 : 128};
	int err;

	w.visits_max = (uint64_t)db->metadata.node_count * 4 + 1000;
	w.v4_inside = w.depth_max == 128 && db->ipv4_start_node.netmask == 96 &&
		      db->ipv4_start_node.node_value > 0 &&
		      db->ipv4_start_node.node_value < db->metadata.node_count;
	err = descend(&w, 0, 0);
	free(w.value);
	free(w.offset);
	if (err) {
		kr_fault_set(reterr, -KR_EINVAL, "the MMDB is damaged or too large");
		kr_fault_where(reterr, "%s", name);
		kr_fault_remedy(reterr, "fetch the file again");
		return -KR_EINVAL;
	}
	return 0;
}

int kr_lookup__mmdb(struct kr_lookup_build *b, int fd, const char *name, struct kr_fault *reterr)
{
	size_t before = kr_iptable_build_count(b->table);
	char path[64];
	MMDB_s db;
	int err;

	/* The library opens by name only; this one is the descriptor we were given. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = MMDB_open(path, MMDB_MODE_MMAP, &db);
	if (err) {
		kr_fault_set(reterr, -KR_EFORMAT, "the MMDB cannot be read: %s",
			     MMDB_strerror(err));
		kr_fault_where(reterr, "%s", name);
		kr_fault_remedy(reterr, "fetch the file again");
		return -KR_EFORMAT;
	}
	err = walk_all(b, &db, name, reterr);
	MMDB_close(&db);
	if (!err && kr_iptable_build_count(b->table) == before) {
		err = kr_fault_set(reterr, -KR_EINVAL, "the MMDB holds no %s",
				   b->kind == KR_LOOKUP_ASN ? "AS numbers" : "countries");
		kr_fault_where(reterr, "%s", name);
	}
	return err;
}
