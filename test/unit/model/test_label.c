/* SPDX-License-Identifier: Apache-2.0 */
#include "model/label.h"

#include "tap.h"

int main(void)
{
	enum kr_tlp tlp = KR_TLP_NONE;
	enum kr_pap pap = KR_PAP_NONE;
	bool same = true;

	for (int i = KR_TLP_CLEAR; i <= KR_TLP_RED; i++)
		same &= kr_tlp_parse(kr_str_c(kr_tlp_text((enum kr_tlp)i)), &tlp) == 0 &&
			tlp == (enum kr_tlp)i;
	for (int i = KR_PAP_CLEAR; i <= KR_PAP_RED; i++)
		same &= kr_pap_parse(kr_str_c(kr_pap_text((enum kr_pap)i)), &pap) == 0 &&
			pap == (enum kr_pap)i;
	OK(same, "every label is read back");
	OK(kr_tlp_parse(KR_STR("tlp:amber+strict"), &tlp) == 0 && tlp == KR_TLP_AMBER_STRICT,
	   "prefix, case");
	OK(kr_tlp_parse(KR_STR(" TLP: white "), &tlp) == 0 && tlp == KR_TLP_CLEAR,
	   "WHITE is CLEAR");
	OK(kr_tlp_parse(KR_STR("yellow"), &tlp) == 0 && tlp == KR_TLP_AMBER, "YELLOW is AMBER");
	IS(kr_tlp_parse(KR_STR("TLP:"), &tlp), -KR_EINVAL, "nothing behind the prefix");
	IS(kr_tlp_parse(KR_STR(""), &tlp), -KR_EINVAL, "nothing");
	IS(kr_tlp_parse(KR_STR("PAP:RED"), &tlp), -KR_EINVAL, "the other kind of label");
	IS_CSTR(kr_tlp1_text(KR_TLP_AMBER_STRICT), "RED", "outward AMBER+STRICT is RED");
	IS_CSTR(kr_tlp1_text(KR_TLP_CLEAR), "WHITE", "outward CLEAR is WHITE");
	IS_CSTR(kr_tlp_text(KR_TLP_NONE), "", "no label");
	OK(kr_pap_parse(KR_STR("pap:white"), &pap) == 0 && pap == KR_PAP_CLEAR,
	   "PAP WHITE is CLEAR");
	IS(kr_tlp_tighter(KR_TLP_GREEN, KR_TLP_RED), KR_TLP_RED, "the tighter of two");
	IS(kr_tlp_tighter(KR_TLP_NONE, KR_TLP_CLEAR), KR_TLP_CLEAR, "none is the loosest");
	return tap_end();
}
