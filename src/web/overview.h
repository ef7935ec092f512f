/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the overview share. */
#pragma once

#include "web/page.h"

struct kr_overview {
	int32_t from, to; /* days, both included */
	unsigned days;
	struct kr_str class_;		     /* chosen for the chart; empty: all */
	uint64_t rows, events;		     /* of the span */
	struct kr_counter_row *constituents; /* most events first; an empty name: unrouted */
	size_t n_constituents;
	uint64_t unrouted;
	struct kr_store_totals totals;
};

/* Counters of one dimension over the span, most first. */
KR_MUST_USE int kr_web__span(struct kr_page *p, const struct kr_overview *o, enum kr_dim dim,
			     uint32_t limit, struct kr_counter_row **ret, size_t *ret_n);

KR_MUST_USE int kr_web__overview_attention(struct kr_page *p, const struct kr_overview *o);
KR_MUST_USE int kr_web__overview_sources(struct kr_page *p, const struct kr_overview *o);
KR_MUST_USE int kr_web__overview_classes(struct kr_page *p, const struct kr_overview *o);
KR_MUST_USE int kr_web__overview_constituents(struct kr_page *p, const struct kr_overview *o);
KR_MUST_USE int kr_web__overview_countries(struct kr_page *p, const struct kr_overview *o);
KR_MUST_USE int kr_web__overview_networks(struct kr_page *p, const struct kr_overview *o);
