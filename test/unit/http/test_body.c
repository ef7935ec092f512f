/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies, forms, cookies, methods, origins: what changes something. */
#include "http/http.h"

#include <stdatomic.h>
#include <time.h>

#include "raw.h"
#include "tap.h"

static uint16_t port;
static atomic_int begun, freed, handled;
static atomic_ullong came;

static int echo(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)f;
	atomic_fetch_add(&handled, 1);
	p->type = "text/plain";
	p->body = KR_BUF(1 << 20);
	kr_buf_printf(&p->body, "%s %llu:", r->method, (unsigned long long)r->body_n);
	kr_buf_str_add(&p->body, r->body);
	return 0;
}

static int form(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	int err = kr_http_form(r, f);

	if (err)
		return err;
	p->type = "text/plain";
	p->body = KR_BUF(10000);
	kr_buf_printf(&p->body, "%zu name=%.*s", r->n_form, KR_STR_ARG(kr_http_field(r, "name")));
	return 0;
}

static int cookies(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	struct kr_str c = kr_http_cookie(r, "session");

	(void)f;
	p->type = "text/plain";
	p->body = KR_BUF(10000);
	kr_http_reply_cookie(r, p, "session", KR_STR("abc-1_2.3"), 3600);
	kr_buf_printf(&p->body, "%s%.*s from %s%s", c.p ? "=" : "none", KR_STR_ARG(c), r->client,
		      r->secure ? " secure" : "");
	return 0;
}

static int spool_begin(struct kr_http_request *r, struct kr_fault *f)
{
	atomic_fetch_add(&begun, 1);
	if (kr_http_query(r, "refuse").p)
		return kr_fault_set(f, -KR_EDENIED, "not today");
	r->body_ctx = malloc(1);
	return 0;
}

static int spool_data(struct kr_http_request *r, struct kr_str bytes, struct kr_fault *f)
{
	atomic_fetch_add(&came, bytes.n);
	if (kr_http_query(r, "full").p && r->body_n > 100000)
		return kr_fault_set(f, -KR_EFULL, "the disk is full");
	return 0;
}

static void spool_free(struct kr_http_request *r)
{
	free(r->body_ctx);
	atomic_fetch_add(&freed, 1);
}

#define SPOOL                                                                                      \
	.body_max = 10000000, .body_begin = spool_begin, .body_data = spool_data,                  \
	.body_free = spool_free

static const struct kr_http_route routes[] = {
	{"GET", "/thing", echo, ""},
	{"POST", "/thing", echo, "", .body_max = 1000},
	{"DELETE", "/thing", echo, ""},
	{"PUT", "/other", echo, "", .body_max = 200000},
	{"PATCH", "/other", echo, "", .body_max = 10},
	{"POST", "/form", form, "", .body_max = 100000},
	{"GET", "/cookies", cookies, ""},
	{"POST", "/spool", echo, "", SPOOL},
};

static int api_ping(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)f;
	p->type = "application/json";
	p->body = KR_BUF(100);
	kr_buf_printf(&p->body, "\"%s\"", (const char *)r->ctx);
	return 0;
}

static void api_error(struct kr_http_request *r, struct kr_http_reply *p, unsigned status,
		      const struct kr_fault *f)
{
	(void)f;
	p->type = "application/problem+json";
	p->body = KR_BUF(100);
	kr_buf_printf(&p->body, "{\"status\":%u,\"by\":\"%s\"}", status, (const char *)r->ctx);
}

static const struct kr_http_route api_routes[] = {{"GET", "/api/ping", api_ping, ""}};

#define ASK(method, target, headers) raw_get(port, method, target, headers, &a)
#define DONE()			     kr_buf_done(&a.b)

static void test_methods(void)
{
	struct answer a;

	ASK("DELETE", "/thing", "");
	IS_STR(a.body, KR_STR("DELETE 0:"), "DELETE without a body");
	DONE();
	ASK("PUT", "/thing", "Content-Length: 0\r\n");
	IS(a.status, 405, "PUT where there is none");
	IS_STR(raw_header(&a, "Allow"), KR_STR("GET, HEAD, POST, DELETE"), "with what there is");
	DONE();
	ASK("OPTIONS", "/other", "");
	IS(a.status, 405, "OPTIONS");
	IS_STR(raw_header(&a, "Allow"), KR_STR("PUT, PATCH"), "with what there is");
	DONE();
	ASK("HEAD", "/other", "");
	IS(a.status, 405, "HEAD where there is no GET");
	DONE();
	ASK("HEAD", "/thing", "");
	IS(a.status, 200, "HEAD where there is one");
	DONE();
	ASK("POST", "/nothing", "Content-Length: 3\r\n\r\nabc");
	IS(a.status, 404, "POST to nothing");
	DONE();
}

static void test_body(void)
{
	struct answer a;
	int before;

	ASK("POST", "/thing", "Content-Length: 5\r\n\r\nhello");
	IS_STR(a.body, KR_STR("POST 5:hello"), "a body with its length");
	DONE();
	ASK("POST", "/thing", "Content-Length: 0\r\n");
	IS_STR(a.body, KR_STR("POST 0:"), "an empty one");
	DONE();
	ASK("POST", "/thing",
	    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\n\r\n");
	IS_STR(a.body, KR_STR("POST 8:abcdefgh"), "one in chunks");
	DONE();
	before = atomic_load(&handled);
	ASK("POST", "/thing", "");
	IS(a.status, 411, "one that says nothing of its length");
	DONE();
	ASK("POST", "/thing", "Content-Length: 1001\r\n");
	IS(a.status, 0, "a short one that is too long is waited for");
	DONE();
	ASK("POST", "/thing", "Content-Length: 1000000000\r\n");
	IS(a.status, 413, "a gigabyte is refused at once");
	IS_STR(raw_header(&a, "Connection"), KR_STR("close"), "and the connection closed");
	DONE();
	ASK("POST", "/thing", "Content-Length: 2000\r\nExpect: 100-continue\r\n");
	IS(a.status, 413, "what is too long is refused before it is asked for");
	DONE();
	ASK("PATCH", "/other",
	    "Transfer-Encoding: chunked\r\n\r\n8\r\nabcdefgh\r\n8\r\nabcdefgh\r\n");
	IS(a.status, 413, "chunks are refused as soon as they are too many");
	OK(raw_header(&a, "Content-Security-Policy").n, "with the headers of every answer");
	DONE();
	ASK("DELETE", "/thing", "Content-Length: 3\r\n\r\nabc");
	IS(a.status, 400, "a body where none is expected");
	DONE();
	IS(atomic_load(&handled), before, "no handler ran");
}

static void test_framing(void)
{
	static const char *const bad[] = {
		"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
		"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"Content-Length: +3\r\n\r\nabc",
		"Content-Length: 3, 3\r\n\r\nabc",
		"Content-Length: -1\r\n\r\n",
		"Content-Length: 0x3\r\n\r\nabc",
		"Content-Length: 18446744073709551617\r\n\r\nabc",
	};
	int before = atomic_load(&handled);
	struct answer a;

	for (size_t i = 0; i < KR_ARRAY_LEN(bad); i++) {
		ASK("POST", "/thing", bad[i]);
		OK(a.status == 400 || a.status == 413, "%.*s is refused with %d",
		   (int)strcspn(bad[i], "\r"), bad[i], a.status);
		DONE();
	}
	IS(atomic_load(&handled), before, "no handler ran");
}

static void test_continue(void)
{
	struct answer a, b;
	char text[200];
	int fd = raw_connect(port);

	snprintf(text, sizeof(text),
		 "POST /thing HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 5\r\n"
		 "Expect: 100-continue\r\nConnection: close\r\n\r\n",
		 port);
	raw_send(fd, text, strlen(text));
	raw_read(fd, 300, &a);
	IS(a.status, 100, "who waits for it is told to go on");
	raw_send(fd, "hello", 5);
	raw_read(fd, 3000, &b);
	IS_STR(b.body, KR_STR("POST 5:hello"), "and then answered");
	kr_buf_done(&a.b);
	kr_buf_done(&b.b);
	close(fd);
}

static void test_form(void)
{
	struct kr_buf b = KR_BUF(100000);
	struct answer a;

#define FORM "Content-Type: application/x-www-form-urlencoded"
	ASK("POST", "/form", FORM "\r\nContent-Length: 19\r\n\r\nname=a%20b+c&x=&y=1");
	IS_STR(a.body, KR_STR("3 name=a b c"), "a form");
	DONE();
	ASK("POST", "/form", FORM "; charset=UTF-8\r\nContent-Length: 6\r\n\r\nname=x");
	IS_STR(a.body, KR_STR("1 name=x"), "its type with a parameter");
	DONE();
	ASK("POST", "/form", "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	IS(a.status, 415, "JSON is no form");
	DONE();
	ASK("POST", "/form", "Content-Length: 6\r\n\r\nname=x");
	IS(a.status, 415, "nor is something without a type");
	DONE();
	ASK("POST", "/form", FORM "\r\nContent-Length: 8\r\n\r\nname=%00");
	IS(a.status, 400, "a NUL in it");
	DONE();
	ASK("POST", "/form", FORM "\r\nContent-Length: 8\r\n\r\nname=%ff");
	IS(a.status, 400, "bytes that are not UTF-8");
	DONE();
	kr_buf_printf(&b, FORM "\r\nContent-Length: %d\r\n\r\n", (KR_HTTP_FORM_MAX + 1) * 4);
	for (int i = 0; i <= KR_HTTP_FORM_MAX; i++)
		kr_buf_c(&b, "a=b&");
	ASK("POST", "/form", kr_buf_cstr(&b));
	IS(a.status, 413, "too many fields");
	DONE();
	kr_buf_done(&b);
}

static void test_cookies(void)
{
	struct answer a;

	ASK("GET", "/cookies", "");
	IS_STR(a.body, KR_STR("none from 127.0.0.1"), "no cookie");
	IS_STR(raw_header(&a, "Set-Cookie"),
	       KR_STR("session=abc-1_2.3; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
	       "one is set");
	DONE();
	ASK("GET", "/cookies", "Cookie: xsession=1; session=v1; session2=2\r\n");
	IS_STR(a.body, KR_STR("=v1 from 127.0.0.1"), "the right one of several");
	DONE();
	ASK("GET", "/cookies", "Cookie: session=v1; session=v2\r\n");
	IS_STR(a.body, KR_STR("none from 127.0.0.1"), "two different ones are none");
	DONE();
	ASK("GET", "/cookies", "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\n");
	IS_STR(a.body, KR_STR("none from 127.0.0.1"), "a client cannot say who it is");
	DONE();
}

static void test_origin(void)
{
	static const struct {
		const char *headers;
		int status;
	} t[] = {
		{"", 200},
		{"Cookie: a=b\r\n", 403},
		{"Cookie: a=b\r\nSec-Fetch-Site: same-origin\r\n", 200},
		{"Cookie: a=b\r\nSec-Fetch-Site: none\r\n", 200},
		{"Cookie: a=b\r\nSec-Fetch-Site: same-site\r\n", 403},
		{"Cookie: a=b\r\nSec-Fetch-Site: cross-site\r\n", 403},
		{"Sec-Fetch-Site: cross-site\r\n", 403},
		{"Cookie: a=b\r\nOrigin: null\r\n", 403},
		{"Cookie: a=b\r\nOrigin: http://example.org\r\n", 403},
		{"Origin: http://example.org\r\n", 403},
		{"Cookie: a=b\r\nOrigin: http://127.0.0.1:%u\r\n", 200},
		{"Cookie: a=b\r\nOrigin: https://127.0.0.1:%u\r\n", 403},
		{"Cookie: a=b\r\nOrigin: http://127.0.0.1:%u.example.org\r\n", 403},
		{"Cookie: a=b\r\nOrigin: http://127.0.0.1:%u\r\nOrigin: http://example.org\r\n",
		 403},
		{"Cookie: a=b\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n",
		 403},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		KR_AUTO_BUF b = KR_BUF(1000);
		struct answer a;
		const char *at = strstr(t[i].headers, "%u");

		kr_buf_add(&b, t[i].headers,
			   at ? (size_t)(at - t[i].headers) : strlen(t[i].headers));
		if (at)
			kr_buf_printf(&b, "%u%s", port, at + 2);
		kr_buf_c(&b, "Content-Length: 2\r\n\r\nab");
		ASK("POST", "/thing", kr_buf_cstr(&b));
		OK(a.status == t[i].status, "%s is answered %d, wanted %d", t[i].headers, a.status,
		   t[i].status);
		DONE();
	}
}

static void until(atomic_int *n, int want)
{
	for (int i = 0; i < 500 && atomic_load(n) != want; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static void send_chunks(int fd, const char *query, int n)
{
	static char chunk[16384 + 8];
	char text[200];

	memset(chunk, 'x', sizeof(chunk));
	memcpy(chunk, "4000\r\n", 6);
	memcpy(chunk + 6 + 16384, "\r\n", 2);
	snprintf(text, sizeof(text),
		 "POST /spool%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nTransfer-Encoding: "
		 "chunked\r\nConnection: close\r\n\r\n",
		 query, port);
	raw_send(fd, text, strlen(text));
	for (int i = 0; i < n; i++)
		raw_send(fd, chunk, sizeof(chunk));
}

static void test_spool(void)
{
	struct answer a;
	int fd = raw_connect(port);

	send_chunks(fd, "", 100);
	raw_send(fd, "0\r\n\r\n", 5);
	raw_read(fd, 3000, &a);
	IS_STR(a.body, KR_STR("POST 1638400:"), "a body that is handed on as it comes");
	IS(atomic_load(&came), 1638400, "all of it");
	DONE();
	close(fd);
	until(&freed, 1);
	IS(atomic_load(&freed), 1, "then freed");

	fd = raw_connect(port);
	send_chunks(fd, "?full=1", 10);
	raw_read(fd, 3000, &a);
	IS(a.status, 507, "an error on the way is answered at once");
	OK(kr_str_find(a.body, KR_STR("the disk is full")) > 0, "with its reason");
	DONE();
	close(fd);
	until(&freed, 2);
	IS(atomic_load(&freed), 2, "and freed");

	fd = raw_connect(port);
	send_chunks(fd, "", 3);
	close(fd);
	until(&freed, 3);
	IS(atomic_load(&freed), 3, "so it is when the client goes away");

	fd = raw_connect(port);
	send_chunks(fd, "?refuse=1", 0);
	raw_read(fd, 3000, &a);
	IS(a.status, 403, "a body may be refused before its first byte");
	DONE();
	close(fd);
	until(&freed, 4);
	IS(atomic_load(&begun), 4, "each was begun");
	IS(atomic_load(&freed), 4, "and freed once");
}

static void test_mounts(void)
{
	struct answer a;

	ASK("GET", "/api/ping", "");
	IS_STR(a.body, KR_STR("\"api\""), "a route of the second mount has its ctx");
	DONE();
	ASK("GET", "/api/nothing", "");
	IS_STR(a.body, KR_STR("{\"status\":404,\"by\":\"api\"}"), "and its page of an error");
	DONE();
	ASK("GET", "/nothing", "");
	OK(kr_str_find(a.body, KR_STR("no such page")) > 0, "others have that of the first");
	DONE();
	ASK("POST", "/api/ping", "Content-Length: 0\r\n");
	IS_STR(a.body, KR_STR("{\"status\":405,\"by\":\"api\"}"), "405 too");
	DONE();
}

/* "X-User: NAME" is somebody, "X-User: bad" an error, none nobody. */
static int who_asks(void *ctx, struct kr_http_request *r, struct kr_fault *f)
{
	struct kr_str name = kr_http_header(r, "X-User");

	(void)ctx;
	if (kr_str_eqc(name, "bad"))
		return kr_fault_set(f, -KR_ERATE, "slow down");
	if (name.n)
		r->user = (void *)(uintptr_t)"somebody";
	return 0;
}

static int whoami(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)f;
	p->type = "text/plain";
	p->body = KR_BUF(100);
	kr_buf_c(&p->body, r->user ? r->user : "nobody");
	return 0;
}

static const struct kr_http_route guarded[] = {
	{"GET", "/closed", whoami, ""},
	{"GET", "/open", whoami, "", .open = true},
	{"GET", "/quiet", whoami, "", true, true},
	{"POST", "/spool", echo, "", SPOOL},
};

static void test_who(void)
{
	struct kr_http_mount m = {.routes = guarded, .n_routes = KR_ARRAY_LEN(guarded)};
	struct kr_http_opts o = {
		.listen = "127.0.0.1:0", .mounts = &m, .n_mounts = 1, .authenticate = who_asks};
	int before = atomic_load(&begun);
	uint16_t kept = port;
	struct kr_http *h = NULL;
	struct answer a;

	OK(!kr_http_start(&o, &h, NULL), "a server that asks who it is");
	port = kr_http_port(h);
	ASK("GET", "/closed", "");
	IS(a.status, 401, "nobody is refused");
	DONE();
	ASK("GET", "/closed", "X-User: a\r\n");
	IS_STR(a.body, KR_STR("somebody"), "somebody is let in");
	DONE();
	ASK("GET", "/closed", "X-User: bad\r\n");
	IS(a.status, 429, "an error of the hook is the answer");
	OK(raw_header(&a, "Retry-After").n, "with when to come again");
	DONE();
	ASK("GET", "/open", "");
	IS_STR(a.body, KR_STR("nobody"), "an open route takes nobody");
	DONE();
	ASK("GET", "/open", "X-User: a\r\n");
	IS_STR(a.body, KR_STR("somebody"), "and knows somebody");
	DONE();
	ASK("GET", "/open", "X-User: bad\r\n");
	IS_STR(a.body, KR_STR("nobody"), "and passes over errors");
	DONE();
	ASK("GET", "/quiet", "X-User: a\r\n");
	IS_STR(a.body, KR_STR("nobody"), "one that is quiet too asks nobody");
	DONE();
	ASK("POST", "/spool", "Content-Length: 9000000\r\n");
	IS(a.status, 401, "nobody is refused before a byte of the body was read");
	IS(atomic_load(&begun), before, "or kept");
	DONE();
	kr_http_stop(h);
	port = kept;
}

int main(void)
{
	char name[] = "api";
	const struct kr_http_mount mounts[] = {{.routes = routes, .n_routes = KR_ARRAY_LEN(routes)},
					       {.routes = api_routes,
						.n_routes = KR_ARRAY_LEN(api_routes),
						.ctx = name,
						.under = "/api/",
						.error = api_error}};
	struct kr_http_opts o = {.listen = "127.0.0.1:0",
				 .limits = {.timeout_s = 1},
				 .mounts = mounts,
				 .n_mounts = 2};
	struct kr_http *h = NULL;
	struct kr_fault f = {0};

	OK(!kr_http_start(&o, &h, &f), "the server starts %s", f.message);
	if (!h)
		exit(1);
	port = kr_http_port(h);
	test_methods();
	test_body();
	test_framing();
	test_continue();
	test_form();
	test_cookies();
	test_origin();
	test_spool();
	test_mounts();
	test_who();
	kr_http_stop(h);
	return tap_end();
}
