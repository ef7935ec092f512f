/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "raw.h"
#include "tap.h"

static uint16_t port;
static atomic_int handled, freed;

static int hello(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)f;
	atomic_fetch_add(&handled, 1);
	p->type = "text/plain; charset=utf-8";
	p->body = KR_BUF(100000);
	kr_buf_printf(&p->body, "hello %.*s q=%.*s", KR_STR_ARG(kr_http_param(r, "name")),
		      KR_STR_ARG(kr_http_query(r, "q")));
	return 0;
}

static int fixed(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)r;
	(void)f;
	p->type = "text/css";
	p->cache = KR_HTTP_IMMUTABLE;
	p->etag = "abc";
	p->fixed = KR_STR("body{}");
	return 0;
}

static int failing(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)r;
	p->body = KR_BUF(100);
	kr_buf_c(&p->body, "half a page");
	kr_fault_set(f, -KR_EUNAVAIL, "the cellar is flooded");
	kr_fault_remedy(f, "wait for the pump");
	return -KR_EUNAVAIL;
}

static int too_large(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)r;
	(void)f;
	p->body = KR_BUF(10);
	kr_buf_c(&p->body, "more than ten bytes");
	return 0;
}

struct count {
	unsigned n, fail_at;
};

static int next(void *ctx, struct kr_buf *piece)
{
	struct count *c = ctx;

	if (++c->n == c->fail_at)
		return -KR_EIO;
	for (int i = 0; i < 1000; i++)
		kr_buf_printf(piece, "%06u,%03d\n", c->n, i);
	return c->n < 100;
}

static void count_free(void *ctx)
{
	atomic_fetch_add(&freed, 1);
	free(ctx);
}

static int stream(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	struct count *c = calloc(1, sizeof(*c));
	uint64_t at = 0;

	(void)f;
	if (!kr_str_u64(kr_http_query(r, "fail"), &at))
		c->fail_at = (unsigned)at;
	p->type = "text/csv";
	p->stream = next;
	p->stream_free = count_free;
	p->stream_ctx = c;
	return 0;
}

static int slow(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	const struct timespec nap = {.tv_nsec = 300000000};

	nanosleep(&nap, NULL);
	return hello(r, p, f);
}

static const struct kr_http_route routes[] = {
	{"GET", "/", hello, "", false},		 {"GET", "/hello/:name", hello, "", false},
	{"GET", "/style.css", fixed, "", true},	 {"GET", "/failing", failing, "", false},
	{"GET", "/large", too_large, "", false}, {"GET", "/stream", stream, "", false},
	{"GET", "/slow", slow, "", false},
};

#define ASK(method, target, headers) raw_get(port, method, target, headers, &a)
#define DONE()			     kr_buf_done(&a.b)

static void test_fine(void)
{
	struct answer a;

	ASK("GET", "/hello/a%20b?q=x+y%26z", "");
	IS(a.status, 200, "a page");
	IS_STR(a.body, KR_STR("hello a b q=x y&z"), "with decoded values");
	IS_STR(raw_header(&a, "Content-Type"), KR_STR("text/plain; charset=utf-8"), "its type");
	OK(kr_str_find(raw_header(&a, "Content-Security-Policy"), KR_STR("default-src 'none'")) ==
		   0,
	   "a policy that forbids scripts");
	IS_STR(raw_header(&a, "X-Content-Type-Options"), KR_STR("nosniff"), "no sniffing");
	IS_STR(raw_header(&a, "Referrer-Policy"), KR_STR("no-referrer"), "no referrer");
	IS_STR(raw_header(&a, "Cache-Control"), KR_STR("no-store"), "pages are not kept");
	IS(raw_header(&a, "X-Request-Id").n, 16, "a request id");
	DONE();
	ASK("HEAD", "/hello/x", "");
	IS(a.status, 200, "HEAD");
	IS(a.body.n, 0, "has no body");
	IS_STR(raw_header(&a, "Content-Length"), KR_STR("10"), "but its length");
	DONE();
}

static void test_errors(void)
{
	struct answer a;

	ASK("GET", "/nothing", "");
	IS(a.status, 404, "no such page");
	OK(kr_str_find(a.body, KR_STR("no such page")) > 0, "says so");
	OK(raw_header(&a, "Content-Security-Policy").n, "with the same headers");
	DONE();
	ASK("GET", "/hello/%zz", "");
	IS(a.status, 400, "a path that cannot be decoded");
	DONE();
	ASK("GET", "/hello/a%00b", "");
	IS(a.status, 400, "a NUL in the path");
	DONE();
	ASK("GET", "/?q=%ff", "");
	IS(a.status, 400, "a query that is not UTF-8");
	DONE();
	ASK("GET", "/failing", "");
	IS(a.status, 503, "a handler's error has its status");
	OK(kr_str_find(a.body, KR_STR("the cellar is flooded")) > 0, "its message");
	OK(kr_str_find(a.body, KR_STR("wait for the pump")) > 0, "its remedy");
	OK(kr_str_find(a.body, KR_STR("half")) < 0, "and nothing of the page");
	DONE();
	ASK("GET", "/large", "");
	IS(a.status, 413, "a page over its limit");
	DONE();
}

static void test_methods(void)
{
	static const char *const methods[] = {"POST",  "PUT",	"DELETE", "OPTIONS",
					      "TRACE", "PATCH", "get",	  "FOO"};
	struct answer a;
	int before = atomic_load(&handled);

	for (size_t i = 0; i < KR_ARRAY_LEN(methods); i++) {
		ASK(methods[i], "/", "");
		OK(a.status == 405, "%s is refused with %d", methods[i], a.status);
		IS_STR(raw_header(&a, "Allow"), KR_STR("GET, HEAD"), "and told what is allowed");
		DONE();
	}
	ASK("POST", "/", "Content-Length: 5\r\n\r\nhello");
	IS(a.status, 405, "a POST with a body");
	DONE();
	IS(atomic_load(&handled), before, "no handler ran");
}

/* What follows a refused request on its connection must not be taken for another request. */
static void test_smuggling(void)
{
	struct answer a;
	struct kr_buf b = KR_BUF(10000);
	int before = atomic_load(&handled);

	kr_buf_printf(&b, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 0040\r\n\r\n",
		      port);
	kr_buf_printf(&b, "GET /hello/smuggled HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port);
	raw_talk(port, kr_buf_str(&b), &a);
	IS(a.status, 400, "a GET with a body");
	OK(kr_str_find(a.body, KR_STR("smuggled")) < 0, "its body is no request");
	DONE();
	kr_buf_clear(&b);
	kr_buf_printf(&b,
		      "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nTransfer-Encoding: "
		      "chunked\r\n\r\n0\r\n\r\n",
		      port);
	kr_buf_printf(&b, "GET /hello/smuggled HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port);
	raw_talk(port, kr_buf_str(&b), &a);
	IS(a.status, 400, "a GET with a chunked body");
	OK(kr_str_find(a.body, KR_STR("smuggled")) < 0, "nor is that");
	DONE();
	IS(atomic_load(&handled), before, "no handler ran");
	kr_buf_done(&b);
}

static void test_hosts(void)
{
	static const char *const bad[] = {"Host: example.org\r\n", "Host: 192.0.2.1:80\r\n",
					  "Host: \r\n", "", "Host: localhost:1\r\n"};
	struct answer a;
	char text[200];
	int before = atomic_load(&handled);

	for (size_t i = 0; i < KR_ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%sConnection: close\r\n\r\n",
			 bad[i]);
		raw_talk(port, kr_str_c(text), &a);
		OK(a.status == 421 || a.status == 400, "'%.*s' is refused with %d",
		   (int)strcspn(bad[i], "\r"), bad[i], a.status);
		DONE();
	}
	snprintf(text, sizeof(text),
		 "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nHost: example.org\r\n\r\n", port);
	raw_talk(port, kr_str_c(text), &a);
	OK(a.status == 421 || a.status == 400, "two hosts are refused with %d", a.status);
	DONE();
	snprintf(text, sizeof(text),
		 "GET http://example.org/ HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port);
	raw_talk(port, kr_str_c(text), &a);
	OK(a.status == 400 || a.status == 421, "a whole URL as target is refused with %d",
	   a.status);
	DONE();
	IS(atomic_load(&handled), before, "no handler ran");
	snprintf(text, sizeof(text),
		 "GET / HTTP/1.1\r\nHost: LOCALHOST:%u\r\nConnection: close\r\n\r\n", port);
	raw_talk(port, kr_str_c(text), &a);
	IS(a.status, 200, "localhost in any case is fine");
	DONE();
}

static void test_limits(void)
{
	struct kr_buf b = KR_BUF(200000);
	struct answer a;

	kr_buf_c(&b, "/?q=");
	while (b.n < 10000)
		kr_buf_ch(&b, 'a');
	ASK("GET", kr_buf_cstr(&b), "");
	IS(a.status, 414, "a query of 10,000 bytes");
	DONE();
	kr_buf_clear(&b);
	kr_buf_c(&b, "/?q=");
	while (b.n < 8000)
		kr_buf_ch(&b, 'a');
	ASK("GET", kr_buf_cstr(&b), "");
	IS(a.status, 200, "one of 8,000");
	DONE();
	kr_buf_clear(&b);
	kr_buf_ch(&b, '/');
	while (b.n < 3000)
		kr_buf_ch(&b, 'a');
	ASK("GET", kr_buf_cstr(&b), "");
	IS(a.status, 414, "a path of 3,000 bytes");
	DONE();
	kr_buf_clear(&b);
	kr_buf_c(&b, "X-Long: ");
	while (b.n < 100000)
		kr_buf_ch(&b, 'a');
	kr_buf_c(&b, "\r\n");
	ASK("GET", "/", kr_buf_cstr(&b));
	OK(a.status == 431 || a.status == 400 || a.status == 413 || a.status == 0,
	   "headers of 100,000 bytes are refused with %d", a.status);
	DONE();
	raw_talk(port,
		 KR_STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http at all\r\n\r\n"),
		 &a);
	OK(a.status != 200, "something that is not HTTP is refused with %d", a.status);
	DONE();
	ASK("GET", "/", "");
	IS(a.status, 200, "and the server still answers");
	DONE();
	kr_buf_done(&b);
}

static void test_cache(void)
{
	struct answer a;

	ASK("GET", "/style.css", "");
	IS_STR(a.body, KR_STR("body{}"), "a file");
	IS_STR(raw_header(&a, "ETag"), KR_STR("\"abc\""), "its tag");
	OK(kr_str_find(raw_header(&a, "Cache-Control"), KR_STR("immutable")) > 0, "kept for good");
	DONE();
	ASK("GET", "/style.css", "If-None-Match: \"x\", \"abc\"\r\n");
	IS(a.status, 304, "not sent again");
	IS(a.body.n, 0, "no body");
	DONE();
	ASK("GET", "/style.css", "If-None-Match: \"abd\"\r\n");
	IS(a.status, 200, "sent where the tag differs");
	DONE();
}

static void test_stream(void)
{
	struct answer a;
	int before = atomic_load(&freed), fd;
	char text[200];

	ASK("GET", "/stream", "");
	IS(a.status, 200, "a stream");
	OK(kr_str_find(a.body, KR_STR("000100,999\n")) > 0 &&
		   kr_str_find(a.body, KR_STR("000001,000\n")) >= 0,
	   "from its first to its last line");
	OK(kr_str_ends(a.body, KR_STR("0\r\n\r\n")), "with the end of a chunked body");
	DONE();
	ASK("GET", "/stream?fail=50", "");
	OK(kr_str_find(a.body, KR_STR("000049,999")) > 0 &&
		   !kr_str_ends(a.body, KR_STR("\r\n0\r\n\r\n")),
	   "a failing stream is cut, so that nobody takes it for whole");
	DONE();
	ASK("HEAD", "/stream", "");
	OK(a.status == 200 && a.body.n == 0, "HEAD of a stream");
	DONE();
	fd = raw_connect(port);
	snprintf(text, sizeof(text), "GET /stream HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port);
	raw_send(fd, text, strlen(text));
	close(fd);
	for (int i = 0; i < 300 && atomic_load(&freed) < before + 4; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	IS(atomic_load(&freed), before + 4,
	   "every stream is freed, also where the client went away");
}

/* Clients that say half a request and wait hold nobody up, and are closed. */
static void test_slow_clients(void)
{
	int fds[8];
	struct answer a;
	char text[100];

	for (size_t i = 0; i < KR_ARRAY_LEN(fds); i++) {
		fds[i] = raw_connect(port);
		snprintf(text, sizeof(text),
			 "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nX-Slow:", port);
		raw_send(fds[i], text, strlen(text));
	}
	ASK("GET", "/", "");
	IS(a.status, 200, "others are served meanwhile");
	DONE();
	raw_read(fds[0], 5000, &a);
	IS(a.status == 200, 0, "a slow client is closed without a page");
	DONE();
	for (size_t i = 0; i < KR_ARRAY_LEN(fds); i++)
		close(fds[i]);
}

static struct kr_http *start(const struct kr_http_limits *l)
{
	struct kr_http_mount m = {.routes = routes, .n_routes = KR_ARRAY_LEN(routes)};
	struct kr_http_opts o = {.listen = "127.0.0.1:0", .mounts = &m, .n_mounts = 1};
	struct kr_http *h = NULL;
	struct kr_fault f = {0};

	if (l)
		o.limits = *l;
	OK(!kr_http_start(&o, &h, &f), "the server starts %s", f.message);
	if (!h)
		exit(1);
	port = kr_http_port(h);
	return h;
}

static void test_connections(void)
{
	struct kr_http *h =
		start(&(struct kr_http_limits){.connections_max = 8, .connections_address_max = 4});
	int fds[20], open = 0;
	char text[100];

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port);
	for (size_t i = 0; i < KR_ARRAY_LEN(fds); i++) {
		struct pollfd pfd;
		char c[16];

		fds[i] = raw_connect(port);
		raw_send(fds[i], text, strlen(text));
		pfd = (struct pollfd){.fd = fds[i], .events = POLLIN};
		if (poll(&pfd, 1, 300) > 0 && recv(fds[i], c, sizeof(c), 0) > 0)
			open++;
	}
	OK(open >= 1 && open <= 4,
	   "%d of 20 connections from one address were served, 4 are allowed", open);
	for (size_t i = 0; i < KR_ARRAY_LEN(fds); i++)
		close(fds[i]);
	kr_http_stop(h);
}

static void *ask_slow(void *ret)
{
	raw_get(port, "GET", "/slow", "", ret);
	return NULL;
}

static void test_drain(void)
{
	struct kr_http *h = start(NULL);
	struct answer a;
	pthread_t t;

	pthread_create(&t, NULL, ask_slow, &a);
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	kr_http_stop(h);
	pthread_join(t, NULL);
	IS(a.status, 200, "a running request ends before the server does");
	DONE();
}

static void refused(struct kr_http_opts o, const char *says, const char *what)
{
	struct kr_http *h = NULL;
	struct kr_fault f;

	IS(kr_http_start(&o, &h, &f), -KR_ECONF, what);
	OK(!h && strstr(f.message, says), "is refused: %s", f.message);
}

static void test_refused_options(void)
{
	static const struct kr_http_route odd[] = {{"TRACE", "/", hello, "", false}},
					  body[] = {{"GET", "/", hello, "", .body_max = 1}};
	struct kr_http_mount m = {.routes = odd, .n_routes = 1};
	struct kr_http_opts o = {.listen = "127.0.0.1:0", .mounts = &m, .n_mounts = 1};

	refused(o, "TRACE", "a route for TRACE");
	m.routes = body;
	refused(o, "no body", "a GET with a body");
	m.routes = routes;
	o.listen = "0.0.0.0:0";
	refused(o, "TLS", "an address that is not loopback, without TLS");
	o.proxies = "192.0.2.1";
	refused(o, "http.host", "one with a proxy, but no name");
	o.proxies = "192.0.2.1 nonsense";
	refused(o, "nonsense", "a proxy that is no address");
	o.proxies = NULL;
	o.certificate = "/nonexistent/cert.pem";
	refused(o, "each other", "a certificate without its key");
	o = (struct kr_http_opts){
		.listen = "127.0.0.1:0", .mounts = &m, .n_mounts = 1, .threads = 65};
	refused(o, "threads", "too many threads");
}

int main(void)
{
	struct kr_http *h = start(&(struct kr_http_limits){.timeout_s = 1});

	test_fine();
	test_errors();
	test_methods();
	test_smuggling();
	test_hosts();
	test_limits();
	test_cache();
	test_stream();
	test_slow_clients();
	kr_http_stop(h);
	test_connections();
	test_drain();
	test_refused_options();
	return tap_end();
}
