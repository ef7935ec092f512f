/* SPDX-License-Identifier: Apache-2.0 */
#include "store/spool.h"
#include "store/read.h"
#include "store/write.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prop.h"
#include "tap.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* Random text: lines of all lengths, some input without newlines at all. */
static size_t make(char *p, size_t size)
{
	size_t n = prop_below(size), line = 1 + prop_below(prop_chance(30)   ? 2000000
							   : prop_chance(50) ? 3
									     : 300);

	for (size_t i = 0; i < n; i++)
		p[i] = i % (line + 1) == line ? '\n' : (char)('a' + prop_below(26));
	return n;
}

static bool spool(struct kr_store *s, const char *p, size_t n, struct kr_spooled *ret)
{
	struct kr_spool_writer *w;
	size_t at = 0;

	if (kr_spool_begin(s, KR_RETAIN_SHORT, &w, NULL))
		return false;
	while (at < n) {
		size_t step = 1 + prop_below(prop_chance(50) ? 100 : 700000);

		step = KR_MIN(n - at, step);
		if (kr_spool_add(w, p + at, step, NULL))
			return false;
		at += step;
	}
	return !kr_spool_end(w, ret, NULL);
}

/* Reading gives the same bytes, in frames that end behind newlines and depend on the bytes alone.
 */
static bool read_back(struct kr_store *s, const struct kr_spooled *sp, const char *p, size_t n,
		      size_t *cuts, size_t *n_cuts)
{
	struct kr_spool_reader *r;
	KR_AUTO_BUF frame = KR_BUF(KR_FRAME_BYTES + 1);
	size_t at = 0;
	int more;

	*n_cuts = 0;
	if (kr_spool_open(s, sp->class_, sp->day, &sp->hash, &r, NULL))
		return false;
	while ((more = kr_spool_frame(r, &frame, NULL)) == 1) {
		size_t lines = 0;

		if (at + frame.n > n || memcmp(p + at, frame.p, frame.n) != 0)
			break;
		for (size_t i = 0; i < frame.n; i++)
			lines += frame.p[i] == '\n';
		if (lines > KR_FRAME_LINES ||
		    (lines && at + frame.n < n && frame.p[frame.n - 1] != '\n'))
			break;
		at += frame.n;
		cuts[(*n_cuts)++] = at;
	}
	kr_spool_reader_free(r);
	return more == 0 && at == n;
}

static bool slice(struct kr_store *s, const struct kr_spooled *sp, const char *p, size_t n)
{
	size_t from = prop_below(n), len = 1 + prop_below(100000);
	KR_AUTO_BUF got = KR_BUF(1 << 20);
	uint64_t line = 0, want = 1;

	for (size_t i = 0; i < from; i++)
		want += p[i] == '\n';
	len = KR_MIN(len, n - from);
	return !kr_spool_slice(s, sp->class_, sp->day, &sp->hash, from, len, 1 << 20, &got, &line,
			       NULL) &&
	       line == want && kr_str_eq(kr_buf_str(&got), kr_str_n(p + from, len));
}

static void damage(struct kr_store *s, const struct kr_spooled *sp)
{
	char path[200], day[KR_TIME_TEXT_MAX], hex[KR_HASH_SIZE * 2 + 1];
	struct kr_fault f = {0};
	struct kr_spool_reader *r;
	KR_AUTO_BUF frame = KR_BUF(KR_FRAME_BYTES + 1);
	struct stat st;
	int fd, more;

	snprintf(path, sizeof(path), "spool/short/%s/%s.zst", kr_day_text_compact(sp->day, day),
		 kr_hash_text(&sp->hash, hex));
	fd = openat(kr_store_dirfd(s), path, O_RDWR);
	OK(fd >= 0 && fstat(fd, &st) == 0 && ftruncate(fd, st.st_size - 5) == 0, "cut the file");
	IS(kr_spool_open(s, sp->class_, sp->day, &sp->hash, &r, &f), 0, "opens");
	while ((more = kr_spool_frame(r, &frame, &f)) == 1)
		;
	IS(more, -KR_ECORRUPT, "a cut file is found");
	OK(strstr(f.message, "cut off"), "and said: %s", f.message);
	kr_spool_reader_free(r);
	close(fd);
	IS(unlinkat(kr_store_dirfd(s), path, 0), 0, "remove it");
	IS(kr_spool_open(s, sp->class_, sp->day, &sp->hash, &r, &f), -KR_ENOENT,
	   "a missing file is not found");
}

int main(void)
{
	static char data[6 << 20];
	static size_t cuts[2][4096];
	char dir[] = "/tmp/karaula-test-XXXXXX", path[96];
	unsigned runs = prop_begin(10);
	struct kr_spooled sp, again;
	struct kr_store *s, *other;
	struct kr_fault f = {0};
	size_t n, n_cuts[2];
	bool good = true;

	OK(mkdtemp(dir) && !kr_store_init(dir, &f) && !kr_store_open(dir, NULL, &s, &f), "opened");
	IS(kr_store_init(dir, &f), -KR_EEXIST, "not made twice");
	IS(kr_store_open(dir, NULL, &other, &f), -KR_EBUSY, "not opened twice");
	OK(strstr(f.message, "in use by process"), "and it says by whom: %s", f.message);
	IS(kr_store_open("/nonexistent", NULL, &other, &f), -KR_ENOENT, "no data directory");

	for (unsigned i = 0; good && i < runs; i++) {
		n = make(data, sizeof(data));
		good = spool(s, data, n, &sp) && read_back(s, &sp, data, n, cuts[0], &n_cuts[0]) &&
		       spool(s, data, n, &again) &&
		       read_back(s, &again, data, n, cuts[1], &n_cuts[1]) &&
		       memcmp(&sp.hash, &again.hash, sizeof(sp.hash)) == 0 &&
		       n_cuts[0] == n_cuts[1] && sp.frames == n_cuts[0] && sp.bytes == n &&
		       memcmp(cuts[0], cuts[1], n_cuts[0] * sizeof(size_t)) == 0;
		for (int k = 0; good && n && k < 20; k++)
			good = slice(s, &sp, data, n);
	}
	OK(good, "bytes, cuts and slices read back");
	n = 100000;
	memset(data, 'x', n);
	good = spool(s, data, n, &sp);
	OK(good, "spooled");
	damage(s, &sp);

	/* What a crash in the middle of spooling leaves is removed at the next start. */
	snprintf(path, sizeof(path), "%s/spool/short/20260101", dir);
	IS(mkdir(path, 0700), 0, "a folder");
	snprintf(path, sizeof(path), "%s/spool/short/20260101/.new-0123456789abcdef", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	kr_store_close(s);
	IS(kr_store_open(dir, NULL, &other, &f), 0, "opened again");
	OK(access(path, F_OK) != 0, "the temporary file is gone");
	kr_store_close(other);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_end();
}
