/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: the server, a connection, a request from its first line on. */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/ip.h"
#include "base/thread.h"
#include "http/http.h"

#define KR_HTTP__NEVER INT64_MAX /* a deadline that does not come */

struct kr_http__tls;
struct kr_http__stream;

/* An open connection. */
struct kr_http__conn {
	struct kr_http *h;
	struct kr_http__conn *next, *prev; /* guarded by watch.lock */
	int fd;
	struct kr_ip peer;
	/* When it is cut; by the library's thread that owns the connection, read by the watch. */
	atomic_int_fast64_t deadline_us;
	bool cut;    /* guarded by watch.lock */
	bool linger; /* the client may still be sending: read that for a moment before closing */
};

/* Sockets that are read on after their answer, so that no reset destroys it on its way. */
#define KR_HTTP__LINGER_MAX 64
struct kr_http__linger {
	int fd;
	int64_t until_us;
	size_t left; /* bytes that are still read */
};

struct kr_http__watch {
	struct kr_thread thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct kr_http__conn *first;
	struct kr_http__linger linger[KR_HTTP__LINGER_MAX];
	size_t n_linger;
	bool stop;
};

struct kr_http__streams {
	pthread_mutex_t lock;
	struct kr_http__stream *first; /* streams of events, guarded by lock */
	atomic_uint n;
};

struct kr_http {
	struct kr_http_opts o; /* texts and mounts are copies */
	struct kr_arena *arena;
	struct MHD_Daemon *daemon;
	int fd;
	uint16_t port;
	bool loopback;	       /* listens on a loopback address */
	struct kr_ip *proxies; /* networks */
	size_t n_proxies;
	struct kr_http__tls *tls; /* NULL: without */
	struct kr_http__watch watch;
	struct kr_http__streams streams;
	uint64_t id_base;
	atomic_uint_fast64_t id_next;
	atomic_uint running;
	atomic_bool draining;
	char url[80];
};

enum kr_http__framing { KR_HTTP__NO_BODY, KR_HTTP__LENGTH, KR_HTTP__CHUNKED };

/* One request from its first line to its last byte. */
struct kr_http__request {
	struct kr_http *h;
	struct kr_http__conn *conn;
	struct kr_http_request r;
	char *target; /* as sent, cut */
	size_t target_n;
	bool overlong, seen, close;
	const struct kr_http_mount *mount; /* whose error hook answers */
	const char *allow;		   /* of 405 */
	enum kr_http__framing framing;
	uint64_t length;
	struct kr_buf body;
	bool begun;	  /* body_begin was called */
	unsigned refused; /* status with which it will be answered; 0: it is fine */
	struct kr_fault fault;
	unsigned status;
	int64_t start_us, body_us;
};

/* ---- guard.c: what is looked at before anything is done ---- */

/* The connection's peer, and behind a trusted proxy the client's address. Fills client, secure. */
void kr_http__client(struct kr_http__request *q);
/* Read opts.proxies. */
KR_MUST_USE int kr_http__proxies(struct kr_http *h, struct kr_fault *reterr);
bool kr_http__proxy_is(const struct kr_http *h, const struct kr_ip *peer);
/* The address of a socket. */
struct kr_ip kr_http__ip(const struct sockaddr *sa);
/* Exactly one Host header, and it names this node. */
bool kr_http__host_ok(struct kr_http__request *q);
/* Does a request that changes something come from our own pages? */
bool kr_http__origin_ok(struct kr_http__request *q);
/* How often a header is there. */
unsigned kr_http__header_count(struct kr_http__request *q, const char *name);

/* ---- route.c ---- */

/* Fills route, param, mount, ctx, allow. Returns 200, or the status of the answer. */
unsigned kr_http__route(struct kr_http__request *q);
KR_MUST_USE int kr_http__routes_check(const struct kr_http *h, struct kr_fault *reterr);

/* ---- body.c ---- */

/* How is the body framed, and may it be? Returns 0, or the status to refuse with and the fault. */
unsigned kr_http__body_check(struct kr_http__request *q, const char *version);
/* Call body_begin. */
KR_MUST_USE int kr_http__body_begin(struct kr_http__request *q, struct kr_fault *reterr);
/* Take bytes that came. -KR_ELIMIT if they are too many. */
KR_MUST_USE int kr_http__body_add(struct kr_http__request *q, struct kr_str bytes,
				  struct kr_fault *reterr);
void kr_http__body_done(struct kr_http__request *q);

/* ---- reply.c ---- */

enum MHD_Result kr_http__reply(struct kr_http__request *q, struct kr_http_reply *p);
void kr_http__reply_drop(struct kr_http_reply *p);
enum MHD_Result kr_http__error(struct kr_http__request *q, unsigned status,
			       const struct kr_fault *f);
/*
 * Answer while the body is still coming, which the library cannot: the bytes are written past it.
 * The connection must be closed after it.
 */
void kr_http__error_now(struct kr_http__request *q, unsigned status, const struct kr_fault *f);

/* ---- stream.c ---- */

/* A response that asks p->stream for its pieces; p holds it no longer. NULL: too many streams of
 * events; p is as it was. */
struct MHD_Response *kr_http__stream_response(struct kr_http__request *q, struct kr_http_reply *p);
/* Wake streams whose last word is beat_s ago, and those whose client has gone. */
void kr_http__streams_beat(struct kr_http *h);

/* ---- watch.c: time limits of connections ---- */

KR_MUST_USE int kr_http__watch_start(struct kr_http *h, struct kr_fault *reterr);
void kr_http__watch_stop(struct kr_http *h);
/* The library's hook: a connection begins and ends. */
void kr_http__watch_conn(void *cls, struct MHD_Connection *c, void **socket_ctx,
			 enum MHD_ConnectionNotificationCode what);
struct kr_http__conn *kr_http__conn_of(struct MHD_Connection *c);
/* Give it so many seconds from now, and one more for each body_rate bytes. */
void kr_http__conn_deadline(struct kr_http__conn *conn, int64_t from_us, unsigned seconds,
			    uint64_t bytes);
