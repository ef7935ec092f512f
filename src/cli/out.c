/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: inside the node a command writes to a descriptor of somebody else's process,
 * whose mode cannot be changed to non-blocking without changing it for him too. So each write waits
 * with poll() for room, and takes no more than what a pipe with room takes at once; between waits
 * it asks whether to stop. A reader who does not read can thus never hold the node.
 */
#include "cli/out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MS	 200
#define BUF_SIZE (64 << 10)

static ssize_t put(const struct kr_out *o, const char *buf, size_t n)
{
	if (o->kind == S_IFSOCK)
		return send(o->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* A file takes all; a pipe or terminal that has room takes this much without waiting. */
	if (o->kind != S_IFREG && n > PIPE_BUF)
		n = PIPE_BUF;
	return write(o->fd, buf, n);
}

/* Is there room? 1; 0: not yet; -1: stop. */
static int wait_room(const struct kr_out *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};
	int n;

	if (o->kind == S_IFREG)
		return 1;
	n = poll(&p, 1, WAIT_MS);
	if (n > 0)
		return 1;
	return o->stop && o->stop(o->ctx) ? -1 : 0;
}

static ssize_t cookie_write(void *ctx, const char *buf, size_t n)
{
	struct kr_out *o = ctx;
	size_t done = 0;

	while (done < n && !o->error) {
		int room = wait_room(o);
		ssize_t w;

		if (room < 0) {
			o->error = ECANCELED;
			break;
		}
		if (!room)
			continue;
		w = put(o, buf + done, n - done);
		if (w >= 0)
			done += (size_t)w;
		else if (errno != EINTR && errno != EAGAIN)
			o->error = errno;
	}
	if (o->error) {
		errno = o->error;
		return 0;
	}
	return (ssize_t)done;
}

static int cookie_close(void *ctx)
{
	struct kr_out *o = ctx;

	/* Some file systems tell of a full disk only here. */
	if (close(o->fd) != 0 && !o->error)
		o->error = errno;
	return o->error ? -1 : 0;
}

FILE *kr_out_open(struct kr_out *o, int fd, bool line, bool (*stop)(void *ctx), void *ctx)
{
	cookie_io_functions_t io = {.write = cookie_write, .close = cookie_close};
	struct stat st;
	FILE *f;

	*o = (struct kr_out){.fd = fd, .stop = stop, .ctx = ctx};
	if (fstat(fd, &st) == 0)
		o->kind = st.st_mode & S_IFMT;
	f = fopencookie(o, "w", io);
	if (f)
		setvbuf(f, NULL, line ? _IOLBF : _IOFBF, BUF_SIZE);
	return f;
}
