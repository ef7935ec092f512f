/* SPDX-License-Identifier: Apache-2.0 */
#include "model/suffix.h"

#include <pthread.h>

#include "tap.h"

static const char *const names[][3] = {
	/* name, suffix, registrable domain ("" for none) */
	{"www.example.co.uk", "co.uk", "example.co.uk"},
	{"co.uk", "co.uk", ""},
	{"a.b.example.org", "org", "example.org"},
	{"x.example.rs", "rs", "example.rs"},
	{"x.example.co.rs", "co.rs", "example.co.rs"},
	{"mail.example.xn--90azh.xn--90a3ac", "xn--90azh.xn--90a3ac",
	 "example.xn--90azh.xn--90a3ac"},
	{"b.a.kawasaki.jp", "a.kawasaki.jp", "b.a.kawasaki.jp"},
	{"www.city.kawasaki.jp", "kawasaki.jp", "city.kawasaki.jp"},
	{"foo.bar.unknowntld", "unknowntld", "bar.unknowntld"},
	{"localhost", "localhost", ""},
	{"1.2.3.4.5.6.7.8.9.10.11.12.host.example.com.mk", "com.mk", "example.com.mk"},
};

static void *many(void *arg)
{
	bool *ok = arg;

	for (int i = 0; i < 2000; i++)
		for (size_t k = 0; k < KR_ARRAY_LEN(names); k++)
			*ok &= kr_str_eqc(kr_public_suffix(kr_str_c(names[k][0])), names[k][1]);
	return NULL;
}

int main(void)
{
	char long_name[300];
	pthread_t threads[3];
	bool ok[3] = {true, true, true};

	for (size_t i = 0; i < KR_ARRAY_LEN(names); i++) {
		struct kr_str in = kr_str_c(names[i][0]), suffix = kr_public_suffix(in);
		struct kr_str domain = kr_registrable_domain(in);

		IS_STR(suffix, kr_str_c(names[i][1]), names[i][0]);
		OK(suffix.p + suffix.n == in.p + in.n, "a slice of the name");
		IS_STR(domain.p ? domain : KR_STR(""), kr_str_c(names[i][2]), "registrable domain");
	}
	OK(!kr_public_suffix(KR_STR("")).p, "an empty name");
	memset(long_name, 'a', sizeof(long_name));
	OK(!kr_public_suffix(kr_str_n(long_name, 254)).p, "a name over 253 bytes");
	for (size_t i = 0; i < 253; i += 2)
		long_name[i + 1] = '.';
	IS_STR(kr_public_suffix(kr_str_n(long_name, 253)), KR_STR("a"), "a name of 127 labels");
	for (size_t i = 0; i < KR_ARRAY_LEN(threads); i++)
		if (pthread_create(&threads[i], NULL, many, &ok[i]))
			return 1;
	for (size_t i = 0; i < KR_ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	OK(ok[0] && ok[1] && ok[2], "the same from several threads");
	return tap_end();
}
