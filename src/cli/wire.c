/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	char bytes[CMSG_SPACE(KR_WIRE_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int kr_wire_send(int fd, const void *p, size_t n, const int *fds, size_t n_fds)
{
	union control control;
	/* sendmsg() does not write to it, but its type knows no const. */
	struct iovec iov = {.iov_len = n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	assert(n_fds <= KR_WIRE_FDS_MAX);
	memcpy(&iov.iov_base, &p, sizeof(p));
	if (n_fds) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	for (;;) {
		ssize_t sent = sendmsg(fd, &msg, MSG_NOSIGNAL);

		if (sent >= 0)
			return (size_t)sent == n ? 0 : -EIO;
		if (errno != EINTR)
			return -errno;
	}
}

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

ssize_t kr_wire_recv(int fd, void *p, size_t size, int flags, int *fds, size_t *ret_n_fds)
{
	union control control;
	struct iovec iov = {.iov_base = p, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, flags | MSG_CMSG_CLOEXEC);

	*ret_n_fds = 0;
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		/* The buffer has room for no more than this. */
		assert(*ret_n_fds + here <= KR_WIRE_FDS_MAX);
		memcpy(fds + *ret_n_fds, CMSG_DATA(c), here * sizeof(int));
		*ret_n_fds += here;
	}
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		close_all(fds, *ret_n_fds);
		*ret_n_fds = 0;
		return -EPROTO;
	}
	return n;
}

static void put_text(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	memset(to + n, 0, size - n);
}

void kr_wire_fault_put(struct kr_wire_exit *x, int err, const struct kr_fault *f)
{
	*x = (struct kr_wire_exit){.type = KR_WIRE_EXIT,
				   .err = err,
				   .line = f->line,
				   .column = f->column,
				   .byte = f->byte};
	put_text(x->where, sizeof(x->where), f->where);
	put_text(x->message, sizeof(x->message), f->message);
	put_text(x->remedy, sizeof(x->remedy), f->remedy);
}

int kr_wire_fault_get(const struct kr_wire_exit *x, struct kr_fault *f)
{
	int err = x->err > 0 ? -KR_EINTERNAL : x->err;

	*f = (struct kr_fault){.code = err, .line = x->line, .column = x->column, .byte = x->byte};
	put_text(f->where, sizeof(f->where), x->where);
	put_text(f->message, sizeof(f->message), x->message);
	put_text(f->remedy, sizeof(f->remedy), x->remedy);
	return err;
}
