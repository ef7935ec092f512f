/* SPDX-License-Identifier: Apache-2.0 */
#include "base/near.h"

#include "tap.h"

static size_t distance(const char *a, const char *b)
{
	return kr_near_distance(kr_str_c(a), kr_str_c(b));
}

int main(void)
{
	struct kr_near n = KR_NEAR(KR_STR("prt"));
	char big[KR_NEAR_MAX + 1];

	IS(distance("", ""), 0, "empty words");
	IS(distance("", "abc"), 3, "only inserts");
	IS(distance("abc", ""), 3, "only deletes");
	IS(distance("prt", "port"), 1, "one insert");
	IS(distance("evnet", "event"), 1, "swapped neighbours are one edit");
	IS(distance("kitten", "sitting"), 3, "the textbook pair");
	IS(distance("EVENT", "event"), 0, "case is ignored");
	memset(big, 'a', sizeof(big));
	IS(kr_near_distance(kr_str_n(big, sizeof(big)), KR_STR("a")) == SIZE_MAX, 1,
	   "long words are never near");

	kr_near_offer(&n, KR_STR("listen"));
	OK(n.best.p == NULL, "nothing near");
	kr_near_offer(&n, KR_STR("port"));
	kr_near_offer(&n, KR_STR("part"));
	IS_STR(n.best, KR_STR("port"), "the first of the nearest");
	n = KR_NEAR(KR_STR("x"));
	kr_near_offer(&n, KR_STR("y"));
	OK(n.best.p == NULL, "a word that would be all changed is not near");
	return tap_end();
}
