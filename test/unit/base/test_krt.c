/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled tables: what is written comes back, and what is damaged is refused with a remedy. */
#include "tap.h"
#include "prop.h"

#include "base/krt.h"

#include <fcntl.h>
#include <unistd.h>

#define REMEDY "make it again"

static char folder[] = "/tmp/karaula-test-XXXXXX";

static int write_sample(int dir)
{
	struct kr_krt_part parts[] = {{"first", KR_STR("hello")},
				      {"empty", KR_STR("")},
				      {"numbers", KR_STR("\1\0\0\0\2\0\0\0")}};
	struct kr_fault fault = {0};

	return kr_krt_write(dir, "sample.krt", "test", 77, parts, KR_ARRAY_LEN(parts), &fault);
}

static void round_trip(int dir)
{
	struct kr_krt k;
	struct kr_fault fault = {0};
	const uint32_t *numbers;
	size_t n;

	IS(write_sample(dir), 0, "a table is written");
	IS(faccessat(dir, "sample.krt.new", F_OK, 0), -1, "no temporary file stays");
	IS(kr_krt_open(dir, "sample.krt", "test", REMEDY, &k, &fault), 0, "and opened");
	IS(k.stamp, 77, "with its stamp");
	IS_STR(kr_krt_part(&k, "first"), KR_STR("hello"), "a part");
	OK((uintptr_t)kr_krt_part(&k, "numbers").p % KR_KRT_ALIGN == 0, "parts are aligned");
	IS(kr_krt_part(&k, "empty").n, 0, "an empty part");
	OK(kr_krt_part(&k, "empty").p != NULL, "which is there");
	OK(kr_krt_part(&k, "other").p == NULL, "a part that is not there");
	numbers = kr_krt_array(&k, "numbers", sizeof(*numbers), &n);
	OK(numbers && n == 2 && numbers[1] == 2, "a part as an array");
	OK(!kr_krt_array(&k, "first", 4, &n) && n == 0, "not a whole number of items is no array");
	IS(kr_krt_check(&k, &fault), 0, "the checksum is right");
	kr_krt_close(&k);
	IS(kr_krt_open(dir, "sample.krt", "other", REMEDY, &k, &fault), -KR_EVERSION,
	   "another kind is refused");
	IS(kr_krt_open(dir, "none.krt", "test", REMEDY, &k, &fault), -KR_ENOENT, "a missing file");
	IS_CSTR(fault.remedy, REMEDY, "with the remedy");
}

/* Change one byte, or cut: open or the checksum must notice, and nothing may crash. */
static bool notices(int dir, struct kr_str good, size_t at, uint8_t flip, bool cut)
{
	char copy[4096];
	struct kr_krt k;
	struct kr_fault fault = {0};
	bool seen;
	int err;

	memcpy(copy, good.p, good.n);
	copy[at] = (char)(copy[at] ^ flip);
	if (kr_file_replace(dir, "bad.krt", kr_str_n(copy, cut ? at : good.n), 0600, &fault))
		return false;
	err = kr_krt_open(dir, "bad.krt", "test", REMEDY, &k, &fault);
	if (err)
		return (err == -KR_ECORRUPT || err == -KR_EVERSION) &&
		       strcmp(fault.remedy, REMEDY) == 0;
	(void)kr_krt_part(&k, "first");
	seen = kr_krt_check(&k, &fault) == -KR_ECORRUPT;
	kr_krt_close(&k);
	return seen;
}

int main(void)
{
	KR_AUTO_BUF good = KR_BUF(4096);
	struct kr_fault fault = {0};
	unsigned flips = 0, cuts = 0;
	int dir;

	prop_begin(0);
	if (!mkdtemp(folder))
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	round_trip(dir);
	IS(kr_file_read(dir, "sample.krt", 4096, &good, &fault), 0, "the file is read as bytes");
	for (size_t i = 0; i < good.n; i++)
		flips += notices(dir, kr_buf_str(&good), i, (uint8_t)(1 + prop_below(255)), false);
	IS(flips, good.n, "every changed byte is noticed");
	for (size_t i = 0; i < good.n; i++)
		cuts += notices(dir, kr_buf_str(&good), i, 0, true);
	IS(cuts, good.n, "every cut is noticed");
	unlinkat(dir, "bad.krt", 0);
	unlinkat(dir, "sample.krt", 0);
	close(dir);
	rmdir(folder);
	return tap_end();
}
