/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the library asks for the next bytes of a streamed answer whenever the socket can
 * take some. A stream of events that has nothing to say is suspended there: its connection leaves
 * the thread's set and costs some memory and nothing else, until kr_http_wake() or the beat resumes
 * it.
 *
 * A wake-up between "nothing to say" and "suspended" must not be lost: `woken` is cleared before
 * the stream is asked, and looked at under the lock under which it is suspended. A suspended
 * connection cannot be closed by the library, so its descriptor is valid while the lock is held;
 * the beat looks there whether the client is gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/time.h"
#include "http/private.h"

#define BLOCK_STREAM 32768 /* bytes that are asked for at a time */
#define BLOCK_EVENTS 512

struct kr_http__stream {
	int (*next_piece)(void *ctx, struct kr_buf *piece);
	void (*free)(void *ctx);
	void *ctx;
	struct kr_buf piece;
	size_t at; /* bytes of the piece that were sent */
	uint64_t sent;
	bool last;
	struct kr_http *h;
	struct kr_http__conn *conn;
	/* of a stream of events; from here on guarded by streams.lock */
	const char *topic;
	struct MHD_Connection *c;
	struct kr_http__stream *next, *prev;
	bool suspended, woken, beat, gone;
	int64_t said_us; /* when it last said something */
};

/* Ask for a piece. 1: there is one; 0: the end; KR_HTTP_LATER: suspended; -KR_E*. */
static int ask(struct kr_http__stream *s)
{
	int got;

	kr_buf_clear(&s->piece);
	s->at = 0;
	got = s->next_piece(s->ctx, &s->piece);
	if (got < 0 || s->piece.err)
		return -KR_EIO;
	if (got == KR_HTTP_LATER && s->topic)
		return s->piece.n ? 1 : KR_HTTP_LATER;
	if (got > 0 && !s->piece.n)
		return -KR_EIO;
	s->last = got == 0;
	return 1;
}

/* 1: ask again or send the comment that is in the piece; 0: the end; KR_HTTP_LATER: suspended. */
static int sleep_or_not(struct kr_http__stream *s)
{
	struct kr_http *h = s->h;
	int ret = 1;

	pthread_mutex_lock(&h->streams.lock);
	if (atomic_load(&h->draining) || s->gone) {
		ret = 0;
	} else if (s->beat) {
		s->beat = false;
		kr_buf_c(&s->piece, ":\n\n");
	} else if (!s->woken) {
		s->suspended = true;
		MHD_suspend_connection(s->c);
		ret = KR_HTTP_LATER;
	}
	pthread_mutex_unlock(&h->streams.lock);
	return ret;
}

static int ask_events(struct kr_http__stream *s)
{
	struct kr_http *h = s->h;
	int got;

	do {
		pthread_mutex_lock(&h->streams.lock);
		s->woken = false;
		pthread_mutex_unlock(&h->streams.lock);
		got = ask(s);
		if (got == KR_HTTP_LATER)
			got = sleep_or_not(s);
	} while (got == 1 && !s->piece.n && !s->last);
	if (s->piece.n) {
		pthread_mutex_lock(&h->streams.lock);
		s->said_us = kr_clock_us();
		pthread_mutex_unlock(&h->streams.lock);
	}
	return got;
}

static ssize_t read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct kr_http__stream *s = cls;
	size_t n;

	(void)pos;
	if (s->at == s->piece.n && !s->last) {
		int got = s->topic ? ask_events(s) : ask(s);

		if (got == KR_HTTP_LATER)
			return 0;
		if (got < 0)
			return MHD_CONTENT_READER_END_WITH_ERROR;
		if (!got)
			s->last = true;
	}
	n = KR_MIN(s->piece.n - s->at, max);
	if (!n)
		return MHD_CONTENT_READER_END_OF_STREAM;
	memcpy(buf, s->piece.p + s->at, n);
	s->at += n;
	s->sent += n;
	if (!s->topic)
		kr_http__conn_deadline(s->conn, kr_clock_us(), s->h->o.limits.body_time_s, n);
	return (ssize_t)n;
}

static void add_locked(struct kr_http__streams *all, struct kr_http__stream *s)
{
	s->next = all->first;
	if (s->next)
		s->next->prev = s;
	all->first = s;
}

static void done(void *cls)
{
	struct kr_http__stream *s = cls;
	struct kr_http__streams *all = &s->h->streams;

	if (s->topic) {
		pthread_mutex_lock(&all->lock);
		if (s->prev)
			s->prev->next = s->next;
		else
			all->first = s->next;
		if (s->next)
			s->next->prev = s->prev;
		pthread_mutex_unlock(&all->lock);
		atomic_fetch_sub(&all->n, 1);
	}
	if (s->free)
		s->free(s->ctx);
	kr_buf_done(&s->piece);
	free(s);
}

struct MHD_Response *kr_http__stream_response(struct kr_http__request *q, struct kr_http_reply *p)
{
	struct kr_http__streams *all = &q->h->streams;
	struct kr_http__stream *s;
	struct MHD_Response *resp;

	if (p->topic && atomic_fetch_add(&all->n, 1) >= q->h->o.limits.streams_max) {
		atomic_fetch_sub(&all->n, 1);
		return NULL;
	}
	s = kr_xcalloc(1, sizeof(*s));
	*s = (struct kr_http__stream){.next_piece = p->stream,
				      .free = p->stream_free,
				      .ctx = p->stream_ctx,
				      .piece = KR_BUF(KR_HTTP_PIECE_MAX),
				      .h = q->h,
				      .conn = q->conn,
				      .topic = p->topic,
				      .c = q->r.connection,
				      .said_us = kr_clock_us()};
	if (s->topic) {
		pthread_mutex_lock(&all->lock);
		add_locked(all, s);
		pthread_mutex_unlock(&all->lock);
	}
	p->stream = NULL;
	resp = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, s->topic ? BLOCK_EVENTS : BLOCK_STREAM, read_stream, s, done);
	if (!resp)
		done(s);
	return resp;
}

static void resume_locked(struct kr_http__stream *s)
{
	s->woken = true;
	if (!s->suspended)
		return;
	s->suspended = false;
	MHD_resume_connection(s->c);
}

void kr_http_wake(struct kr_http *h, const char *topic)
{
	if (!atomic_load(&h->streams.n))
		return;
	pthread_mutex_lock(&h->streams.lock);
	for (struct kr_http__stream *s = h->streams.first; s; s = s->next)
		if (!topic || !strcmp(topic, s->topic))
			resume_locked(s);
	pthread_mutex_unlock(&h->streams.lock);
}

static bool client_is_gone(const struct kr_http__stream *s)
{
	char c;
	ssize_t n = recv(s->conn->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void kr_http__streams_beat(struct kr_http *h)
{
	int64_t late = kr_clock_us() - (int64_t)h->o.limits.beat_s * 1000000;

	if (!atomic_load(&h->streams.n))
		return;
	pthread_mutex_lock(&h->streams.lock);
	for (struct kr_http__stream *s = h->streams.first; s; s = s->next) {
		if (!s->suspended)
			continue;
		s->gone = client_is_gone(s);
		s->beat = s->said_us < late;
		if (s->gone || s->beat)
			resume_locked(s);
	}
	pthread_mutex_unlock(&h->streams.lock);
}

unsigned kr_http_streams(const struct kr_http *h)
{
	return atomic_load(&h->streams.n);
}
