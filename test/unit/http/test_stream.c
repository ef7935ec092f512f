/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of events that sleep, and time limits of connections: with real sockets. */
#include "http/http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/time.h"
#include "raw.h"
#include "tap.h"

static uint16_t port;
static struct kr_http *server;
static atomic_uint told, freed, asked, fail;

/* Says each number that `told` has reached. */
struct teller {
	unsigned said;
};

static int tell(void *ctx, struct kr_buf *piece)
{
	struct teller *t = ctx;

	atomic_fetch_add(&asked, 1);
	if (atomic_load(&fail))
		return 0;
	if (t->said == atomic_load(&told))
		return KR_HTTP_LATER;
	kr_buf_printf(piece, "data: %u\n\n", ++t->said);
	return 1;
}

static void tell_free(void *ctx)
{
	atomic_fetch_add(&freed, 1);
	free(ctx);
}

static int events(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	struct teller *t = calloc(1, sizeof(*t));

	(void)r;
	(void)f;
	t->said = atomic_load(&told);
	p->type = "text/event-stream";
	p->stream = tell;
	p->stream_free = tell_free;
	p->stream_ctx = t;
	p->topic = "numbers";
	return 0;
}

static int page(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)f;
	p->type = "text/plain";
	p->body = KR_BUF(8 << 20);
	kr_buf_printf(&p->body, "%s %llu", r->client, (unsigned long long)r->body_n);
	if (kr_http_query(r, "long").p)
		while (p->body.n < (4 << 20))
			kr_buf_c(&p->body, "0123456789abcdef");
	return 0;
}

static const struct kr_http_route routes[] = {
	{"GET", "/events", events, ""},
	{"GET", "/page", page, ""},
	{"POST", "/page", page, "", .body_max = 1000000},
};

static void begin(struct kr_http_limits l, const char *proxies)
{
	struct kr_http_mount m = {.routes = routes, .n_routes = KR_ARRAY_LEN(routes)};
	struct kr_http_opts o = {.listen = "127.0.0.1:0",
				 .limits = l,
				 .mounts = &m,
				 .n_mounts = 1,
				 .hosts = "node.example.org other.example.org:8443",
				 .proxies = proxies};
	struct kr_fault f = {0};

	server = NULL;
	OK(!kr_http_start(&o, &server, &f), "the server starts %s", f.message);
	if (!server)
		exit(1);
	port = kr_http_port(server);
}

static int open_stream(const char *method)
{
	int fd = raw_connect(port);
	char text[100];

	snprintf(text, sizeof(text), "%s /events HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", method,
		 port);
	raw_send(fd, text, strlen(text));
	return fd;
}

/* Does it come within ms? Reads no further. */
static bool says(int fd, int ms, const char *want)
{
	int64_t end = kr_clock_us() + ms * 1000;
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char chunk[4096];

	while (kr_clock_us() < end && kr_str_find(kr_buf_str(&b), kr_str_c(want)) < 0) {
		ssize_t n = 0;

		if (poll(&pfd, 1, 50) > 0)
			n = recv(fd, chunk, sizeof(chunk), 0);
		if (n > 0)
			kr_buf_add(&b, chunk, (size_t)n);
	}
	return kr_str_find(kr_buf_str(&b), kr_str_c(want)) >= 0;
}

static void until(unsigned want)
{
	for (int i = 0; i < 500 && kr_http_streams(server) != want; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	IS(kr_http_streams(server), want, "streams that are open");
}

static void test_events(void)
{
	int a, b, c;
	unsigned before;

	begin((struct kr_http_limits){.streams_max = 3, .beat_s = 60, .timeout_s = 1}, NULL);
	a = open_stream("GET");
	b = open_stream("GET");
	OK(says(a, 300, "text/event-stream"), "a stream begins with its headers");
	OK(says(b, 300, "text/event-stream"), "so does another");
	nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
	before = atomic_load(&asked);
	nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
	IS(atomic_load(&asked), before, "nobody asks while there is nothing to say");
	atomic_fetch_add(&told, 1);
	kr_http_wake(server, "letters");
	OK(!says(a, 200, "data"), "another topic does not wake it");
	kr_http_wake(server, "numbers");
	OK(says(a, 500, "data: 1"), "its own does, after more silence than others are allowed");
	OK(says(b, 500, "data: 1"), "and all of them");
	c = open_stream("HEAD");
	OK(says(c, 500, "HTTP/1.1 200"), "HEAD has no body and no end to wait for");
	close(c);
	until(2);
	c = open_stream("GET");
	OK(says(c, 300, "200 OK"), "a third");
	{
		int d = open_stream("GET");

		OK(says(d, 500, "HTTP/1.1 503"), "a fourth is one too many");
		close(d);
	}
	close(a);
	close(c);
	until(1);
	atomic_store(&fail, 1);
	kr_http_wake(server, NULL);
	OK(says(b, 500, "0\r\n\r\n"), "a stream may end itself");
	atomic_store(&fail, 0);
	close(b);
	until(0);
	a = open_stream("GET");
	OK(says(a, 300, "200 OK"), "one more, open while the server stops");
	kr_http_stop(server);
	IS(atomic_load(&freed), 6, "all were freed");
	close(a);
}

static void test_beat(void)
{
	int fd;

	begin((struct kr_http_limits){.beat_s = 1, .timeout_s = 1}, NULL);
	fd = open_stream("GET");
	OK(says(fd, 300, "200 OK"), "a stream");
	OK(says(fd, 2500, ":\n\n"), "says that it is alive");
	OK(says(fd, 2500, ":\n\n"), "again and again");
	close(fd);
	until(0);
	kr_http_stop(server);
}

static void *waker(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2000; i++) {
		atomic_fetch_add(&told, 1);
		kr_http_wake(server, "numbers");
	}
	return NULL;
}

/* No wake-up is lost between "nothing to say" and sleep. */
static void test_race(void)
{
	unsigned first = atomic_load(&told);
	char last[32];
	pthread_t t[2];
	int fds[4];

	begin((struct kr_http_limits){.beat_s = 600}, NULL);
	for (size_t i = 0; i < KR_ARRAY_LEN(fds); i++)
		fds[i] = open_stream("GET");
	until(KR_ARRAY_LEN(fds));
	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++)
		pthread_create(&t[i], NULL, waker, NULL);
	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++)
		pthread_join(t[i], NULL);
	snprintf(last, sizeof(last), "data: %u\n", first + 4000);
	for (size_t i = 0; i < KR_ARRAY_LEN(fds); i++) {
		OK(says(fds[i], 1000, last), "the last of 4,000 came");
		close(fds[i]);
	}
	kr_http_stop(server);
}

/* Milliseconds until the other side closes; one byte of text each 100 ms. */
static int64_t dribble(const char *head, const char *more)
{
	int64_t from = kr_clock_us();
	int fd = raw_connect(port);

	raw_send(fd, head, strlen(head));
	for (size_t i = 0; kr_clock_us() - from < 10000000; i++) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		char c;

		if (more[0])
			raw_send(fd, &more[i % strlen(more)], 1);
		if (poll(&pfd, 1, 100) > 0 && recv(fd, &c, 1, 0) <= 0)
			break;
	}
	close(fd);
	return (kr_clock_us() - from) / 1000;
}

static void test_slow(void)
{
	char head[200];
	struct answer a;
	int64_t ms;
	int fd;

	begin(
		(struct kr_http_limits){
			.timeout_s = 2, .header_time_s = 1, .body_time_s = 1, .body_rate = 1000000},
		NULL);
	ms = dribble("GET /page HTTP/1.1\r\n", "X-A: b\r\n");
	OK(ms < 2500, "headers that come byte by byte end after %d ms", (int)ms);
	ms = dribble("", "GET /page");
	OK(ms < 2500, "so does a first line, after %d ms", (int)ms);
	snprintf(head, sizeof(head),
		 "POST /page HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 900000\r\n\r\n",
		 port);
	ms = dribble(head, "x");
	OK(ms < 2500, "a body, after %d ms", (int)ms);
	snprintf(head, sizeof(head), "GET /page HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port);
	ms = dribble(head, "");
	OK(ms < 5000, "a connection that only waits, after %d ms", (int)ms);

	/* Reads nothing of a long answer: the library's timeout, or ours, whichever is first. */
	snprintf(head, sizeof(head), "GET /page?long=1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
		 port);
	fd = raw_connect(port);
	raw_send(fd, head, strlen(head));
	nanosleep(&(struct timespec){.tv_sec = 5}, NULL);
	raw_read(fd, 500, &a);
	OK(a.b.n < (4 << 20), "an answer that nobody reads is cut");
	kr_buf_done(&a.b);
	close(fd);
	raw_get(port, "GET", "/page", "", &a);
	IS(a.status, 200, "others are answered");
	kr_buf_done(&a.b);
	kr_http_stop(server);
}

static void client(const char *headers, const char *want, const char *what)
{
	struct answer a;

	raw_get(port, "GET", "/page", headers, &a);
	IS_STR(a.body, kr_str_c(want), what);
	kr_buf_done(&a.b);
}

static void test_proxy(void)
{
	begin((struct kr_http_limits){0}, "127.0.0.1 2001:db8::/32");
	client("", "127.0.0.1 0", "the proxy itself");
	client("X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7 0", "a client behind it");
	client("X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n", "192.0.2.7 0",
	       "what the client says of itself does not count");
	client("X-Forwarded-For: 192.0.2.7, 2001:db8::1\r\n", "192.0.2.7 0",
	       "through two proxies of ours");
	client("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7 0",
	       "a header that the proxy added behind that of the client");
	client("X-Forwarded-For: nonsense\r\n", "127.0.0.1 0", "nonsense");
	client("X-Forwarded-For: 192.0.2.7, nonsense\r\n", "127.0.0.1 0", "nonsense at its end");
	kr_http_stop(server);
}

static void host(const char *name, int want)
{
	struct answer a;
	char text[200];

	snprintf(text, sizeof(text), "GET /page HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		 name);
	raw_talk(port, kr_str_c(text), &a);
	IS(a.status, want, name);
	kr_buf_done(&a.b);
}

static void test_names(void)
{
	begin((struct kr_http_limits){0}, NULL);
	host("node.example.org", 200);
	host("NODE.example.org:443", 200);
	host("node.example.org:444", 421);
	host("node.example.org.", 421);
	host("node.example.orgx", 421);
	host("xnode.example.org", 421);
	host("other.example.org:8443", 200);
	host("other.example.org", 421);
	host("example.org", 421);
	kr_http_stop(server);
}

int main(void)
{
	test_events();
	test_beat();
	test_race();
	test_slow();
	test_proxy();
	test_names();
	return tap_end();
}
