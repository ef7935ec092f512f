/* SPDX-License-Identifier: Apache-2.0 */
/* What all kinds of sources do the same way. */
#include "pipe/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "net/http.h"

#define S(name, watched) extern const struct kr_source_runner kr_source_##name;
#include "pipe/sources.def"
#undef S

static const struct kr_source_runner *const runners[] = {
#define S(name, watched) &kr_source_##name,
#include "pipe/sources.def"
#undef S
};

const struct kr_source_runner *kr_source_runner_find(struct kr_str kind)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(runners); i++)
		if (kr_str_eqc(kind, runners[i]->name))
			return runners[i];
	return NULL;
}

bool kr_fetch__cancelled(struct kr_fetch *f)
{
	return kr_net_stopped(f->net) || (f->cancelled && f->cancelled(f->ctx));
}

static bool stopped(void *ctx)
{
	return kr_fetch__cancelled(ctx);
}

static void taken(void *ctx, const struct kr_take_result *r)
{
	struct kr_fetch *f = ctx;

	f->file.report = r->report;
	f->file.reports++;
	if (r->known)
		f->known++;
	else if (r->state == KR_REPORT_TAKEN)
		f->reports++;
	f->records += r->known ? 0 : r->taken.read;
	if (r->state == KR_REPORT_TAKEN)
		return;
	f->failed++;
	f->file.not_taken++;
	f->file.state = r->state;
	f->file.reason = kr_arena_dup(f->arena, r->reason);
	if (!f->problem.n)
		f->problem = kr_arena_printf(f->arena, "report %llu was kept but not taken: %.*s",
					     (unsigned long long)r->report, KR_STR_ARG(r->reason));
}

int kr_fetch__take(struct kr_fetch *f, int fd, struct kr_str name, kr_time observed,
		   struct kr_fault *reterr)
{
	const struct kr_take_opts opts = {
		.source = f->source->name,
		.observed = observed,
		.cancelled = stopped,
		.done = taken,
		.ctx = f,
	};
	char text[256];

	f->file = (struct kr_fetch_file){0};
	snprintf(text, sizeof(text), "%.*s", (int)KR_MIN(name.n, sizeof(text) - 1), name.p);
	return kr_take_file(f->pipe, fd, text, &opts, reterr);
}

/* Files without a name are not everywhere; then it has one for a moment. */
int kr_fetch__temp(struct kr_fetch *f, struct kr_fault *reterr)
{
	int dirfd = kr_store_dirfd(kr_pipe_store(f->pipe)), fd;
	char name[64];
	uint64_t r;

	fd = openat(dirfd, "spool", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	for (int i = 0;
	     fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EEXIST) && i < 10; i++) {
		kr_random(&r, sizeof(r));
		snprintf(name, sizeof(name), "spool/fetch-%016llx.tmp", (unsigned long long)r);
		fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			unlinkat(dirfd, name, 0);
	}
	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot make a file for what is fetched");
	return fd;
}

int kr_fetch__remember(struct kr_fetch *f, struct kr_fault *reterr)
{
	return kr_store_source_state_put(kr_pipe_store(f->pipe), f->state, reterr);
}

struct sink {
	struct kr_fetch *f;
	int fd;
};

static int sink_data(void *ctx, const void *p, size_t n, struct kr_fault *reterr)
{
	struct sink *s = ctx;

	return s->fd < 0 ? 0 : kr_write_all(s->fd, p, n, reterr);
}

static bool sink_cancelled(void *ctx)
{
	struct sink *s = ctx;

	return kr_fetch__cancelled(s->f);
}

int kr_fetch__http(struct kr_fetch *f, struct kr_net_request *q, int fd,
		   struct kr_net_response *ret, struct kr_fault *reterr)
{
	struct sink s = {.f = f, .fd = fd};
	int err;

	q->data = sink_data;
	q->cancelled = sink_cancelled;
	q->ctx = &s;
	err = kr_net_http(f->net, q, f->arena, ret, reterr);
	if (err)
		return err;
	err = kr_net_status(q, ret, reterr);
	if (err && ret->retry_after_s > 0)
		f->retry_after_us = ret->retry_after_s * KR_SECOND;
	if (!err && fd >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		err = kr_fault_errno(reterr, errno, "cannot read what was fetched");
	return err;
}
