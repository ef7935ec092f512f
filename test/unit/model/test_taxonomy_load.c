/* SPDX-License-Identifier: Apache-2.0 */
/* Given tables instead of the embedded ones: what is wrong in them is told, and what is right is
 * used. */
#include "model/taxonomy.h"

#include "tap.h"

static void refused(struct kr_str rsit, struct kr_str spellings, const char *want)
{
	struct kr_fault f = {0};
	char text[500];

	OK(kr_taxonomy_load(rsit, KR_STR("class,type,label_en\n"), spellings, &f) < 0, "refused");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)), want, "with this fault");
}

int main(void)
{
	const struct kr_str good =
		KR_STR("class,type,label_en\nfraud,phishing,\"Phishing, \"\"all\"\" of it\"\n");
	const struct kr_str none = KR_STR("spelling,type,idf\n");
	struct kr_fault f;

	refused(KR_STR("class,type\n"), none,
		"rsit.csv:1: column 'label_en' is missing (name it in the first row)");
	refused(KR_STR("class,type,label_en\nfraud,Phishing,x\n"), none,
		"rsit.csv:2: 'Phishing' is no type: use a-z, 0-9 and '-'");
	refused(KR_STR("class,type,label_en\na b,phishing,x\n"), none,
		"rsit.csv:2: 'a b' is no class: use a-z, 0-9 and '-'");
	refused(KR_STR("class,type,label_en\nfraud,phishing,x\nfraud,phishing,y\n"), none,
		"rsit.csv:3: 'phishing' is there already");
	refused(good, KR_STR("spelling,type,idf\nphish,fishing,0\n"),
		"rsit-spellings.csv:2: 'fishing' is not a type of rsit.csv or rsit-extra.csv");
	refused(good, KR_STR("spelling,type,idf\nPHISHING,phishing,0\n"),
		"rsit-spellings.csv:2: 'PHISHING' is there already");
	IS(kr_taxonomy_load(good, KR_STR("class,type,label_en\n"),
			    KR_STR("spelling,type,idf\nphish,phishing,1\n"), &f),
	   0, "good tables are taken");
	IS(kr_type_count(), 1, "instead of the embedded ones");
	IS_STR(kr_type_at(0)->label, KR_STR("Phishing, \"all\" of it"), "a label with quotes");
	IS_STR(kr_type_idf(KR_STR("phishing")), KR_STR("phish"), "spelling of IDF");
	return tap_end();
}
