/* SPDX-License-Identifier: Apache-2.0 */
#include "model/taxonomy.h"

#include <pthread.h>

#include "model/data.h"
#include "tap.h"

static struct kr_str type_of(const char *text)
{
	const struct kr_type_info *info = kr_type_find(kr_str_c(text));

	return info ? info->type : KR_STR("(none)");
}

static struct kr_str class_of(const char *text)
{
	const struct kr_type_info *info = kr_type_find(kr_str_c(text));

	return info ? info->class_ : KR_STR("(none)");
}

static void *first_use(void *arg)
{
	*(const struct kr_type_info **)arg = kr_type_find(KR_STR("phishing"));
	return NULL;
}

/* The first look-ups come at once: one thread builds, all get the same table. */
static void at_once(void)
{
	const struct kr_type_info *found[4] = {NULL};
	pthread_t threads[4];

	for (size_t i = 0; i < KR_ARRAY_LEN(threads); i++)
		if (pthread_create(&threads[i], NULL, first_use, &found[i]))
			abort();
	for (size_t i = 0; i < KR_ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	OK(found[0] && found[0] == found[1] && found[0] == found[2] && found[0] == found[3],
	   "one table for the first look-ups of several threads");
}

int main(void)
{
	static const char *const spellings[][2] = {
		{"botnet drone", "infected-system"},
		{"ransomware", "infected-system"},
		{"c&c", "c2-server"},
		{"C2Server", "c2-server"},
		{"ids alert", "ids-alert"},
		{"leak", "data-leak"},
		{"vulnerable client", "vulnerable-system"},
		{"vulnerable_service", "vulnerable-system"},
		{"unknown", "undetermined"},
		{"defacement", "unauthorised-information-modification"},
		{"backdoor", "system-compromise"},
		{"compromised", "system-compromise"},
		{"unauthorized-login", "system-compromise"},
		{"unauthorized-command", "system-compromise"},
		{"unauthorized-use-of-resources", "unauthorised-use-of-resources"},
		{"blocklist", "blacklist"},
		{" Phishing ", "phishing"},
	};
	struct kr_str rsit = kr_data(KR_DATA_RSIT);
	struct kr_fault f;
	bool same = true;

	at_once();
	OK(rsit.n > 1000 && rsit.p[rsit.n] == '\0', "the table is embedded, a NUL behind it");
	IS_CSTR(kr_data_name(KR_DATA_RSIT), "rsit.csv", "its name");
	for (size_t i = 0; i < KR_ARRAY_LEN(spellings); i++)
		IS_STR(type_of(spellings[i][0]), kr_str_c(spellings[i][1]), spellings[i][0]);
	IS(kr_type_count(), 44, "39 types of the taxonomy and 5 of the tools");
	for (size_t i = 0; i < kr_type_count(); i++) {
		const struct kr_type_info *info = kr_type_at(i);

		same &= kr_type_find(info->type) == info &&
			kr_str_eq(kr_class_find(info->class_), info->class_) && info->label.n > 0 &&
			info->counted == !kr_str_eqc(info->type, "test") &&
			kr_type_find(kr_type_idf(info->type)) == info;
	}
	OK(same, "every type is found, has a class and a label, and its IDF spelling is read back");
	OK(!kr_type_at(kr_type_count()), "beyond the last");
	IS_STR(class_of("dga-domain"), KR_STR("other"), "class of an added type");
	IS_STR(kr_type_idf(KR_STR("unauthorised-use-of-resources")),
	       KR_STR("unauthorized-use-of-resources"), "spelling of IDF");
	IS_STR(kr_type_idf(KR_STR("phishing")), KR_STR("phishing"), "the same for most");
	IS_STR(kr_type_idf(KR_STR("no-such")), KR_STR("no-such"), "what is unknown stays");
	IS_STR(kr_class_find(KR_STR("Malicious Code")), KR_STR("malicious-code"),
	       "a class in other spelling");
	OK(!kr_class_find(KR_STR("phishing")).p, "a type is no class");
	OK(!kr_type_find(KR_STR("")) && !kr_type_find(KR_STR("malicious-code")) &&
		   !kr_type_find(KR_STR("a-name-that-is-far-longer-than-any-name-of-a-type-could-"
					"ever-be-in-the-table")),
	   "what is no type");
	IS(kr_taxonomy_load(KR_STR_NULL, KR_STR_NULL, KR_STR_NULL, &f), -KR_EEXIST,
	   "no loading while in use");
	return tap_end();
}
