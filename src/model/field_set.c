/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds whose values come from a fixed set: small tables, searched in order, the frequent values
 * first. */
#include "model/field_parts.h"

struct word {
	const char *word, *stands_for;
};

static const struct {
	uint8_t number;
	struct kr_str name;
} protocols[] = {
#define P(number, name) {number, {name, sizeof(name) - 1}},
#include "model/protocols.def"
#undef P
};

int kr_model__transport(struct kr_str s, struct kr_str *ret)
{
	static const struct kr_str tcp = {"tcp", 3}, udp = {"udp", 3};
	uint64_t number;
	bool is_number;

	if (KR_LIKELY(kr_str_ieq(s, tcp))) {
		*ret = tcp;
		return 0;
	}
	if (kr_str_ieq(s, udp)) {
		*ret = udp;
		return 0;
	}
	is_number = kr_str_u64(s, &number) == 0;
	for (size_t i = 0; i < KR_ARRAY_LEN(protocols); i++) {
		if (is_number ? protocols[i].number == number : kr_str_ieq(protocols[i].name, s)) {
			*ret = protocols[i].name;
			return 0;
		}
	}
	return -KR_EINVAL;
}

static const char *find(struct kr_str s, const struct word *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (kr_str_ieq(kr_str_c(words[i].word), s))
			return words[i].stands_for;
	return NULL;
}

int kr_model__registry(struct kr_str s, struct kr_str *ret)
{
	static const struct word words[] = {
		{"ripe", "RIPE"},     {"arin", "ARIN"},	      {"apnic", "APNIC"},
		{"lacnic", "LACNIC"}, {"afrinic", "AFRINIC"}, {"ripencc", "RIPE"},
		{"ripe-ncc", "RIPE"}, {"ripe ncc", "RIPE"},   {"ripe_ncc", "RIPE"},
	};
	const char *found = find(s, words, KR_ARRAY_LEN(words));

	if (!found)
		return -KR_EINVAL;
	*ret = kr_str_c(found);
	return 0;
}

int kr_model__severity(struct kr_str s, struct kr_str *ret)
{
	static const struct word words[] = {
		{"critical", "critical"}, {"high", "high"}, {"medium", "medium"},
		{"low", "low"},		  {"info", "info"}, {"informational", "info"},
	};
	const char *found = find(s, words, KR_ARRAY_LEN(words));

	if (!found)
		return -KR_EINVAL;
	*ret = kr_str_c(found);
	return 0;
}

int kr_model__bool(struct kr_str s, int64_t *ret)
{
	static const struct word words[] = {
		{"true", "1"}, {"false", ""}, {"1", "1"}, {"0", ""},	    {"yes", "1"},
		{"no", ""},    {"y", "1"},    {"n", ""},  {"enabled", "1"}, {"disabled", ""},
	};
	const char *found = find(s, words, KR_ARRAY_LEN(words));

	if (!found)
		return -KR_EINVAL;
	*ret = found[0] != '\0';
	return 0;
}
