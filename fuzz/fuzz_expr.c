/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions: no input breaks the parser, a fault points into the text, what is accepted is
 * written as text that reads back as the same text, and not is a complement on a full and on an
 * empty event.
 */
#include "model/expr.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct kr_event *full_event(struct kr_arena *a)
{
	static const struct {
		enum kr_field f;
		const char *text;
	} set[] = {
		{KR_F_SRC_IP, "198.51.100.7"},
		{KR_F_DST_IP, "2001:db8::7"},
		{KR_F_SRC_ASN, "64500"},
		{KR_F_SRC_PORT, "443"},
		{KR_F_SRC_FQDN, "www.example.org"},
		{KR_F_SRC_CC, "RS"},
		{KR_F_CLASS_TYPE, "phishing"},
		{KR_F_TIME_SOURCE, "2026-11-20"},
		{KR_F_TLP, "GREEN"},
		{KR_F_SRC_NETWORK, "198.51.100.0/24"},
		{KR_F_SRC_LATITUDE, "45.25"},
		{KR_F_SRC_TOR_NODE, "yes"},
		{KR_F_SRC_URL, "http://user@[2001:db8::7]:80/a?b"},
		{KR_F_COMMENT, "a * b \\ \"c\""},
	};
	struct kr_event *e = kr_event_new(a);

	for (size_t i = 0; i < KR_ARRAY_LEN(set); i++)
		if (kr_event_set(e, a, set[i].f, kr_str_c(set[i].text)) != 0)
			abort();
	if (kr_event_add_extra(e, a, KR_STR("k"), KR_STR("541"), true) < 0)
		abort();
	e->first = e->last = 1795262400 * KR_SECOND;
	e->count = 3;
	return e;
}

static void check_match(struct kr_expr *x, const struct kr_event *e)
{
	struct kr_expr_event ev = {
		.e = e, .source = KR_STR("s"), .id = KR_STR("20261121-short-1-1"), .report = 1};
	struct kr_expr not_x = {.op = KR_EXPR_NOT, .a = x};

	if (kr_expr_match(x, &ev) == kr_expr_match(&not_x, &ev))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kr_str text = kr_str_n((const char *)data, size);
	struct kr_expr_opts opts = {.now = 1795262400 * KR_SECOND}, wide = opts;
	KR_AUTO(kr_arena) *arena = kr_arena_new((size_t)64 << 20);
	KR_AUTO_BUF b = KR_BUF(1 << 22), again = KR_BUF(1 << 22);
	struct kr_fault fault = {0};
	struct kr_expr *x, *y;

	if (kr_expr_parse(text, &opts, arena, &x, &fault) < 0) {
		if (!fault.message[0] || !fault.column || fault.column > size + 1)
			abort();
		return 0;
	}
	kr_expr_text(x, &b);
	if (b.err)
		abort();
	check_match(x, full_event(arena));
	check_match(x, kr_event_new(arena));
	/* Full names are longer: the text may be over the limit of an expression. */
	if (b.n > (size_t)64 << 10)
		return 0;
	wide.depth_max = 256;
	if (kr_expr_parse(kr_buf_str(&b), &wide, arena, &y, NULL) < 0)
		abort();
	kr_expr_text(y, &again);
	if (!kr_str_eq(kr_buf_str(&b), kr_buf_str(&again)))
		abort();
	return 0;
}
