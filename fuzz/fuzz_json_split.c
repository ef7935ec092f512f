/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The splitter: the first byte says into what pieces the rest is cut, and whatever they are, the
 * records are those of the whole; they follow each other without overlap; and a valid document that
 * is no array is one record.
 */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH 20

static void need(bool condition)
{
	if (!condition)
		abort();
}

static size_t split(struct kr_str in, size_t record_max, size_t step, struct kr_buf *out)
{
	struct kr_json_record r;
	struct kr_json_split s;
	size_t records = 0;
	uint64_t end = 0, size = in.n;

	kr_json_split_init(&s, record_max, DEPTH);
	do {
		struct kr_str chunk = kr_str_first(in, step);

		in = kr_str_from(in, chunk.n);
		while (kr_json_split_next(&s, &chunk, !in.n, &r)) {
			need(r.offset >= end && r.offset + r.length <= size &&
			     r.bytes.n <= r.length);
			need(r.bytes.n <= record_max && (r.err || r.bytes.n));
			end = r.offset + r.length;
			kr_buf_printf(out, "%llu %llu %d:", (unsigned long long)r.offset,
				      (unsigned long long)r.length, r.err);
			kr_buf_str_add(out, r.bytes);
			kr_buf_ch(out, '\n');
			records++;
		}
		need(!chunk.n);
	} while (in.n);
	kr_json_split_done(&s);
	return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KR_AUTO_BUF whole = KR_BUF((size_t)64 << 20);
	KR_AUTO_BUF pieces = KR_BUF((size_t)64 << 20);
	struct kr_str in;
	size_t first;

	if (!size)
		return 0;
	in = kr_str_n((const char *)data + 1, size - 1);
	for (size_t record_max = 40; record_max <= 1 << 20; record_max <<= 15) {
		kr_buf_clear(&whole);
		kr_buf_clear(&pieces);
		split(in, record_max, SIZE_MAX, &whole);
		split(in, record_max, data[0] + (size_t)1, &pieces);
		need(kr_str_eq(kr_buf_str(&whole), kr_buf_str(&pieces)));
	}
	first = 0;
	while (first < in.n && kr_is_blank(in.p[first]))
		first++;
	if (first < in.n && in.p[first] != '[' && !kr_json_check(in, DEPTH, NULL)) {
		kr_buf_clear(&whole);
		need(split(in, 1 << 20, SIZE_MAX, &whole) == 1);
		need(kr_str_find(kr_buf_str(&whole), KR_STR(" 0:")) > 0);
	}
	return 0;
}
