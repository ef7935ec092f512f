/* SPDX-License-Identifier: Apache-2.0 */
#include "model/register.h"

static const char *const retentions[KR_RETENTIONS] = {
	[KR_RETAIN_SHORT] = "short",
	[KR_RETAIN_STANDARD] = "standard",
	[KR_RETAIN_LONG] = "long",
};

const char *kr_retention_text(enum kr_retention r)
{
	assert(r >= KR_RETAIN_SHORT && r < KR_RETENTIONS);
	return retentions[r];
}

int kr_retention_parse(struct kr_str s, enum kr_retention *ret)
{
	for (unsigned i = KR_RETAIN_SHORT; i < KR_RETENTIONS; i++) {
		if (kr_str_ieq(s, kr_str_c(retentions[i]))) {
			*ret = (enum kr_retention)i;
			return 0;
		}
	}
	return -KR_EINVAL;
}

const char *kr_rule_kind_text(enum kr_rule_kind k)
{
	static const char *const names[] = {
		[KR_RULE_PREFIX] = "prefix",
		[KR_RULE_DOMAIN] = "domain",
		[KR_RULE_ASN] = "asn",
		[KR_RULE_COUNTRY] = "country",
	};

	assert(k >= KR_RULE_PREFIX && k <= KR_RULE_COUNTRY);
	return names[k];
}
