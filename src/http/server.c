/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: libmicrohttpd runs a pool of threads, each with its own epoll set; this file
 * starts and stops it. One more thread watches the time limits of connections (watch.c). Stopping:
 * no new connections, streams of events are woken to end themselves, running requests may end
 * until drain_ms are over, then the library closes what is left.
 */
#include "http/http.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "http/listen.h"
#include "http/private.h"
#include "http/request.h"
#include "http/tls.h"

#define THREADS_MAX 64

uint16_t kr_http_port(const struct kr_http *h)
{
	return h->port;
}

const char *kr_http_url(const struct kr_http *h)
{
	return h->url;
}

bool kr_http_draining(const struct kr_http *h)
{
	return atomic_load(&h->draining);
}

int kr_http_reload(struct kr_http *h, struct kr_fault *reterr)
{
	return h->tls ? kr_http__tls_reload(h->tls, reterr) : 0;
}

/* ---- hooks of the library that belong to no request ---- */

/* Targets are decoded by http/url.c. */
static size_t keep_encoded(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

KR_PRINTF(2, 0)
static void on_library_log(void *cls, const char *fmt, va_list ap)
{
	char text[300];

	(void)cls;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\r\n")] = 0;
	kr_log(KR_LOG_DEBUG, "http library", KR_S("says", text));
}

/* Without TLS, on an address that others reach, only the proxies in front may connect. */
static enum MHD_Result may_connect(void *cls, const struct sockaddr *addr, socklen_t n)
{
	const struct kr_http *h = cls;
	struct kr_ip ip = kr_http__ip(addr);

	(void)n;
	if (h->tls || h->loopback || kr_http__proxy_is(h, &ip))
		return MHD_YES;
	kr_log(KR_LOG_INFO, "connection without TLS that is not from a proxy");
	return MHD_NO;
}

/* ---- start and stop ---- */

static void limits_default(struct kr_http_limits *l)
{
	static const struct kr_http_limits standard = {
		.connections_max = 256,
		.connections_address_max = 128,
		.timeout_s = 20,
		.header_time_s = 15,
		.body_time_s = 30,
		.body_rate = 1024,
		.streams_max = 200,
		.beat_s = 25,
		.drain_ms = 5000,
		.memory_max = (size_t)32 << 10,
		.arena_max = (size_t)32 << 20,
	};

#define DEFAULT(member)                                                                            \
	if (!l->member)                                                                            \
	l->member = standard.member
	DEFAULT(connections_max);
	DEFAULT(connections_address_max);
	DEFAULT(timeout_s);
	DEFAULT(header_time_s);
	DEFAULT(body_time_s);
	DEFAULT(body_rate);
	DEFAULT(streams_max);
	DEFAULT(beat_s);
	DEFAULT(drain_ms);
	DEFAULT(memory_max);
	DEFAULT(arena_max);
#undef DEFAULT
}

static const char *keep(struct kr_http *h, const char *text)
{
	return kr_arena_dup(h->arena, kr_str_c(text ? text : "")).p;
}

static int copy_opts(struct kr_http *h, const struct kr_http_opts *o, struct kr_fault *reterr)
{
	struct kr_http_mount *mounts = kr_arena_calloc(h->arena, o->n_mounts + 1, sizeof(*mounts));

	if (o->n_mounts > KR_HTTP_MOUNTS_MAX)
		return kr_fault_set(reterr, -KR_ECONF, "%zu mounts, at most %d", o->n_mounts,
				    KR_HTTP_MOUNTS_MAX);
	h->o = *o;
	for (size_t i = 0; i < o->n_mounts; i++)
		mounts[i] = o->mounts[i];
	h->o.mounts = mounts;
	h->o.listen = keep(h, o->listen);
	h->o.certificate = keep(h, o->certificate);
	h->o.key = keep(h, o->key);
	h->o.hosts = keep(h, o->hosts);
	h->o.proxies = keep(h, o->proxies);
	if (!h->o.threads)
		h->o.threads = 2;
	if (h->o.threads > THREADS_MAX)
		return kr_fault_set(reterr, -KR_ECONF, "%u threads for HTTP, at most %d",
				    h->o.threads, THREADS_MAX);
	limits_default(&h->o.limits);
	if (h->o.limits.connections_max < h->o.threads)
		h->o.limits.connections_max = h->o.threads;
	return kr_http__routes_check(h, reterr);
}

static int wrong_setup(const char *message, const char *remedy, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_ECONF, "%s", message);
	kr_fault_remedy(reterr, "%s", remedy);
	return -KR_ECONF;
}

/* TLS, proxies, and whether this address may be listened on with them. */
static int secure(struct kr_http *h, struct kr_fault *reterr)
{
	const struct kr_http_opts *o = &h->o;
	int err = kr_http__proxies(h, reterr);

	if (err)
		return err;
	if (!o->certificate[0] != !o->key[0])
		return wrong_setup("http.certificate and http.key need each other",
				   "set both, or none", reterr);
	if (o->certificate[0])
		err = kr_http__tls_new(o->certificate, o->key, &h->tls, reterr);
	if (err)
		return err;
	err = kr_http__listen_loopback(o->listen, &h->loopback, reterr);
	if (err || h->loopback)
		return err;
	if (!h->tls && !h->n_proxies) {
		kr_fault_set(reterr, -KR_ECONF,
			     "'%s' is not a loopback address, and there is no TLS", o->listen);
		kr_fault_remedy(reterr, "set http.certificate and http.key, or http.proxy; or use "
					"127.0.0.1 and ssh -L from elsewhere");
		return -KR_ECONF;
	}
	if (!o->hosts[0])
		return wrong_setup("http.host is empty: nobody could open the pages from elsewhere",
				   "set it to the name that people type, e.g. node.example.org",
				   reterr);
	return 0;
}

static void make_url(struct kr_http *h)
{
	const char *scheme = h->tls ? "https" : "http";
	struct kr_str names = kr_str_c(h->o.hosts), first = KR_STR("127.0.0.1");

	if (h->loopback && h->o.listen[0] == '[')
		first = KR_STR("[::1]");
	if (!h->loopback)
		kr_str_split(&names, ' ', &first);
	if (kr_str_chr(first, ':') >= 0 && first.p[0] != '[')
		snprintf(h->url, sizeof(h->url), "%s://%.*s/", scheme, KR_STR_ARG(first));
	else
		snprintf(h->url, sizeof(h->url), "%s://%.*s:%u/", scheme, KR_STR_ARG(first),
			 h->port);
}

static struct MHD_Daemon *daemon_start(struct kr_http *h)
{
	const struct kr_http_limits *l = &h->o.limits;
	unsigned flags = MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD |
			 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)kr_http__tls_choose},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)KR_HTTP__TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};

	if (h->tls)
		flags |= MHD_USE_TLS;
	else
		tls[0].option = MHD_OPTION_END;
	return MHD_start_daemon(
		flags, 0, may_connect, h, kr_http__on_request, h, MHD_OPTION_EXTERNAL_LOGGER,
		on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET, h->fd, MHD_OPTION_THREAD_POOL_SIZE,
		h->o.threads, MHD_OPTION_CONNECTION_LIMIT, l->connections_max,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, h->n_proxies ? 0 : l->connections_address_max,
		MHD_OPTION_CONNECTION_TIMEOUT, l->timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		l->memory_max, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
		kr_http__on_target, h, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, kr_http__on_done, h, MHD_OPTION_NOTIFY_CONNECTION,
		kr_http__watch_conn, h, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static void http_free(struct kr_http *h)
{
	if (h->fd >= 0)
		close(h->fd);
	kr_http__tls_free(h->tls);
	pthread_mutex_destroy(&h->streams.lock);
	kr_arena_free(h->arena);
	free(h);
}

static int start(struct kr_http *h, const struct kr_http_opts *o, struct kr_fault *reterr)
{
	int err = copy_opts(h, o, reterr);

	if (!err)
		err = secure(h, reterr);
	if (err)
		return err;
	h->fd = kr_http__listen(o->listen, &h->port, reterr);
	if (h->fd < 0)
		return h->fd;
	make_url(h);
	kr_random(&h->id_base, sizeof(h->id_base));
	err = kr_http__watch_start(h, reterr);
	if (err)
		return err;
	h->daemon = daemon_start(h);
	if (h->daemon)
		return 0;
	kr_http__watch_stop(h);
	err = kr_fault_set(reterr, -KR_EIO, "the HTTP server does not start on %s", o->listen);
	kr_fault_remedy(reterr, "raise the limits of open files and threads (ulimit -n -u)");
	return err;
}

int kr_http_start(const struct kr_http_opts *o, struct kr_http **ret, struct kr_fault *reterr)
{
	struct kr_http *h = kr_xcalloc(1, sizeof(*h));
	int err;

	h->fd = -1;
	h->arena = kr_arena_new(0);
	pthread_mutex_init(&h->streams.lock, NULL);
	err = start(h, o, reterr);
	if (err)
		http_free(h);
	else
		*ret = h;
	return err;
}

void kr_http_stop(struct kr_http *h)
{
	const struct timespec nap = {.tv_nsec = 5000000};
	int64_t until;

	if (!h)
		return;
	atomic_store(&h->draining, true);
	MHD_quiesce_daemon(h->daemon);
	kr_http_wake(h, NULL);
	until = kr_clock_us() + (int64_t)h->o.limits.drain_ms * 1000;
	while (atomic_load(&h->running) && kr_clock_us() < until)
		nanosleep(&nap, NULL);
	MHD_stop_daemon(h->daemon);
	kr_http__watch_stop(h);
	http_free(h);
}
