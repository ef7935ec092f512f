/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression: any bytes, read in large and in small steps, give the same members and bytes and
 * the same error, within the limits.
 */
#include "base/input.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX                                                                                  \
	((uint64_t)256 << 10) /* bombs are stopped soon, or nothing else would be tried            \
			       */
#define MEMBERS_MAX 20

static void need(bool condition)
{
	if (!condition)
		abort();
}

struct result {
	struct kr_hash hash;
	uint64_t bytes;
	unsigned members;
	int err; /* the sum of all */
};

static int source(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	need(fd >= 0 && !kr_write_all(fd, data, size, NULL) && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void read_members(struct kr_input *in, size_t step, struct kr_hasher *h, struct result *ret)
{
	static char buf[1 << 18];
	struct kr_fault f = {0};
	struct kr_str name;
	int r;

	while ((r = kr_input_member(in, &name, &f)) != 0 && ret->members++ <= MEMBERS_MAX) {
		uint64_t bytes = 0;
		ptrdiff_t n = r;

		if (r > 0) {
			need(name.n && name.n <= 255);
			while ((n = kr_input_read(in, buf, step, &f)) > 0) {
				bytes += (uint64_t)n;
				kr_hasher_add(h, buf, (size_t)n);
			}
			need(bytes <= BYTES_MAX);
		}
		if (n < 0) {
			need(f.code == n && f.message[0] && f.remedy[0]);
			need(r < 0 || kr_input_read(in, buf, step, &f) == n);
			ret->err += (int)n;
		}
		/* What fits a limit depends on the steps, as the bytes over it are not returned. */
		if (n != -KR_ELIMIT)
			ret->bytes += bytes;
	}
	need(ret->members <= MEMBERS_MAX + 1);
}

static struct result read_all(const uint8_t *data, size_t size, size_t step)
{
	static const struct kr_input_limits limits = {
		.bytes_max = BYTES_MAX, .ratio_max = 200, .members_max = MEMBERS_MAX};
	int fd = source(data, size);
	struct kr_input *in = NULL;
	struct result result = {0};
	struct kr_fault f = {0};
	struct kr_hasher h;

	kr_hasher_init(&h);
	result.err = kr_input_open(fd, "fuzz", &limits, &in, &f);
	if (!result.err)
		read_members(in, step, &h, &result);
	else
		need(f.code == result.err && f.remedy[0]);
	kr_hasher_end(&h, &result.hash);
	kr_input_free(in);
	close(fd);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result large = read_all(data, size, 1 << 18), small = read_all(data, size, 777);

	need(large.err == small.err && large.members == small.members &&
	     large.bytes == small.bytes);
	if (!large.err)
		need(!memcmp(&large.hash, &small.hash, sizeof(large.hash)));
	return 0;
}
