/* SPDX-License-Identifier: Apache-2.0 */
#include "model/label.h"

static const char *const tlps[] = {"", "CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"};
/* TLP 1 has neither of the two: the tighter neighbour stands for AMBER+STRICT. */
static const char *const tlp1s[] = {"", "WHITE", "GREEN", "AMBER", "RED", "RED"};
static const char *const paps[] = {"", "CLEAR", "GREEN", "AMBER", "RED"};

const char *kr_tlp_text(enum kr_tlp tlp)
{
	assert((unsigned)tlp < KR_ARRAY_LEN(tlps));
	return tlps[tlp];
}

const char *kr_tlp1_text(enum kr_tlp tlp)
{
	assert((unsigned)tlp < KR_ARRAY_LEN(tlp1s));
	return tlp1s[tlp];
}

const char *kr_pap_text(enum kr_pap pap)
{
	assert((unsigned)pap < KR_ARRAY_LEN(paps));
	return paps[pap];
}

/* Index of s among n names from 1, after an optional prefix such as "TLP:"; 0 if it is none. */
static unsigned find(struct kr_str s, struct kr_str prefix, const char *const *names, size_t n)
{
	s = kr_str_trim(s);
	if (kr_str_istarts(s, prefix))
		s = kr_str_trim(kr_str_from(s, prefix.n));
	if (kr_str_ieq(s, KR_STR("WHITE")))
		s = KR_STR("CLEAR");
	else if (kr_str_ieq(s, KR_STR("YELLOW")))
		s = KR_STR("AMBER");
	for (unsigned i = 1; i < n; i++)
		if (kr_str_ieq(s, kr_str_c(names[i])))
			return i;
	return 0;
}

int kr_tlp_parse(struct kr_str s, enum kr_tlp *ret)
{
	unsigned i = find(s, KR_STR("TLP:"), tlps, KR_ARRAY_LEN(tlps));

	if (!i)
		return -KR_EINVAL;
	*ret = (enum kr_tlp)i;
	return 0;
}

int kr_pap_parse(struct kr_str s, enum kr_pap *ret)
{
	unsigned i = find(s, KR_STR("PAP:"), paps, KR_ARRAY_LEN(paps));

	if (!i)
		return -KR_EINVAL;
	*ret = (enum kr_pap)i;
	return 0;
}
