/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tar.h"

#include <stdio.h>

/* Fields of the header: offset and size (POSIX.1-1988). */
enum {
	AT_NAME = 0,
	N_NAME = 100,
	AT_MODE = 100,
	AT_SIZE = 124,
	N_SIZE = 12,
	AT_MTIME = 136,
	N_MTIME = 12,
	AT_SUM = 148,
	N_SUM = 8,
	AT_TYPE = 156,
	AT_MAGIC = 257,
	AT_PREFIX = 345,
	N_PREFIX = 155,
};

static unsigned sum_of(const char block[KR_TAR_BLOCK])
{
	unsigned sum = 0;

	for (int i = 0; i < KR_TAR_BLOCK; i++)
		sum += i >= AT_SUM && i < AT_SUM + N_SUM ? ' ' : (unsigned char)block[i];
	return sum;
}

static void put_octal(char *p, int n, uint64_t v)
{
	for (int i = n - 2; i >= 0; i--, v >>= 3)
		p[i] = (char)('0' + (v & 7));
}

static void put_size(char *p, uint64_t v)
{
	if (v < (uint64_t)1 << 33) {
		put_octal(p, N_SIZE, v);
		return;
	}
	p[0] = (char)0x80;
	for (int i = N_SIZE - 1; i >= N_SIZE - 8; i--, v >>= 8)
		p[i] = (char)(v & 0xff);
}

/* A name of more than 100 bytes is cut at a '/'. */
static int put_name(const char *name, char block[KR_TAR_BLOCK])
{
	size_t n = strlen(name);

	if (n <= N_NAME) {
		memcpy(block + AT_NAME, name, n);
		return 0;
	}
	for (size_t i = n - 1; i > 0; i--)
		if (name[i] == '/' && i <= N_PREFIX && n - i - 1 <= N_NAME) {
			memcpy(block + AT_PREFIX, name, i);
			memcpy(block + AT_NAME, name + i + 1, n - i - 1);
			return 0;
		}
	return -KR_ELIMIT;
}

int kr_tar_header(const struct kr_tar_entry *e, char block[KR_TAR_BLOCK], struct kr_fault *reterr)
{
	char sum[N_SUM + 1];

	memset(block, 0, KR_TAR_BLOCK);
	if (put_name(e->name, block))
		return kr_fault_set(reterr, -KR_ELIMIT, "the name '%s' is too long for an archive",
				    e->name);
	put_octal(block + AT_MODE, 8, 0600);
	put_octal(block + AT_MODE + 8, 8, 0);
	put_octal(block + AT_MODE + 16, 8, 0);
	put_size(block + AT_SIZE, e->size);
	put_octal(block + AT_MTIME, N_MTIME, (uint64_t)(e->mtime > 0 ? e->mtime / KR_SECOND : 0));
	block[AT_TYPE] = '0';
	memcpy(block + AT_MAGIC, "ustar\00000", 8);
	snprintf(sum, sizeof(sum), "%06o", sum_of(block));
	memcpy(block + AT_SUM, sum, 7);
	block[AT_SUM + 7] = ' ';
	return 0;
}

static bool get_number(const char *p, int n, uint64_t *ret)
{
	uint64_t v = 0;
	int i = 0;

	if ((unsigned char)p[0] == 0x80) {
		for (i = 1; i < n; i++) {
			if (v >> 55)
				return false;
			v = v << 8 | (unsigned char)p[i];
		}
		*ret = v;
		return true;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	*ret = v;
	return i == n || p[i] == ' ' || p[i] == 0;
}

static bool all_zero(const char block[KR_TAR_BLOCK])
{
	for (int i = 0; i < KR_TAR_BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

int kr_tar_parse(const char block[KR_TAR_BLOCK], struct kr_tar_entry *ret, struct kr_fault *reterr)
{
	size_t prefix = strnlen(block + AT_PREFIX, N_PREFIX), name = strnlen(block, N_NAME);
	uint64_t sum, mtime;

	if (all_zero(block))
		return 0;
	if (!get_number(block + AT_SUM, N_SUM, &sum) || sum != sum_of(block))
		return kr_fault_set(reterr, -KR_ECORRUPT, "a header of the archive is damaged");
	if (block[AT_TYPE] != '0' && block[AT_TYPE] != 0)
		return kr_fault_set(reterr, -KR_EFORMAT,
				    "the archive holds something that is not a file");
	if (memcmp(block + AT_MAGIC, "ustar", 5) != 0)
		prefix = 0;
	if (!name || !get_number(block + AT_SIZE, N_SIZE, &ret->size) ||
	    !get_number(block + AT_MTIME, N_MTIME, &mtime) || mtime > (uint64_t)1 << 33)
		return kr_fault_set(reterr, -KR_ECORRUPT, "a header of the archive is damaged");
	ret->mtime = (kr_time)mtime * KR_SECOND;
	memcpy(ret->name, block + AT_PREFIX, prefix);
	if (prefix)
		ret->name[prefix++] = '/';
	memcpy(ret->name + prefix, block, name);
	ret->name[prefix + name] = 0;
	return 1;
}
