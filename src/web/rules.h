/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the register, and which of them decided. */
#pragma once

#include "web/page.h"

struct kr_web_rule_hit {
	uint32_t id;
	struct kr_rule rule;
	uint64_t rows;
	bool other; /* of another owner of the same event: private */
};

#define KR_WEB_RULE_HITS_MAX 64

/*
 * The rules by which a constituent owns its newest events, most first.
 *
 * events  so many are looked at
 * ret     at most KR_WEB_RULE_HITS_MAX
 * ret_of  events that were looked at
 */
KR_MUST_USE int kr_web__rule_hits(struct kr_page *p, struct kr_str constituent, uint32_t events,
				  struct kr_web_rule_hit **ret, size_t *ret_n, uint64_t *ret_of);
/* "prefix 198.51.100.0/24" */
void kr_web__rule(struct kr_page *p, const struct kr_rule *rule);
