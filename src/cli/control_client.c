/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the client sends its words and its descriptors and then serves the node's wishes:
 * it opens the files that the command names, with the rights of the person who typed it, and hands
 * them over. It opens nothing that was not typed, since it may be root and the node not. Input that
 * can stall (a pipe, a terminal) is copied through a socket pair by a thread, so that the node can
 * stop reading at any time and so that the end of the input can be told from the end of this
 * process.
 */
#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/wire.h"

#define PUMPS_MAX  64
#define PUMP_BYTES ((size_t)128 << 10)

struct client {
	int fd;
	int argc;
	const char *const *argv;
	struct kr_cli *c;
	uint32_t pumps;
	int pump; /* a second descriptor of the last pump's end here; -1: none */
	bool cancelled;
};

/* A path may be longer than a socket address has room for; the directory behind a descriptor has a
 * short one. */
static int dial(const char *dir)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int d = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd, err = 0;

	if (d < 0)
		return -errno;
	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/run/" KR_WIRE_SOCKET, d);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		err = -errno;
	close(d);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int send_words(struct client *k)
{
	char buf[KR_WIRE_MAX];
	uint32_t type = KR_WIRE_ARGS;
	size_t n = sizeof(type);
	int err = 0;

	memcpy(buf, &type, sizeof(type));
	for (int i = 0; i < k->argc && !err; i++) {
		const char *w = k->argv[i];
		size_t left = strlen(w) + 1;

		while (left && !err) {
			size_t part = KR_MIN(left, sizeof(buf) - n);

			memcpy(buf + n, w, part);
			w += part;
			left -= part;
			n += part;
			if (n == sizeof(buf)) {
				err = kr_wire_send(k->fd, buf, n, NULL, 0);
				n = sizeof(type);
			}
		}
	}
	return err || n == sizeof(type) ? err : kr_wire_send(k->fd, buf, n, NULL, 0);
}

static int greet(struct client *k, int out_fd)
{
	struct kr_wire_hello h = {
		.type = KR_WIRE_HELLO,
		.version = KR_WIRE_VERSION,
		.width = k->c->width,
		.colour = k->c->colour,
		.words = (uint32_t)k->argc,
	};
	size_t bytes = 0;
	int cwd, err;

	for (int i = 0; i < k->argc; i++)
		bytes += strlen(k->argv[i]) + 1;
	if (bytes > KR_WIRE_ARGS_MAX)
		return -E2BIG;
	h.bytes = (uint32_t)bytes;
	snprintf(h.lang, sizeof(h.lang), "%s", k->c->lang);
	cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cwd < 0)
		return -errno;
	err = kr_wire_send(k->fd, &h, sizeof(h), (int[]){out_fd, STDERR_FILENO, cwd}, 3);
	close(cwd);
	return err ? err : send_words(k);
}

/* ---- files ---- */

/* Is the path this word, or below it? */
static bool covers(const char *word, const char *path)
{
	size_t n = strlen(word);

	if (!n || strncmp(path, word, n) != 0)
		return false;
	if (!path[n])
		return true;
	if (path[n] != '/' && word[n - 1] != '/')
		return false;
	for (const char *p = path + n; (p = strstr(p, "..")); p += 2)
		if (p[-1] == '/' && (!p[2] || p[2] == '/'))
			return false;
	return true;
}

/* Was it typed: as a word, as the value in --name=value, or behind a letter? */
static bool typed(const struct client *k, const char *path)
{
	for (int i = 0; i < k->argc; i++) {
		const char *w = k->argv[i], *value = strchr(w, '=');

		if (covers(w, path) || (value && w[0] == '-' && covers(value + 1, path)) ||
		    (w[0] == '-' && w[1] && w[1] != '-' && covers(w + 2, path)))
			return true;
	}
	return false;
}

struct pump {
	int from, to, control;
	uint32_t number;
};

static void *pump_run(void *arg)
{
	struct pump *p = arg;
	char *buf = kr_xmalloc(PUMP_BYTES);
	struct {
		uint32_t type, number;
	} ended = {KR_WIRE_ENDED, p->number};
	ssize_t n;

	while ((n = read(p->from, buf, PUMP_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		for (ssize_t done = 0, w; done < n; done += w) {
			w = send(p->to, buf + done, (size_t)(n - done), MSG_NOSIGNAL);
			if (w < 0 && errno == EINTR)
				w = 0;
			else if (w < 0)
				goto out; /* The command has read enough. */
		}
	}
	/* A failed read must not look like the end of the input. */
	if (n == 0)
		kr_wire_send(p->control, &ended, sizeof(ended), NULL, 0);
	else
		shutdown(p->control, SHUT_WR);
out:
	shutdown(p->to, SHUT_RDWR);
	close(p->to);
	close(p->from);
	free(buf);
	free(p);
	return NULL;
}

/* Begin to copy; takes p. If that fails the call is cancelled, since the input would look empty. */
static void pump_start(struct pump *p)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t t;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are for the main thread: one has to wake it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&t, &attr, pump_run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (!err)
		return;
	shutdown(p->control, SHUT_WR);
	close(p->to);
	close(p->from);
	free(p);
}

/*
 * Put a pump behind a descriptor, which is taken. ret_pump: to be started once the node has its
 * end, so that the message of the end of the input comes after it.
 *
 * Returns the end for the node, or -errno.
 */
static int pump_new(struct client *k, int from, struct pump **ret_pump)
{
	int pair[2], err = k->pumps >= PUMPS_MAX ? EMFILE : 0;
	struct pump *p;

	if (!err && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		err = errno;
	if (err) {
		close(from);
		return -err;
	}
	p = kr_xcalloc(1, sizeof(*p));
	*p = (struct pump){.from = from, .to = pair[0], .control = k->fd, .number = ++k->pumps};
	*ret_pump = p;
	if (k->pump >= 0)
		close(k->pump);
	k->pump = fcntl(pair[0], F_DUPFD_CLOEXEC, 3);
	return pair[1];
}

static int open_typed(struct client *k, const char *path, struct pump **ret_pump)
{
	struct stat st;
	int fd;

	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else if (!typed(k, path))
		return -EPERM;
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return fd;
	return pump_new(k, fd, ret_pump);
}

static int serve_open(struct client *k, const char *path)
{
	struct kr_wire_file f = {.type = KR_WIRE_FILE};
	struct pump *pump = NULL;
	int fd = open_typed(k, path, &pump), err;

	f.error = fd < 0 ? -fd : 0;
	f.pump = pump ? pump->number : 0;
	err = kr_wire_send(k->fd, &f, sizeof(f), &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
	if (pump)
		pump_start(pump);
	return err;
}

/* ---- the call ---- */

/*
 * The next message. An interrupt is passed on once: the node then ends the command in order. The
 * socket times out now and then, for a signal that came just before waiting began.
 */
static ssize_t next(struct client *k, char *buf)
{
	for (;;) {
		int fds[KR_WIRE_FDS_MAX];
		size_t n_fds;
		ssize_t n = kr_wire_recv(k->fd, buf, KR_WIRE_MAX, 0, fds, &n_fds);

		for (size_t i = 0; i < n_fds; i++)
			close(fds[i]);
		if (n != -EINTR && n != -EAGAIN)
			return n;
		if (!k->cancelled && kr_cli_cancelled(k->c)) {
			k->cancelled = true;
			shutdown(k->fd, SHUT_WR);
			/* The node may be waiting for input that never comes. */
			if (k->pump >= 0)
				shutdown(k->pump, SHUT_RDWR);
		}
	}
}

static int lost(struct client *k)
{
	if (k->cancelled)
		return kr_cli_cancel(k->c);
	kr_fault_set(&k->c->fault, -KR_EUNAVAIL, "the node ended while it carried out the command");
	kr_fault_remedy(&k->c->fault, "what was stored stays; look into the node's log, then run "
				      "the command again");
	return -KR_EUNAVAIL;
}

static int converse(struct client *k)
{
	char buf[KR_WIRE_MAX + 1];
	struct kr_wire_exit x;
	uint32_t type;
	ssize_t n;

	while ((n = next(k, buf)) >= (ssize_t)sizeof(type)) {
		buf[n] = '\0';
		memcpy(&type, buf, sizeof(type));
		if (type == KR_WIRE_OPEN && n > (ssize_t)sizeof(type)) {
			if (serve_open(k, buf + sizeof(type)) == 0)
				continue;
			return lost(k);
		}
		if (type != KR_WIRE_EXIT || (size_t)n != sizeof(x))
			break;
		memcpy(&x, buf, sizeof(x));
		return kr_wire_fault_get(&x, &k->c->fault);
	}
	return lost(k);
}

int kr_control_call(struct kr_cli *c, int out_fd, int argc, const char *const *argv)
{
	struct client k = {.argc = argc, .argv = argv, .pump = -1, .c = c};
	int err;

	k.fd = dial(c->dir ? c->dir : ".");
	if (k.fd < 0)
		return k.fd == -EACCES || k.fd == -EPERM
			       ? kr_fault_errno(&c->fault, -k.fd, "cannot reach the node")
			       : 1;
	setsockopt(k.fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_usec = 300000},
		   sizeof(struct timeval));
	err = greet(&k, out_fd);
	if (err == -E2BIG)
		err = kr_fault_set(&c->fault, -KR_ELIMIT, "command line is over 4 MiB");
	else
		/* If greeting failed, the node may have said why before it hung up. */
		err = converse(&k);
	/* The socket stays open for pumps that still run; the process ends now anyway. */
	return err;
}
