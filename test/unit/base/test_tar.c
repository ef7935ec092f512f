/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tar.h"

#include <stdio.h>

#include "tap.h"

static void round_trip(const char *name, uint64_t size)
{
	struct kr_tar_entry e = {.size = size, .mtime = 1700000000 * KR_SECOND}, got = {0};
	char block[KR_TAR_BLOCK];
	struct kr_fault f;

	snprintf(e.name, sizeof(e.name), "%s", name);
	IS(kr_tar_header(&e, block, &f), 0, name);
	IS(kr_tar_parse(block, &got, &f), 1, "is read");
	IS_STR(kr_str_c(got.name), kr_str_c(name), "the name");
	IS((intmax_t)got.size, (intmax_t)size, "the size");
	IS(got.mtime, e.mtime, "the time");
}

static void test_broken(void)
{
	struct kr_tar_entry e = {.name = "main.db", .size = 5}, got;
	char block[KR_TAR_BLOCK] = {0};
	struct kr_fault f;

	IS(kr_tar_parse(block, &got, &f), 0, "zeros are the end");
	IS(kr_tar_header(&e, block, &f), 0, "a header");
	block[0] ^= 1;
	IS(kr_tar_parse(block, &got, &f), -KR_ECORRUPT, "another name does not fit the checksum");
	block[0] ^= 1;
	block[156] = '2';
	block[148 + 5]++; /* '0' to '2' adds two to the sum */
	block[148 + 5]++;
	IS(kr_tar_parse(block, &got, &f), -KR_EFORMAT, "a symbolic link is not read");
}

static void test_names(void)
{
	struct kr_tar_entry e = {.size = 1};
	char block[KR_TAR_BLOCK], name[KR_TAR_NAME_MAX + 1];
	struct kr_fault f;

	memset(name, 'a', 160);
	name[160] = 0;
	snprintf(e.name, sizeof(e.name), "%s", name);
	IS(kr_tar_header(&e, block, &f), -KR_ELIMIT, "160 bytes without a folder fit nowhere");
	name[100] = '/';
	round_trip(name, 1);
}

int main(void)
{
	round_trip("main.db", 0);
	round_trip(
		"spool/standard/20261122/0173151c1055b74113ca53affd5f44613cadc06ed9cedbb4729ee4e47"
		"85ab91f.zst",
		8589934591u);
	round_trip("events/standard/20261122-1.db", 8589934592u);
	round_trip("big", (uint64_t)1 << 50);
	test_broken();
	test_names();
	IS((intmax_t)kr_tar_padding(0), 0, "nothing needs no padding");
	IS((intmax_t)kr_tar_padding(1), 511, "one byte needs 511");
	return tap_end();
}
