/* SPDX-License-Identifier: Apache-2.0 */
/* Writes small MMDB files (format 2.0, records of 24 bits, IPv4 under ::/96) for tests. */
#pragma once

#include "base/buf.h"
#include "base/ip.h"

#define MMDB_NODES 4096

struct mmdb {
	uint32_t child[MMDB_NODES][2]; /* 0: nothing; NODE: a node; DATA + offset */
	uint32_t n;
	struct kr_buf data;
};
#define MMDB_DATA 0x800000u

static void mmdb_init(struct mmdb *m)
{
	*m = (struct mmdb){.n = 1, .data = KR_BUF(1 << 20)};
}

static void mmdb_ctl(struct kr_buf *b, unsigned type, size_t size)
{
	size_t low = size < 29 ? size : 29;

	kr_buf_ch(b, (char)(type > 7 ? low : type << 5 | low));
	if (type > 7)
		kr_buf_ch(b, (char)(type - 7));
	if (size >= 29)
		kr_buf_ch(b, (char)(size - 29));
}

static void mmdb_text(struct kr_buf *b, const char *s)
{
	mmdb_ctl(b, 2, strlen(s));
	kr_buf_c(b, s);
}

static void mmdb_number(struct kr_buf *b, unsigned type, uint64_t v, size_t size)
{
	mmdb_ctl(b, type, size);
	for (size_t i = size; i-- > 0;)
		kr_buf_ch(b, (char)(v >> (8 * i)));
}

/* Begin a map in the data section; returns where it lies, for mmdb_add(). */
static uint32_t mmdb_map(struct mmdb *m, size_t pairs)
{
	uint32_t at = (uint32_t)m->data.n;

	mmdb_ctl(&m->data, 7, pairs);
	return at;
}

/* Hang a record at a network. */
static void mmdb_add(struct mmdb *m, const char *net, uint32_t record)
{
	uint8_t bits[16] = {0};
	unsigned n;
	uint32_t node = 0;
	struct kr_ip ip;

	if (kr_net_parse(kr_str_c(net), &ip) < 0)
		abort();
	n = ip.family == 4 ? 96u + ip.plen : ip.plen;
	memcpy(bits + (ip.family == 4 ? 12 : 0), ip.b, ip.family == 4 ? 4 : 16);
	for (unsigned i = 0; i < n; i++) {
		unsigned bit = bits[i / 8] >> (7 - i % 8) & 1;

		if (i + 1 == n) {
			m->child[node][bit] = MMDB_DATA + record;
		} else {
			if (!m->child[node][bit] || m->child[node][bit] >= MMDB_DATA)
				m->child[node][bit] = m->n++;
			node = m->child[node][bit];
		}
	}
}

static void mmdb_meta(struct kr_buf *b, uint32_t nodes)
{
	kr_buf_add(b, "\xab\xcd\xefMaxMind.com", 14);
	mmdb_ctl(b, 7, 9);
	mmdb_text(b, "node_count");
	mmdb_number(b, 6, nodes, 4);
	mmdb_text(b, "record_size");
	mmdb_number(b, 5, 24, 2);
	mmdb_text(b, "ip_version");
	mmdb_number(b, 5, 6, 2);
	mmdb_text(b, "database_type");
	mmdb_text(b, "test");
	mmdb_text(b, "languages");
	mmdb_ctl(b, 11, 1);
	mmdb_text(b, "en");
	mmdb_text(b, "binary_format_major_version");
	mmdb_number(b, 5, 2, 2);
	mmdb_text(b, "binary_format_minor_version");
	mmdb_number(b, 5, 0, 2);
	mmdb_text(b, "build_epoch");
	mmdb_number(b, 9, 1700000000, 8);
	mmdb_text(b, "description");
	mmdb_ctl(b, 7, 1);
	mmdb_text(b, "en");
	mmdb_text(b, "test");
}

/* The bytes of the file. */
static void mmdb_write(struct mmdb *m, struct kr_buf *out)
{
	static const char separator[16];

	for (uint32_t i = 0; i < m->n; i++)
		for (int k = 0; k < 2; k++) {
			uint32_t c = m->child[i][k];
			uint32_t v = !c ? m->n : c >= MMDB_DATA ? m->n + 16 + (c - MMDB_DATA) : c;

			kr_buf_ch(out, (char)(v >> 16));
			kr_buf_ch(out, (char)(v >> 8));
			kr_buf_ch(out, (char)v);
		}
	kr_buf_add(out, separator, 16);
	kr_buf_str_add(out, kr_buf_str(&m->data));
	mmdb_meta(out, m->n);
	kr_buf_done(&m->data);
}
