/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Each hop of a request is one transfer of libcurl, driven by our own loop: so a request can be
 * ended from another thread within WAKE_MS, time and silence are measured here, and a redirect is a
 * decision of ours. On each hop the URL is checked; fields that are secret and the client
 * certificate stay with the host they were given for; the address is checked when the socket is
 * made, that is after the name was resolved.
 *
 * Body bytes go to the caller as they come and only for a status of 2xx; of any other answer the
 * first bytes are kept, since they often say what is wrong.
 */
#include "net/http.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base64.h"
#include "base/time.h"
#include "net/http_internal.h"

#define WAKE_MS	  200
#define FIELD_MAX 1024 /* bytes of an ETag and the like; longer ones are passed over */

struct transfer {
	struct kr_net *net;
	const struct kr_net_request *q;
	const struct kr_conf *conf;
	struct kr_arena *a;
	struct kr_fault *fault;
	int err; /* of a callback; ends the transfer */
	CURL *easy;
	CURLM *multi;
	struct curl_slist *fields;
	struct kr_net__origin first, here;
	struct kr_str url; /* of this hop, ended by NUL */
	bool get;	   /* GET or HEAD: redirects are followed */
	struct kr_net_response r;
	struct kr_buf snippet;
	size_t header_bytes;
	uint64_t size_max;
	int64_t deadline_us, timeout_us, silence_us, active_us; /* of kr_clock_us() */
	const char *blocked;					/* why an address was not asked */
	char words[CURL_ERROR_SIZE];
};

static bool redirects(const struct transfer *t, unsigned status)
{
	return t->get &&
	       (status == 301 || status == 302 || status == 303 || status == 307 || status == 308);
}

/* ---- callbacks of libcurl ---- */

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct transfer *t = ctx;
	struct kr_ip ip = {0};
	const char *why;

	(void)purpose;
	if (sa->family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, &sa->addr, sizeof(in));
		ip.family = 4;
		ip.plen = 32;
		memcpy(ip.b, &in.sin_addr, 4);
	} else if (sa->family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)&sa->addr;

		ip.family = 6;
		ip.plen = 128;
		memcpy(ip.b, &in->sin6_addr, 16);
	} else {
		return CURL_SOCKET_BAD;
	}
	why = kr_net_blocked(&ip);
	if (why) {
		t->blocked = why;
		return CURL_SOCKET_BAD;
	}
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

static void keep(struct transfer *t, struct kr_str line, const char *name, size_t max,
		 struct kr_str *ret)
{
	size_t n = strlen(name);
	struct kr_str v;

	if (line.n <= n || line.p[n] != ':' || !kr_str_istarts(line, kr_str_c(name)))
		return;
	v = kr_str_trim(kr_str_from(line, n + 1));
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] < ' ' || v.p[i] == 127)
			return;
	if (v.n <= max)
		*ret = kr_arena_dup(t->a, v);
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct kr_str line = kr_str_trim(kr_str_n(p, n * size)), v = KR_STR_NULL;

	t->active_us = kr_clock_us();
	t->header_bytes += n * size;
	if (t->header_bytes > KR_NET_HEADERS_MAX) {
		t->err = kr_fault_set(t->fault, -KR_ELIMIT,
				      "the header of the answer is over %zu KiB",
				      KR_NET_HEADERS_MAX >> 10);
		kr_fault_where(t->fault, "%s port %u", t->here.host, t->here.port);
		return 0;
	}
	/* An interim answer came before this one. */
	if (kr_str_starts(line, KR_STR("HTTP/")))
		t->r = (struct kr_net_response){.retry_after_s = -1};
	keep(t, line, "etag", FIELD_MAX, &t->r.etag);
	keep(t, line, "last-modified", FIELD_MAX, &t->r.last_modified);
	keep(t, line, "content-type", FIELD_MAX, &t->r.type);
	keep(t, line, "content-disposition", FIELD_MAX, &v);
	if (v.n)
		t->r.name = kr_net__disposition_name(v, t->a);
	return n * size;
}

static int body(struct transfer *t, const char *p, size_t n)
{
	const struct kr_net_request *q = t->q;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->r.bytes += n;
	if (t->r.bytes > t->size_max) {
		kr_fault_set(t->fault, -KR_ELIMIT, "the answer is larger than %llu bytes",
			     (unsigned long long)t->size_max);
		kr_fault_remedy(t->fault, "raise the setting net.response_max if that is right");
		kr_fault_where(t->fault, "%s port %u", t->here.host, t->here.port);
		return -KR_ELIMIT;
	}
	if (status / 100 == 2)
		return q->data ? q->data(q->ctx, p, n, t->fault) : 0;
	kr_buf_add(&t->snippet, p, KR_MIN(n, KR_NET_SNIPPET_MAX - t->snippet.n));
	return 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	t->active_us = kr_clock_us();
	t->err = body(t, p, n * size);
	if (t->err > 0)
		t->err = 0;
	return t->err ? 0 : n * size;
}

/* ---- one hop ---- */

static void add_field(struct transfer *t, const char *name, struct kr_str value)
{
	struct kr_str line = kr_arena_printf(t->a, "%s: %.*s", name, KR_STR_ARG(value));
	struct curl_slist *more = line.p ? curl_slist_append(t->fields, line.p) : NULL;

	if (more)
		t->fields = more;
	else
		t->err = kr_fault_set(t->fault, -KR_ELIMIT, "the header fields are too large");
}

static void add_fields(struct transfer *t)
{
	const struct kr_net_request *q = t->q;
	bool home = kr_net__origin_same(&t->first, &t->here), typed = false;
	struct curl_slist *more;

	for (size_t i = 0; i < q->n_fields && !t->err; i++) {
		const struct kr_net_field *f = &q->fields[i];
		struct kr_str name = kr_arena_dup(t->a, f->name);

		typed |= kr_str_ieq(f->name, KR_STR("content-type"));
		if ((home || !f->secret) && name.p)
			add_field(t, name.p, f->value);
	}
	if (q->etag.n)
		add_field(t, "If-None-Match", q->etag);
	if (q->last_modified.n)
		add_field(t, "If-Modified-Since", q->last_modified);
	/* Without these libcurl would add a type of forms, and wait for a status 100. */
	for (int i = typed; i < 2 && !t->err; i++) {
		more = curl_slist_append(t->fields, i ? "Expect:" : "Content-Type:");
		if (more)
			t->fields = more;
	}
}

/* A path of the settings or of the request; relative ones start at the data directory. */
static const char *path_of(struct transfer *t, const char *path)
{
	struct kr_str s = path[0] == '/' ? kr_arena_dup(t->a, kr_str_c(path))
					 : kr_arena_printf(t->a, "%s/%s", kr_net_dir(t->net), path);

	return s.p ? s.p : "";
}

static void set_tls(struct transfer *t)
{
	const struct kr_net_request *q = t->q;
	CURL *c = t->easy;

	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	if (t->conf->net_ca_file[0]) {
		const char *ca = path_of(t, t->conf->net_ca_file);

		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
		curl_easy_setopt(c, CURLOPT_PROXY_CAINFO, ca);
	}
	if (!q->cert_file || !kr_net__origin_same(&t->first, &t->here))
		return;
	curl_easy_setopt(c, CURLOPT_SSLCERT, path_of(t, q->cert_file));
	if (q->key_file)
		curl_easy_setopt(c, CURLOPT_SSLKEY, path_of(t, q->key_file));
}

static void set_method(struct transfer *t)
{
	const struct kr_net_request *q = t->q;
	struct kr_str method = kr_arena_dup(t->a, q->method);

	if (q->body.p) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, q->body.p);
	}
	if (kr_str_eqc(q->method, "HEAD"))
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
	else if (method.n && !kr_str_eqc(method, q->body.p ? "POST" : "GET"))
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method.p);
}

static void set_options(struct transfer *t)
{
	const char *agent = t->conf->net_user_agent;
	CURL *c = t->easy;

	curl_easy_setopt(c, CURLOPT_URL, t->url.p);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	/* Do not wait for a resolver that hangs when the request ends. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->words);
	curl_easy_setopt(c, CURLOPT_USERAGENT, agent[0] ? agent : "karaula/" KR_VERSION);
	curl_easy_setopt(c, CURLOPT_PROXY, t->conf->net_proxy);
	curl_easy_setopt(c, CURLOPT_NOPROXY, t->conf->net_no_proxy);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(t->silence_us / 1000));
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->size_max);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->fields);
	set_tls(t);
	set_method(t);
}

/* Should it end now? Fills the fault. */
static int overdue(struct transfer *t, curl_off_t *sent)
{
	int64_t now = kr_clock_us();
	curl_off_t up = 0;

	if (kr_net_stopped(t->net) || (t->q->cancelled && t->q->cancelled(t->q->ctx)))
		return kr_fault_set(t->fault, -KR_ECANCEL, "the request was cancelled");
	curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	if (up != *sent)
		t->active_us = now;
	*sent = up;
	if (now > t->deadline_us)
		return kr_net__late_fault(&t->here, false, t->timeout_us, t->fault);
	if (now - t->active_us > t->silence_us)
		return kr_net__late_fault(&t->here, true, t->silence_us, t->fault);
	return 0;
}

static int blocked_fault(struct transfer *t)
{
	kr_fault_set(t->fault, -KR_EDENIED, "its name leads to %s, which are never asked",
		     t->blocked);
	kr_fault_remedy(t->fault, "no feed and no webhook lives there; look at the address");
	kr_fault_where(t->fault, "%s port %u", t->here.host, t->here.port);
	return -KR_EDENIED;
}

static int outcome(struct transfer *t)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(t->multi, &left))) {
		if (m->msg != CURLMSG_DONE || m->data.result == CURLE_OK)
			continue;
		if (t->blocked && m->data.result == CURLE_COULDNT_CONNECT)
			return blocked_fault(t);
		return kr_net__curl_fault(m->data.result, &t->here, t->words, t->fault);
	}
	return 0;
}

static int drive(struct transfer *t)
{
	curl_off_t sent = 0;
	int running = 1, err = 0;

	t->active_us = kr_clock_us();
	while (running && !err) {
		if (curl_multi_perform(t->multi, &running) != CURLM_OK)
			return kr_fault_set(t->fault, -KR_EINTERNAL, "libcurl failed");
		if (t->err)
			return t->err;
		if (running)
			curl_multi_poll(t->multi, NULL, 0, WAKE_MS, NULL);
		err = overdue(t, &sent);
	}
	/* What came in time is complete, however late it is noticed. */
	return running ? err : outcome(t);
}

static void forget(struct transfer *t)
{
	if (t->multi && t->easy)
		curl_multi_remove_handle(t->multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_multi_cleanup(t->multi);
	curl_slist_free_all(t->fields);
	t->easy = NULL;
	t->multi = NULL;
	t->fields = NULL;
}

/* 0: an answer; 1: a redirect, t->url is the next one. */
static int hop(struct transfer *t)
{
	curl_off_t after = 0;
	char *next = NULL;
	long status = 0;
	int err;

	t->header_bytes = 0;
	t->words[0] = '\0';
	t->blocked = NULL;
	kr_buf_clear(&t->snippet);
	t->r = (struct kr_net_response){.retry_after_s = -1};
	t->easy = curl_easy_init();
	t->multi = curl_multi_init();
	if (!t->easy || !t->multi)
		return kr_fault_set(t->fault, -KR_EUNAVAIL, "no memory for a request");
	add_fields(t);
	if (t->err)
		return t->err;
	set_options(t);
	if (curl_multi_add_handle(t->multi, t->easy) != CURLM_OK)
		return kr_fault_set(t->fault, -KR_EUNAVAIL, "no memory for a request");
	err = drive(t);
	if (err)
		return err;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after);
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &next);
	t->r.status = (unsigned)status;
	t->r.url = t->url;
	if (after > 0)
		t->r.retry_after_s = KR_MIN((int64_t)after, KR_NET_RETRY_AFTER_MAX);
	t->r.snippet = kr_arena_dup(t->a, kr_buf_str(&t->snippet));
	if (!next || !redirects(t, t->r.status))
		return 0;
	t->url = kr_arena_dup(t->a, kr_str_c(next));
	return t->url.p ? 1 : kr_fault_set(t->fault, -KR_ELIMIT, "the addresses are too long");
}

static int hops(struct transfer *t)
{
	struct kr_net__origin next;
	int err;

	for (int n = 0;; n++) {
		if (n > KR_NET_REDIRECTS_MAX) {
			kr_fault_set(t->fault, -KR_ELIMIT, "more than %d redirects",
				     KR_NET_REDIRECTS_MAX);
			kr_fault_remedy(t->fault, "look at the address: it leads in a circle");
			kr_fault_where(t->fault, "%s port %u", t->first.host, t->first.port);
			return -KR_ELIMIT;
		}
		err = hop(t);
		forget(t);
		if (err <= 0)
			return err;
		err = kr_net__origin(t->url, &next, t->fault);
		if (!err && t->here.https && !next.https)
			err = kr_fault_set(
				t->fault, -KR_EDENIED,
				"it redirects from https to http, which is not followed");
		if (err) {
			kr_fault_where(t->fault, "redirect of %s port %u", t->here.host,
				       t->here.port);
			return err;
		}
		t->here = next;
	}
}

int kr_net_http(struct kr_net *net, const struct kr_net_request *q, struct kr_arena *a,
		struct kr_net_response *ret, struct kr_fault *reterr)
{
	struct kr_fault unseen;
	struct transfer t = {.net = net,
			     .q = q,
			     .a = a,
			     .fault = reterr ? reterr : &unseen,
			     .snippet = KR_BUF(KR_NET_SNIPPET_MAX)};
	int err = kr_net__request_check(q, t.fault);

	if (!err)
		err = kr_net__origin(q->url, &t.first, t.fault);
	if (err)
		return err;
	t.conf = kr_net_conf(net);
	t.here = t.first;
	t.url = kr_arena_dup(a, q->url);
	t.get = !q->body.p &&
		(!q->method.n || kr_str_eqc(q->method, "GET") || kr_str_eqc(q->method, "HEAD"));
	t.size_max = q->size_max ? q->size_max : t.conf->net_response_max;
	t.timeout_us = q->timeout_us ? q->timeout_us : t.conf->net_timeout;
	t.silence_us = q->silence_us ? q->silence_us : t.conf->net_silence;
	t.deadline_us = kr_clock_us() + t.timeout_us;
	err = t.url.p ? hops(&t) : kr_fault_set(t.fault, -KR_ELIMIT, "the address is too long");
	if (!err)
		*ret = t.r;
	kr_buf_done(&t.snippet);
	kr_conf_unref(t.conf);
	return err;
}

struct kr_str kr_net_basic(struct kr_arena *a, struct kr_str user, struct kr_str password)
{
	struct kr_str pair = kr_arena_printf(a, "%.*s:%.*s", KR_STR_ARG(user),
					     KR_STR_ARG(password));
	KR_AUTO_BUF b = KR_BUF((size_t)64 << 10);

	if (!pair.p)
		return KR_STR_NULL;
	kr_buf_c(&b, "Basic ");
	kr_base64_write(&b, pair, 0);
	return b.err ? KR_STR_NULL : kr_arena_dup(a, kr_buf_str(&b));
}
