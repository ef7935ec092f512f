/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static int a, b;

static void messages(void)
{
	char buf[100];
	int fds[KR_WIRE_FDS_MAX], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t n;

	IS(kr_wire_send(a, "hello", 5, NULL, 0), 0, "send");
	IS(kr_wire_recv(b, buf, sizeof(buf), 0, fds, &n), 5, "one message");
	IS(n, 0, "without descriptors");
	IS(kr_wire_recv(b, buf, sizeof(buf), MSG_DONTWAIT, fds, &n), -EAGAIN, "nothing there");
	IS(kr_wire_send(a, "x", 1, (int[]){null, null, null, null}, 4), 0, "send descriptors");
	IS(kr_wire_recv(b, buf, sizeof(buf), 0, fds, &n), 1, "receive");
	IS(n, 4, "four descriptors");
	for (size_t i = 0; i < n; i++)
		OK(fcntl(fds[i], F_GETFD) == FD_CLOEXEC && !close(fds[i]), "open, close-on-exec");
	IS(kr_wire_send(a, "0123456789", 10, &null, 1), 0, "send");
	IS(kr_wire_recv(b, buf, 5, 0, fds, &n), -EPROTO, "a message that is too long is refused");
	IS(n, 0, "and its descriptors are closed");
	close(null);
}

/* More descriptors than there is room for: sent by hand, since our own function would not. */
static void too_many(void)
{
	char buf[10], control[CMSG_SPACE(20 * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = buf, .iov_len = 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[KR_WIRE_FDS_MAX], next = dup(0), after, null = open("/dev/null", O_RDONLY);
	size_t n;

	close(next);
	close(null);
	null = open("/dev/null", O_RDONLY);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(20 * sizeof(int));
	for (size_t i = 0; i < 20; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &null, sizeof(int));
	OK(sendmsg(a, &msg, 0) == 1, "twenty descriptors are sent");
	IS(kr_wire_recv(b, buf, sizeof(buf), 0, fds, &n), -EPROTO, "and refused");
	close(null);
	after = dup(0);
	IS(after, next, "none stays open");
	close(after);
}

static void faults(void)
{
	struct kr_fault f = {0}, g;
	struct kr_wire_exit x;

	kr_fault_set(&f, -KR_ENOENT, "no such thing");
	kr_fault_at(&f, 3, 4, 5);
	kr_fault_remedy(&f, "make it");
	kr_wire_fault_put(&x, -KR_ENOENT, &f);
	IS(kr_wire_fault_get(&x, &g), -KR_ENOENT, "code");
	OK(g.line == 3 && g.column == 4 && g.byte == 5, "position");
	IS_CSTR(g.message, "no such thing", "message");
	IS_CSTR(g.remedy, "make it", "remedy");
	memset(&x, 'x', sizeof(x));
	x.err = 7;
	IS(kr_wire_fault_get(&x, &g), -KR_EINTERNAL, "a positive status is none");
	IS(strlen(g.message), sizeof(g.message) - 1, "texts without an end get one");
}

int main(void)
{
	int pair[2];
	char byte;
	int fds[KR_WIRE_FDS_MAX];
	size_t n;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return 1;
	a = pair[0];
	b = pair[1];
	messages();
	too_many();
	faults();
	close(a);
	IS(kr_wire_recv(b, &byte, 1, 0, fds, &n), 0, "the end of the connection");
	IS(kr_wire_send(b, "x", 1, NULL, 0), -EPIPE, "sending then fails, without a signal");
	close(b);
	return tap_end();
}
