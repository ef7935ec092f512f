/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file at an address. It is fetched whole into a file without a name before anything is taken, so
 * an answer that is cut leaves nothing behind. ETag and Last-Modified are remembered after the
 * report was acknowledged, never before.
 */
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "net/http.h"
#include "net/secret.h"
#include "pipe/source.h"

/* The field that carries the secret; what it points to lives in the arena. */
static int auth_field(struct kr_fetch *f, struct kr_net_field *ret, struct kr_fault *reterr)
{
	struct kr_str how = kr_source_option(f->source, "auth"), value;
	struct kr_buf secret;
	ptrdiff_t colon;
	int err = kr_secret_read(kr_store_dirfd(kr_pipe_store(f->pipe)), f->source->secret, &secret,
				 reterr);

	if (err)
		return err;
	value = kr_buf_str(&secret);
	*ret = (struct kr_net_field){.name = KR_STR("Authorization"), .secret = true};
	if (kr_str_eqc(how, "field")) {
		ret->name = kr_source_option(f->source, "field");
		ret->value = kr_arena_dup(f->arena, value);
	} else if (kr_str_eqc(how, "basic")) {
		colon = kr_str_chr(value, ':');
		if (colon < 0) {
			err = kr_fault_set(reterr, -KR_EINVAL, "the secret '%.*s' has no colon",
					   KR_STR_ARG(f->source->secret));
			kr_fault_remedy(reterr,
					"write USER:PASSWORD into it, or choose auth=bearer");
		} else {
			ret->value = kr_net_basic(f->arena, kr_str_first(value, (size_t)colon),
						  kr_str_from(value, (size_t)colon + 1));
		}
	} else {
		ret->value = kr_arena_printf(f->arena, "Bearer %.*s", KR_STR_ARG(value));
	}
	kr_secret_done(&secret);
	return err;
}

static const char *secret_path(struct kr_fetch *f, const char *option)
{
	struct kr_str name = kr_source_option(f->source, option);

	if (!name.n)
		return NULL;
	return kr_arena_printf(f->arena, KR_SECRETS "/%.*s", KR_STR_ARG(name)).p;
}

/* The last part of the path of a URL. */
static struct kr_str url_name(struct kr_str url)
{
	ptrdiff_t end = kr_str_chr(url, '?'), start = kr_str_find(url, KR_STR("://"));

	if (end >= 0)
		url = kr_str_first(url, (size_t)end);
	end = kr_str_chr(url, '#');
	if (end >= 0)
		url = kr_str_first(url, (size_t)end);
	url = kr_str_from(url, start < 0 ? 0 : (size_t)start + 3);
	for (size_t i = url.n; i > 0; i--)
		if (url.p[i - 1] == '/')
			return kr_str_first(kr_str_from(url, i), 200);
	return KR_STR("");
}

static struct kr_str report_name(struct kr_fetch *f, const struct kr_net_response *r)
{
	struct kr_str name = kr_source_option(f->source, "name");

	if (!name.n)
		name = r->name;
	if (!name.n)
		name = url_name(r->url);
	return name.n ? name : f->source->name;
}

static int fetch(struct kr_fetch *f, bool conditional, int fd, struct kr_net_response *ret,
		 struct kr_fault *reterr)
{
	struct kr_net_field auth;
	struct kr_net_request q = {.url = kr_source_url(f->source)};

	if (f->source->secret.n) {
		int err = auth_field(f, &auth, reterr);

		if (err)
			return err;
		q.fields = &auth;
		q.n_fields = 1;
	}
	q.cert_file = secret_path(f, "certificate");
	q.key_file = secret_path(f, "key");
	if (conditional) {
		q.etag = f->state->etag;
		q.last_modified = f->state->modified;
	}
	return kr_fetch__http(f, &q, fd, ret, reterr);
}

static int run(struct kr_fetch *f, struct kr_fault *reterr)
{
	struct kr_net_response r;
	int fd = kr_fetch__temp(f, reterr), err;

	if (fd < 0)
		return fd;
	err = fetch(f, true, fd, &r, reterr);
	if (!err && r.status != 304) {
		err = kr_fetch__take(f, fd, report_name(f, &r), kr_time_now(), reterr);
		if (!err) {
			f->state->etag = r.etag;
			f->state->modified = r.last_modified;
		}
	}
	close(fd);
	return err;
}

static int sample(struct kr_fetch *f, int *ret_fd, struct kr_str *ret_name, struct kr_fault *reterr)
{
	struct kr_net_response r;
	int fd = kr_fetch__temp(f, reterr), err;

	if (fd < 0)
		return fd;
	err = fetch(f, false, fd, &r, reterr);
	if (err) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	*ret_name = report_name(f, &r);
	return 0;
}

const struct kr_source_runner kr_source_http = {.name = "http", .run = run, .sample = sample};
