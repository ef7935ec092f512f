/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Each run asks for the list of each of the last `days` days, more after a longer time without
 * success, and takes what it has not taken yet, oldest day first. The id of a report is remembered
 * as soon as the report is acknowledged: a kill in between fetches that one again, and its bytes
 * are known then. A report that is gone is passed over for good; other trouble with one of them
 * lets the others come first and is told at the end. pipe/shadowserver.h has what the API is.
 */
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "net/http.h"
#include "net/secret.h"
#include "pipe/shadowserver.h"
#include "pipe/source.h"

#define DAYS_MAX 90 /* asked for after a long time without success */

struct session {
	struct kr_fetch *f;
	struct kr_buf secret; /* content of the file */
	struct kr_str key, hmac_key, base, download, types;
	int32_t from, today;
	struct kr_arena *scratch;
	int err; /* of the first report that could not be fetched */
	struct kr_fault fault;
};

static int begin(struct session *s, struct kr_fetch *f, struct kr_fault *reterr)
{
	const struct kr_source *src = f->source;
	uint64_t days = 7;
	int err;

	*s = (struct session){.f = f};
	if (!src->secret.n) {
		err = kr_fault_set(reterr, -KR_EINVAL, "the source names no secret");
		kr_fault_remedy(reterr, "write 'key = ...' and 'secret = ...' into a file below "
					"DIR/" KR_SECRETS "/ and name it with --secret");
		return err;
	}
	err = kr_secret_read(kr_store_dirfd(kr_pipe_store(f->pipe)), src->secret, &s->secret,
			     reterr);
	if (err)
		return err;
	s->key = kr_secret_value(kr_buf_str(&s->secret), "key");
	s->hmac_key = kr_secret_value(kr_buf_str(&s->secret), "secret");
	if (!s->key.n || !s->hmac_key.n) {
		err = kr_fault_set(reterr, -KR_EINVAL, "the file '%.*s' lacks the %s",
				   KR_STR_ARG(src->secret), s->key.n ? "secret" : "key");
		kr_fault_remedy(reterr, "it holds two lines: key = ... and secret = ...");
		kr_secret_done(&s->secret);
		return err;
	}
	s->base = kr_source_url(src);
	s->download = kr_source_option(src, "download");
	s->types = kr_source_option(src, "types");
	(void)!kr_str_u64(kr_source_option(src, "days"), &days);
	s->today = kr_time_day(kr_time_now());
	s->from = s->today - (int32_t)days;
	if (f->state->ok != KR_TIME_NONE && kr_time_day(f->state->ok) - 1 < s->from)
		s->from = KR_MAX(kr_time_day(f->state->ok) - 1, s->today - DAYS_MAX);
	s->scratch = kr_arena_new((size_t)64 << 20);
	return 0;
}

static void end(struct session *s)
{
	kr_secret_done(&s->secret);
	kr_arena_free(s->scratch);
}

/* Address of a method, or of a report: a slash between the parts, whoever wrote it. */
static struct kr_str address(struct session *s, struct kr_str base, struct kr_str part)
{
	bool slash = base.n && base.p[base.n - 1] == '/';

	return kr_arena_printf(s->scratch, "%.*s%s%.*s", KR_STR_ARG(base), slash ? "" : "/",
			       KR_STR_ARG(part));
}

/* A signed POST; the answer goes to fd. */
static int post(struct session *s, struct kr_str method, const struct kr_buf *body, int fd,
		uint64_t size_max, struct kr_fault *reterr)
{
	char mac[KR_HMAC_TEXT];
	struct kr_net_field fields[] = {
		{KR_STR("Content-Type"), KR_STR("application/json"), false},
		{KR_STR("HMAC2"), KR_STR_NULL, true},
	};
	struct kr_net_request q = {
		.method = KR_STR("POST"),
		.url = address(s, s->base, method),
		.fields = fields,
		.n_fields = 2,
		.body = kr_buf_str(body),
		.size_max = size_max,
	};
	struct kr_net_response r;

	if (body->err)
		return kr_fault_set(reterr, -KR_ELIMIT, "the options of the source are too long");
	fields[1].value = kr_str_c(kr_shadowserver_sign(s->hmac_key, q.body, mac));
	return kr_fetch__http(s->f, &q, fd, &r, reterr);
}

static int read_back(struct session *s, int fd, struct kr_str *ret, struct kr_fault *reterr)
{
	KR_AUTO_BUF b = KR_BUF(KR_SHADOWSERVER_LIST_MAX);
	char piece[16384];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		kr_buf_add(&b, piece, (size_t)n);
	*ret = kr_arena_dup(s->scratch, kr_buf_str(&b));
	return n < 0 || b.err || !ret->p
		       ? kr_fault_set(reterr, -KR_ELIMIT, "the list of reports is too long")
		       : 0;
}

static int list(struct session *s, int32_t day, struct kr_shadowserver_report **ret, size_t *ret_n,
		struct kr_fault *reterr)
{
	struct kr_buf body = KR_BUF(16384);
	struct kr_str answer;
	int fd = kr_fetch__temp(s->f, reterr), err;

	if (fd < 0)
		return fd;
	kr_shadowserver_list_body(&body, s->key, day, kr_source_option(s->f->source, "reports"),
				  s->types);
	err = post(s, KR_STR("reports/list"), &body, fd, KR_SHADOWSERVER_LIST_MAX, reterr);
	if (!err)
		err = read_back(s, fd, &answer, reterr);
	if (!err)
		err = kr_shadowserver_list_read(answer, day, s->scratch, ret, ret_n, reterr);
	kr_secret_done(&body);
	close(fd);
	return err;
}

static int download(struct session *s, const struct kr_shadowserver_report *r, int fd,
		    struct kr_fault *reterr)
{
	struct kr_buf body = KR_BUF(16384);
	struct kr_net_response answer;
	struct kr_net_request q = {0};
	char first;
	int err;

	if (!kr_str_eqc(s->download, "api")) {
		q.url = address(s, s->download, r->id);
		return kr_fetch__http(s->f, &q, fd, &answer, reterr);
	}
	kr_shadowserver_download_body(&body, s->key, r->id);
	err = post(s, KR_STR("reports/download"), &body, fd, 0, reterr);
	kr_secret_done(&body);
	/* Where the method answers with JSON the mapping, which knows columns, cannot be used. */
	if (!err && pread(fd, &first, 1, 0) == 1 && (first == '[' || first == '{')) {
		err = kr_fault_set(reterr, -KR_EFORMAT, "reports/download answered with JSON");
		kr_fault_remedy(reterr, "leave the option download at its default: it fetches CSV");
	}
	return err;
}

static int note(struct session *s, const struct kr_shadowserver_report *r, struct kr_fault *reterr)
{
	struct kr_fetch *f = s->f;
	struct kr_str cursor = kr_shadowserver_note(f->state->cursor, r, s->from - 1, f->arena);

	if (!cursor.p)
		return kr_fault_set(reterr, -KR_ELIMIT, "too many reports to remember");
	f->state->cursor = cursor;
	return kr_fetch__remember(f, reterr);
}

static int report_take(struct session *s, const struct kr_shadowserver_report *r,
		       struct kr_fault *reterr)
{
	struct kr_fault fault = {0};
	int fd = kr_fetch__temp(s->f, reterr), err;

	if (fd < 0)
		return fd;
	err = download(s, r, fd, &fault);
	if (!err)
		err = kr_fetch__take(s->f, fd, r->file, KR_TIME_NONE, &fault);
	close(fd);
	if (err == -KR_ENOENT) {
		kr_log(KR_LOG_WARNING, "a report is listed but gone",
		       KR_S("source", s->f->source->name), KR_S("report", r->file));
		err = 0;
	}
	if (!err)
		return note(s, r, reterr);
	if (err == -KR_EUNAVAIL || err == -KR_EBUSY || err == -KR_ELIMIT || err == -KR_ECORRUPT ||
	    err == -KR_EFORMAT) {
		/* The others first. */
		s->f->failed += err != -KR_EBUSY;
		if (!s->err) {
			s->err = err;
			s->fault = fault;
		}
		return 0;
	}
	if (reterr)
		*reterr = fault;
	return err;
}

static int day_take(struct session *s, int32_t day, struct kr_fault *reterr)
{
	struct kr_shadowserver_report *reports;
	size_t n;
	int err;

	kr_arena_clear(s->scratch);
	err = list(s, day, &reports, &n, reterr);
	for (size_t i = 0; !err && i < n; i++) {
		if (!kr_shadowserver_wanted(s->types, reports[i].type) ||
		    kr_shadowserver_is_taken(s->f->state->cursor, &reports[i]))
			continue;
		err = kr_fetch__cancelled(s->f)
			      ? kr_fault_set(reterr, -KR_ECANCEL, "the run was stopped")
			      : report_take(s, &reports[i], reterr);
	}
	return err;
}

static int run(struct kr_fetch *f, struct kr_fault *reterr)
{
	struct session s;
	int err = begin(&s, f, reterr);

	if (err)
		return err;
	for (int32_t day = s.from; !err && day <= s.today; day++)
		err = day_take(&s, day, reterr);
	if (!err && s.err) {
		err = s.err;
		if (reterr)
			*reterr = s.fault;
	}
	end(&s);
	return err;
}

/* The newest report there is. */
static int sample(struct kr_fetch *f, int *ret_fd, struct kr_str *ret_name, struct kr_fault *reterr)
{
	struct kr_shadowserver_report *reports = NULL;
	struct session s;
	size_t n = 0;
	int err = begin(&s, f, reterr), fd;

	if (err)
		return err;
	*ret_fd = -1;
	for (int32_t day = s.today; !err && !n && day >= s.from; day--)
		err = list(&s, day, &reports, &n, reterr);
	if (!err && n) {
		fd = kr_fetch__temp(f, reterr);
		err = fd < 0 ? fd : download(&s, &reports[n - 1], fd, reterr);
		*ret_name = kr_arena_dup(f->arena, reports[n - 1].file);
		if (!err)
			*ret_fd = fd;
		else if (fd >= 0)
			close(fd);
	}
	end(&s);
	return err;
}

const struct kr_source_runner kr_source_shadowserver = {
	.name = "shadowserver", .run = run, .sample = sample};
