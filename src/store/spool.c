/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report is collected frame by frame. A frame ends behind the last newline before it would be
 * over KR_FRAME_BYTES or KR_FRAME_LINES; input without newlines is cut where the frame is full. The
 * cut depends on the bytes alone, not on how they arrived, so the same report has the same batches
 * for ever.
 *
 * The file is written under a temporary name, synced, renamed to its hash, and the folder is
 * synced: only then is it a report. A crash before leaves a temporary file that the next start
 * removes.
 */
#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/frame.h"
#include "store/sqlite/state.h"

struct kr_spool_writer {
	struct kr_store *s;
	enum kr_retention class_;
	int32_t day;
	char folder[64], temp[128];
	int fd;
	struct kr_frame_packer *packer;
	struct kr_hasher hasher;
	char *frame;
	size_t n;
	struct kr_buf packed;
	size_t lines, line_end; /* newlines in the frame, offset behind the last one */
	uint64_t bytes, stored;
	uint32_t frames;
};

static void folder_of(enum kr_retention class_, int32_t day, char *buf, size_t size)
{
	char text[KR_TIME_TEXT_MAX];

	snprintf(buf, size, "spool/%s/%s", kr_retention_text(class_),
		 kr_day_text_compact(day, text));
}

static void path_of(enum kr_retention class_, int32_t day, const struct kr_hash *hash, char *buf,
		    size_t size)
{
	char folder[64], text[KR_HASH_SIZE * 2 + 1];

	folder_of(class_, day, folder, sizeof(folder));
	snprintf(buf, size, "%s/%s.zst", folder, kr_hash_text(hash, text));
}

static void writer_free(struct kr_spool_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	kr_frame_packer_free(w->packer);
	kr_buf_done(&w->packed);
	free(w->frame);
	free(w);
}

int kr_spool_begin(struct kr_store *s, enum kr_retention class_, struct kr_spool_writer **ret,
		   struct kr_fault *reterr)
{
	struct kr_spool_writer *w = kr_xcalloc(1, sizeof(*w));
	uint64_t tag;
	int r;

	w->s = s;
	w->class_ = class_;
	w->day = kr_time_day(kr_store_now(s));
	folder_of(class_, w->day, w->folder, sizeof(w->folder));
	kr_random(&tag, sizeof(tag));
	snprintf(w->temp, sizeof(w->temp), "%s/.new-%016llx", w->folder, (unsigned long long)tag);
	w->fd = -1;
	r = kr_mkdir_all(s->dirfd, w->folder, 0700, reterr);
	if (!r) {
		w->fd = openat(s->dirfd, w->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (w->fd < 0)
			r = kr_fault_errno(reterr, errno, "cannot write the spool");
	}
	if (r) {
		writer_free(w);
		return r;
	}
	w->packer = kr_frame_packer_new();
	w->packed = KR_BUF(2 * KR_FRAME_BYTES);
	w->frame = kr_xmalloc(KR_FRAME_BYTES);
	kr_hasher_init(&w->hasher);
	*ret = w;
	return 0;
}

/* Write the first n bytes of the frame buffer as a frame, keep the rest. */
static int flush_frame(struct kr_spool_writer *w, size_t n, struct kr_fault *reterr)
{
	int r = kr_frame_pack(w->packer, w->frame, n, &w->packed, reterr);

	if (!r)
		r = kr_write_all(w->fd, w->packed.p, w->packed.n, reterr);
	if (r)
		return r;
	w->stored += w->packed.n;
	w->frames++;
	memmove(w->frame, w->frame + n, w->n - n);
	w->n -= n;
	w->lines = w->line_end = 0;
	return 0;
}

/* Take bytes up to the end of the frame; true when the frame is full. */
static bool fill(struct kr_spool_writer *w, const char **p, size_t *n)
{
	while (*n) {
		size_t room = KR_FRAME_BYTES - w->n, take = KR_MIN(*n, room);
		const char *nl = memchr(*p, '\n', take);

		if (nl)
			take = (size_t)(nl - *p) + 1;
		memcpy(w->frame + w->n, *p, take);
		w->n += take;
		*p += take;
		*n -= take;
		if (nl) {
			w->lines++;
			w->line_end = w->n;
		}
		if (w->lines == KR_FRAME_LINES || w->n == KR_FRAME_BYTES)
			return true;
	}
	return false;
}

int kr_spool_add(struct kr_spool_writer *w, const void *data, size_t n, struct kr_fault *reterr)
{
	const char *p = data;

	kr_hasher_add(&w->hasher, data, n);
	w->bytes += n;
	while (fill(w, &p, &n)) {
		/* What is behind the last newline holds none, so the next frame starts with no
		 * lines. */
		int r = flush_frame(w, w->line_end ? w->line_end : w->n, reterr);

		if (r)
			return r;
	}
	return 0;
}

int kr_spool_end(struct kr_spool_writer *w, struct kr_spooled *ret, struct kr_fault *reterr)
{
	struct kr_spooled done = {.class_ = w->class_, .day = w->day};
	char path[192];
	int r = w->n ? flush_frame(w, w->n, reterr) : 0;

	if (!r && fsync(w->fd))
		r = kr_fault_errno(reterr, errno, "cannot sync the spool");
	if (r) {
		kr_spool_abort(w);
		return r;
	}
	kr_hasher_end(&w->hasher, &done.hash);
	done.bytes = w->bytes;
	done.stored = w->stored;
	done.frames = w->frames;
	path_of(w->class_, w->day, &done.hash, path, sizeof(path));
	if (renameat(w->s->dirfd, w->temp, w->s->dirfd, path)) {
		r = kr_fault_errno(reterr, errno, "cannot name the spooled report");
		kr_spool_abort(w);
		return r;
	}
	r = kr_sync_dir(w->s->dirfd, w->folder, reterr);
	writer_free(w);
	if (!r)
		*ret = done;
	return r;
}

void kr_spool_abort(struct kr_spool_writer *w)
{
	if (!w)
		return;
	unlinkat(w->s->dirfd, w->temp, 0);
	writer_free(w);
}

struct kr_spool_reader {
	struct kr_frame_reader *frames;
};

int kr_spool_open(struct kr_store *s, enum kr_retention class_, int32_t day,
		  const struct kr_hash *hash, struct kr_spool_reader **ret, struct kr_fault *reterr)
{
	struct kr_spool_reader *r;
	char path[192];
	int fd;

	path_of(class_, day, hash, path, sizeof(path));
	fd = openat(s->dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int code = kr_fault_errno(reterr, errno, "the raw report cannot be opened");

		kr_fault_where(reterr, "%s", path);
		return code;
	}
	r = kr_xcalloc(1, sizeof(*r));
	r->frames = kr_frame_reader_new(fd);
	*ret = r;
	return 0;
}

void kr_spool_reader_free(struct kr_spool_reader *r)
{
	if (!r)
		return;
	kr_frame_reader_free(r->frames);
	free(r);
}

int kr_spool_frame(struct kr_spool_reader *r, struct kr_buf *ret, struct kr_fault *reterr)
{
	return kr_frame_next(r->frames, KR_FRAME_BYTES, ret, reterr);
}

int kr_spool_slice(struct kr_store *s, enum kr_retention class_, int32_t day,
		   const struct kr_hash *hash, uint64_t offset, uint64_t length, size_t size_max,
		   struct kr_buf *ret, uint64_t *ret_line, struct kr_fault *reterr)
{
	struct kr_spool_reader *reader;
	KR_AUTO_BUF frame = KR_BUF(KR_FRAME_BYTES + 1);
	uint64_t at = 0, line = 1, end = offset + KR_MIN(length, (uint64_t)size_max);
	int r = kr_spool_open(s, class_, day, hash, &reader, reterr);

	if (r)
		return r;
	while (at < end && (r = kr_spool_frame(reader, &frame, reterr)) == 1) {
		uint64_t next = at + frame.n;

		for (const char *p = frame.p, *nl; at < offset && p < frame.p + frame.n;
		     p = nl + 1) {
			nl = memchr(p, '\n', (size_t)(frame.p + frame.n - p));
			if (!nl || at + (uint64_t)(nl - frame.p) >= offset)
				break;
			line++;
		}
		if (next > offset) {
			size_t from = offset > at ? (size_t)(offset - at) : 0;
			size_t to = end < next ? (size_t)(end - at) : frame.n;

			kr_buf_add(ret, frame.p + from, to - from);
		}
		at = next;
	}
	kr_spool_reader_free(reader);
	if (r < 0)
		return r;
	if (ret_line)
		*ret_line = line;
	return ret->err ? kr_fault_set(reterr, ret->err, "the slice is over the buffer") : 0;
}
