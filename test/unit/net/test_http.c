/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a server of this file, which plays what real ones do when they are ill. */
#include "net/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "tap.h"

struct server {
	int fd;
	uint16_t port;
	pthread_t thread;
	const char *other;    /* text of the other server's port */
	pthread_mutex_t lock; /* guards last */
	char last[8192];      /* the newest request */
};

static struct server one, two;
static atomic_bool ending;

static void say(int fd, const char *s)
{
	(void)!send(fd, s, strlen(s), MSG_NOSIGNAL);
}

static void nap(int ms)
{
	const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

/* Has the client hung up? */
static bool gone(int fd)
{
	char c;

	return atomic_load(&ending) || recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Until the client has had enough. */
static void endless(int fd, const char *what)
{
	while (!atomic_load(&ending) && send(fd, what, strlen(what), MSG_NOSIGNAL) > 0)
		;
}

static void answer(struct server *s, int fd, const char *path)
{
	char line[300];

	if (!strcmp(path, "/fine"))
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"v1\"\r\n"
			"Last-Modified: Sat, 21 Nov 2026 00:00:00 GMT\r\nContent-Type: text/csv\r\n"
			"Content-Disposition: attachment; filename=\"list.csv\"\r\n\r\nhello");
	else if (!strcmp(path, "/same"))
		say(fd, "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
	else if (!strcmp(path, "/interim"))
		say(fd, "HTTP/1.1 103 Early Hints\r\nETag: \"no\"\r\n\r\nHTTP/1.1 200 OK\r\n"
			"Content-Length: 2\r\n\r\nok");
	else if (!strcmp(path, "/busy"))
		say(fd,
		    "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 9\r\n\r\ncome back");
	else if (!strcmp(path, "/loop"))
		say(fd, "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 4\r\n\r\nbody");
	else if (!strcmp(path, "/away")) {
		snprintf(line, sizeof(line),
			 "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%s/fine\r\n"
			 "Content-Length: 0\r\n\r\n",
			 s->other);
		say(fd, line);
	} else if (!strcmp(path, "/metadata"))
		say(fd, "HTTP/1.1 307 T\r\nLocation: http://169.254.169.254/latest\r\n"
			"Content-Length: 0\r\n\r\n");
	else if (!strcmp(path, "/file"))
		say(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
			"Content-Length: 0\r\n\r\n");
	else if (!strcmp(path, "/cut"))
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nonly this");
	else if (!strcmp(path, "/huge"))
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx");
	else if (!strcmp(path, "/endless")) {
		say(fd, "HTTP/1.1 200 OK\r\n\r\n");
		endless(fd, "0123456789012345678901234567890123456789\n");
	} else if (!strcmp(path, "/headers")) {
		say(fd, "HTTP/1.1 200 OK\r\n");
		endless(fd, "X-More: 0123456789012345678901234567890123456789\r\n");
	} else if (!strcmp(path, "/silent")) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
		while (!gone(fd))
			nap(20);
	} else if (!strcmp(path, "/drip")) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
		while (!gone(fd)) {
			say(fd, "x");
			nap(50);
		}
	} else if (!strcmp(path, "/nonsense"))
		say(fd, "220 mail.example.org ESMTP\r\n");
	else if (!strcmp(path, "/nothing"))
		;
	else
		say(fd, "HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\nno such");
}

static void talk(struct server *s, int fd)
{
	char text[8192], path[200] = "", *body;
	size_t n = 0, want = 0;

	while (n < sizeof(text) - 1) {
		ssize_t r = recv(fd, text + n, sizeof(text) - 1 - n, 0);

		if (r <= 0)
			return;
		n += (size_t)r;
		text[n] = '\0';
		body = strstr(text, "\r\n\r\n");
		if (!body)
			continue;
		if (strstr(text, "Content-Length: "))
			want = strtoul(strstr(text, "Content-Length: ") + 16, NULL, 10);
		if (n - (size_t)(body + 4 - text) >= want)
			break;
	}
	if (sscanf(text, "%*s %199s", path) != 1)
		return;
	pthread_mutex_lock(&s->lock);
	memcpy(s->last, text, n + 1);
	pthread_mutex_unlock(&s->lock);
	answer(s, fd, path);
}

static void *serve(void *arg)
{
	struct server *s = arg;

	while (!atomic_load(&ending)) {
		int fd = accept(s->fd, NULL, NULL);

		if (fd < 0)
			continue;
		talk(s, fd);
		/* What the client still sends must not turn our answer into a reset. */
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

static void start(struct server *s)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(in);

	pthread_mutex_init(&s->lock, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (void *)&in, n) || listen(s->fd, 16) || getsockname(s->fd, (void *)&in, &n))
		exit(1);
	s->port = ntohs(in.sin_port);
}

static void stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	pthread_mutex_destroy(&s->lock);
}

/* ---- */

static struct kr_net *net;
static struct kr_arena *arena;
static struct kr_buf got;
static struct kr_net_response r;
static struct kr_fault f;
static char text[700];
static bool full; /* data() fails */

static int data(void *ctx, const void *p, size_t n, struct kr_fault *reterr)
{
	(void)ctx;
	if (full)
		return kr_fault_set(reterr, -KR_EFULL, "no room left");
	kr_buf_add(&got, p, n);
	return 0;
}

static int ask(struct kr_net_request q, const char *path)
{
	char url[300];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", one.port, path);
	q.url = kr_str_c(url);
	q.data = data;
	f = (struct kr_fault){0};
	r = (struct kr_net_response){0};
	kr_buf_clear(&got);
	kr_arena_clear(arena);
	return kr_net_http(net, &q, arena, &r, &f);
}

static bool sent(struct server *s, const char *what)
{
	bool found;

	pthread_mutex_lock(&s->lock);
	found = strstr(s->last, what) != NULL;
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void test_fine(void)
{
	const struct kr_net_field fields[] = {
		{KR_STR("Authorization"), KR_STR("Bearer geheim"), true},
		{KR_STR("X-Open"), KR_STR("yes"), false}};
	struct kr_net_request q = {.fields = fields, .n_fields = 2};

	IS(ask(q, "/fine"), 0, "a request");
	IS(r.status, 200, "its status");
	IS_STR(kr_buf_str(&got), KR_STR("hello"), "its body");
	IS(r.bytes, 5, "its size");
	IS_STR(r.etag, KR_STR("\"v1\""), "its ETag");
	IS_STR(r.last_modified, KR_STR("Sat, 21 Nov 2026 00:00:00 GMT"), "its time");
	IS_STR(r.type, KR_STR("text/csv"), "its type");
	IS_STR(r.name, KR_STR("list.csv"), "its name");
	IS(r.retry_after_s, -1, "no Retry-After");
	OK(sent(&one, "User-Agent: karaula/" KR_VERSION "\r\n"), "we say who we are");
	OK(sent(&one, "Authorization: Bearer geheim\r\n"), "a field that is secret");
	OK(sent(&one, "X-Open: yes\r\n"), "a field that is not");
	OK(!sent(&one, "Expect:"), "no waiting for a status 100");
	q.etag = KR_STR("\"v1\"");
	IS(ask(q, "/same"), 0, "a conditional request");
	IS(r.status, 304, "nothing new");
	IS(kr_net_status(&q, &r, &f), 0, "which is fine");
	OK(sent(&one, "If-None-Match: \"v1\"\r\n"), "the ETag was sent");
	IS(ask(q, "/interim"), 0, "an interim answer");
	IS(r.etag.n, 0, "whose fields are not those of the answer");
	q.body = KR_STR("{\"a\":1}");
	IS(ask(q, "/fine"), 0, "a body");
	OK(sent(&one, "POST /fine") && sent(&one, "\r\n\r\n{\"a\":1}"), "is posted");
	OK(!sent(&one, "Content-Type:"), "no type is made up");
}

static void test_redirects(void)
{
	const struct kr_net_field fields[] = {
		{KR_STR("Authorization"), KR_STR("Bearer geheim"), true},
		{KR_STR("X-Open"), KR_STR("yes"), false}};
	struct kr_net_request q = {.fields = fields, .n_fields = 2};

	IS(ask(q, "/away"), 0, "a redirect to another server");
	IS_STR(kr_buf_str(&got), KR_STR("hello"), "is followed");
	OK(kr_str_find(r.url, kr_str_c(one.other)) > 0, "and told");
	OK(sent(&one, "geheim"), "the first server got the secret");
	OK(!sent(&two, "geheim") && sent(&two, "X-Open"), "the second one did not");
	IS(ask(q, "/loop"), -KR_ELIMIT, "a circle");
	IS(got.n, 0, "bodies of redirects are no data");
	IS(ask(q, "/metadata"), -KR_EDENIED, "a redirect to the metadata service");
	OK(strstr(kr_fault_text(&f, text, sizeof(text)), "169.254.169.254"), "%s", text);
	IS(ask(q, "/file"), -KR_EINVAL, "a redirect to a file");
	q.body = KR_STR("x");
	IS(ask(q, "/away"), 0, "a redirected POST");
	IS(r.status, 302, "is not followed");
}

static void test_ill(void)
{
	struct kr_net_request q = {.size_max = 1000, .timeout_us = 900000, .silence_us = 300000};
	int64_t from;

	IS(ask(q, "/none"), 0, "a status 404 is an answer");
	IS(kr_net_status(&q, &r, &f), -KR_ENOENT, "and no success");
	IS_STR(r.snippet, KR_STR("no such"), "its words are kept");
	IS(got.n, 0, "they are no data");
	IS(ask(q, "/busy"), 0, "a busy server");
	IS(r.retry_after_s, 120, "says when to come back");
	IS(ask(q, "/cut"), -KR_ELIMIT, "more than may be, by its length");
	q.size_max = 10000;
	IS(ask(q, "/cut"), -KR_EUNAVAIL, "an answer that is cut");
	OK(strstr(kr_fault_text(&f, text, sizeof(text)), "cut in the middle"), "%s", text);
	IS(ask(q, "/huge"), -KR_ELIMIT, "an answer that says it is huge");
	IS(ask(q, "/endless"), -KR_ELIMIT, "an answer without an end");
	OK(got.n <= q.size_max, "is cut off at the limit");
	IS(ask(q, "/headers"), -KR_ELIMIT, "a header without an end");
	from = kr_clock_us();
	IS(ask(q, "/silent"), -KR_EUNAVAIL, "a server that falls silent");
	OK(strstr(kr_fault_text(&f, text, sizeof(text)), "nothing came for 300ms"), "%s", text);
	IS(ask(q, "/drip"), -KR_EUNAVAIL, "a server that drips");
	OK(strstr(kr_fault_text(&f, text, sizeof(text)), "not complete after 900ms"), "%s", text);
	OK(kr_clock_us() - from < 10 * KR_SECOND, "neither takes long");
	IS(ask(q, "/nonsense"), -KR_EREFUSED, "a server of mail");
	IS(ask(q, "/nothing"), -KR_EUNAVAIL, "a server that hangs up");
	full = true;
	IS(ask(q, "/fine"), -KR_EFULL, "an error of ours");
	IS_CSTR(f.message, "no room left", "comes back with its words");
	full = false;
}

static bool cancelled(void *ctx)
{
	int *left = ctx;

	return --*left < 0;
}

static void *stopper(void *arg)
{
	nap(100);
	kr_net_stop(arg);
	return NULL;
}

static void test_cancel(void)
{
	const struct kr_conf *conf;
	int left = 2;
	pthread_t t;

	IS(ask((struct kr_net_request){.cancelled = cancelled, .ctx = &left}, "/silent"),
	   -KR_ECANCEL, "a request that is cancelled");
	conf = kr_net_conf(net);
	kr_net_configure(net, conf);
	kr_conf_unref(conf);
	pthread_create(&t, NULL, stopper, net);
	IS(ask((struct kr_net_request){0}, "/silent"), -KR_ECANCEL, "a node that stops");
	pthread_join(t, NULL);
	IS(ask((struct kr_net_request){0}, "/silent"), -KR_ECANCEL, "and stays stopped");
}

static void test_nobody(void)
{
	struct kr_net_request q = {0};
	struct kr_net_response ret;
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char url[100];

	/* Bound, but not listening: this port refuses. */
	OK(!bind(fd, (void *)&in, n) && !getsockname(fd, (void *)&in, &n), "a port nobody has");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/x?token=geheim", ntohs(in.sin_port));
	q.url = kr_str_c(url);
	IS(kr_net_http(net, &q, arena, &ret, &f), -KR_EUNAVAIL, "a server that is not there");
	OK(!strstr(kr_fault_text(&f, text, sizeof(text)), "geheim") && f.remedy[0], "%s", text);
	close(fd);
	q.url = KR_STR("http://nowhere.invalid/");
	IS(kr_net_http(net, &q, arena, &ret, &f), -KR_EUNAVAIL, "a name that is not there");
	OK(strstr(kr_fault_text(&f, text, sizeof(text)), "not found"), "%s", text);
	/* Read as the address that it is by the resolver only. */
	q.url = KR_STR("http://0xa9.254.169.0376/");
	IS(kr_net_http(net, &q, arena, &ret, &f), -KR_EDENIED, "metadata in disguise");
}

int main(void)
{
	const struct kr_conf *conf;
	char ports[2][8];

	if (kr_conf_load(AT_FDCWD, NULL, &conf, NULL))
		return 1;
	net = kr_net_new(conf, ".");
	arena = kr_arena_new(1 << 20);
	got = KR_BUF(1 << 20);
	start(&one);
	start(&two);
	snprintf(ports[0], sizeof(ports[0]), "%u", one.port);
	snprintf(ports[1], sizeof(ports[1]), "%u", two.port);
	one.other = ports[1];
	two.other = ports[0];
	pthread_create(&one.thread, NULL, serve, &one);
	pthread_create(&two.thread, NULL, serve, &two);
	test_fine();
	test_redirects();
	test_ill();
	test_nobody();
	test_cancel();
	atomic_store(&ending, true);
	stop(&one);
	stop(&two);
	kr_net_free(net);
	kr_conf_unref(conf);
	kr_buf_done(&got);
	kr_arena_free(arena);
	return tap_end();
}
