/* SPDX-License-Identifier: Apache-2.0 */
#include "model/register.h"

#include "base/err.h"
#include "tap.h"

int main(void)
{
	enum kr_retention r = KR_RETAIN_SHORT;

	for (int i = KR_RETAIN_SHORT; i < KR_RETENTIONS; i++)
		OK(kr_retention_parse(kr_str_c(kr_retention_text((enum kr_retention)i)), &r) == 0 &&
			   r == (enum kr_retention)i,
		   "retention class %d is read back", i);
	IS(kr_retention_parse(KR_STR("STANDARD"), &r), 0, "case is ignored");
	IS(kr_retention_parse(KR_STR(""), &r), -KR_EINVAL, "nothing");
	IS(kr_retention_parse(KR_STR("forever"), &r), -KR_EINVAL, "no class");
	IS_CSTR(kr_rule_kind_text(KR_RULE_PREFIX), "prefix", "rule of a prefix");
	IS_CSTR(kr_rule_kind_text(KR_RULE_DOMAIN), "domain", "of a domain");
	IS_CSTR(kr_rule_kind_text(KR_RULE_ASN), "asn", "of an AS");
	IS_CSTR(kr_rule_kind_text(KR_RULE_COUNTRY), "country", "of a country");
	return tap_end();
}
