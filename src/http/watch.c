/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the library closes a connection on which nothing happens, but one byte every few
 * seconds keeps it open for ever. So each connection has a deadline, which moves on only when
 * something is done: headers are complete, a body came at a decent rate, an answer is queued. A
 * thread looks at all of them twice a second while there are any, sleeps otherwise, and shuts the
 * sockets down whose deadline has passed; the library then finds the end of input and cleans up.
 *
 * A socket that is closed while the client still sends is reset, and the reset may overtake the
 * answer. Such sockets are handed to this thread, which keeps them for a second more and reads what
 * still comes, up to a megabyte.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "http/private.h"

#define TICK_MS	     500
#define LINGER_MS    20
#define LINGER_US    1000000
#define LINGER_BYTES ((size_t)1 << 20)

struct kr_http__conn *kr_http__conn_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return i ? i->socket_context : NULL;
}

void kr_http__conn_deadline(struct kr_http__conn *conn, int64_t from_us, unsigned seconds,
			    uint64_t bytes)
{
	uint64_t more = bytes / conn->h->o.limits.body_rate;

	if (more > (uint64_t)365 * 86400)
		more = (uint64_t)365 * 86400;
	atomic_store(&conn->deadline_us, from_us + ((int64_t)seconds + (int64_t)more) * 1000000);
}

static void conn_begin(struct kr_http *h, struct MHD_Connection *c, void **socket_ctx)
{
	struct kr_http__conn *conn = kr_xcalloc(1, sizeof(*conn));
	struct kr_http__watch *w = &h->watch;
	const union MHD_ConnectionInfo *i;

	conn->h = h;
	i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	conn->fd = i ? i->connect_fd : -1;
	i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (i)
		conn->peer = kr_http__ip(i->client_addr);
	kr_http__conn_deadline(conn, kr_clock_us(), h->o.limits.header_time_s, 0);
	pthread_mutex_lock(&w->lock);
	conn->next = w->first;
	if (conn->next)
		conn->next->prev = conn;
	else
		pthread_cond_signal(&w->wake);
	w->first = conn;
	pthread_mutex_unlock(&w->lock);
	*socket_ctx = conn;
}

static void linger_locked(struct kr_http__watch *w, int fd)
{
	int copy;

	if (w->n_linger == KR_HTTP__LINGER_MAX || w->stop)
		return;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return;
	w->linger[w->n_linger++] = (struct kr_http__linger){copy, kr_clock_us() + LINGER_US,
							    LINGER_BYTES};
	pthread_cond_signal(&w->wake);
}

static void conn_end(struct kr_http__conn *conn)
{
	struct kr_http__watch *w = &conn->h->watch;

	pthread_mutex_lock(&w->lock);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		w->first = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	if (conn->linger && !conn->cut && conn->fd >= 0)
		linger_locked(w, conn->fd);
	pthread_mutex_unlock(&w->lock);
	free(conn);
}

void kr_http__watch_conn(void *cls, struct MHD_Connection *c, void **socket_ctx,
			 enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		conn_begin(cls, c, socket_ctx);
	} else if (*socket_ctx) {
		conn_end(*socket_ctx);
		*socket_ctx = NULL;
	}
}

static void cut_late_locked(struct kr_http__watch *w, int64_t now)
{
	for (struct kr_http__conn *c = w->first; c; c = c->next)
		if (!c->cut && c->fd >= 0 && atomic_load(&c->deadline_us) < now) {
			c->cut = true;
			shutdown(c->fd, SHUT_RDWR);
		}
}

/* True when the socket is done with. */
static bool drain(struct kr_http__linger *l, int64_t now)
{
	char junk[16384];
	ssize_t n = 1;

	while (l->left && n > 0) {
		n = recv(l->fd, junk, KR_MIN(l->left, sizeof(junk)), MSG_DONTWAIT);
		l->left -= n > 0 ? (size_t)n : 0;
	}
	return now >= l->until_us || n == 0 ||
	       (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void drain_all_locked(struct kr_http__watch *w, int64_t now)
{
	for (size_t i = 0; i < w->n_linger;)
		if (drain(&w->linger[i], now)) {
			close(w->linger[i].fd);
			w->linger[i] = w->linger[--w->n_linger];
		} else {
			i++;
		}
}

static void wait_locked(struct kr_http__watch *w)
{
	int64_t ms = w->n_linger ? LINGER_MS : TICK_MS;
	struct timespec t;

	if (!w->first && !w->n_linger) {
		pthread_cond_wait(&w->wake, &w->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&w->wake, &w->lock, &t);
}

static void run(void *arg)
{
	struct kr_http *h = arg;
	struct kr_http__watch *w = &h->watch;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		int64_t now = kr_clock_us();

		cut_late_locked(w, now);
		drain_all_locked(w, now);
		/* Streams take locks of the library, under which it may want this one. */
		pthread_mutex_unlock(&w->lock);
		kr_http__streams_beat(h);
		pthread_mutex_lock(&w->lock);
		if (!w->stop)
			wait_locked(w);
	}
	while (w->n_linger)
		close(w->linger[--w->n_linger].fd);
	pthread_mutex_unlock(&w->lock);
}

int kr_http__watch_start(struct kr_http *h, struct kr_fault *reterr)
{
	struct kr_http__watch *w = &h->watch;
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	return kr_thread_start(&w->thread, "http-watch", run, h, reterr);
}

void kr_http__watch_stop(struct kr_http *h)
{
	struct kr_http__watch *w = &h->watch;

	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	kr_thread_join(&w->thread);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
}
