/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the thread of a client reads the greeting, then runs the same function that a
 * local run would, with a struct kr_cli whose files are the client's. While the command runs,
 * messages are read only when it asks for a file or whether to stop. Input that is pumped by the
 * client ends in two steps, the end of the bytes and a message that they were all; without the
 * second the client was cut off, and the command is cancelled, so that half a report is never taken
 * for a whole one.
 */
#include "cli/control_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/run.h"

#define GREETING_S   5	  /* the client has this long to say what it wants */
#define ENDED_MS     2000 /* and this long for the message that its input is complete */
#define OPEN_WAIT_MS 200
#define ARENA_MAX    ((size_t)1 << 30)

void kr_conn_init(struct kr_conn *k, int fd)
{
	*k = (struct kr_conn){.fd = fd, .input = -1, .reply_fd = -1};
	atomic_init(&k->stop, false);
	pthread_mutex_init(&k->lock, NULL);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = GREETING_S},
		   sizeof(struct timeval));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = GREETING_S},
		   sizeof(struct timeval));
}

void kr_conn_done(struct kr_conn *k)
{
	close(k->fd);
	if (k->input >= 0)
		close(k->input);
	if (k->reply_fd >= 0)
		close(k->reply_fd);
	pthread_mutex_destroy(&k->lock);
}

void kr_conn_stop(struct kr_conn *k)
{
	atomic_store(&k->stop, true);
	pthread_mutex_lock(&k->lock);
	if (k->input >= 0)
		shutdown(k->input, SHUT_RDWR);
	pthread_mutex_unlock(&k->lock);
}

/* ---- messages while the command runs ---- */

static void took(struct kr_conn *k, const char *buf, size_t n, int *fds, size_t n_fds)
{
	struct kr_wire_file f;
	uint32_t ended[2];

	if (n == sizeof(f) && n_fds <= 1) {
		memcpy(&f, buf, sizeof(f));
		if (f.type == KR_WIRE_FILE && !k->replied && (n_fds == 1) == (f.error == 0)) {
			k->reply = f;
			k->reply_fd = n_fds ? fds[0] : -1;
			k->replied = true;
			return;
		}
	} else if (n == sizeof(ended) && !n_fds) {
		memcpy(ended, buf, sizeof(ended));
		if (ended[0] == KR_WIRE_ENDED) {
			k->ended = ended[1];
			return;
		}
	}
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	k->gone = true;
}

/* Read what has come; wait for something if wait_ms is not 0. */
static void receive_locked(struct kr_conn *k, int wait_ms)
{
	struct pollfd p = {.fd = k->fd, .events = POLLIN};
	char buf[256];
	int fds[KR_WIRE_FDS_MAX];
	size_t n_fds;
	ssize_t n;

	if (k->gone || poll(&p, 1, wait_ms) <= 0)
		return;
	n = kr_wire_recv(k->fd, buf, sizeof(buf), MSG_DONTWAIT, fds, &n_fds);
	if (n > 0)
		took(k, buf, (size_t)n, fds, n_fds);
	else if (n != -EAGAIN && n != -EINTR)
		k->gone = true;
}

/* The bytes of the pump are at their end, but were they all? */
static bool cut_off_locked(struct kr_conn *k)
{
	char byte;

	if (k->input < 0 || k->ended == k->pump)
		return false;
	if (recv(k->input, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
		return false;
	for (int waited = 0; waited < ENDED_MS && !k->gone && k->ended != k->pump; waited += 100)
		receive_locked(k, 100);
	return k->ended != k->pump;
}

static bool cancelled(void *ctx)
{
	struct kr_conn *k = ctx;
	bool stop;

	if (atomic_load_explicit(&k->stop, memory_order_relaxed))
		return true;
	pthread_mutex_lock(&k->lock);
	receive_locked(k, 0);
	stop = k->gone || cut_off_locked(k);
	pthread_mutex_unlock(&k->lock);
	return stop;
}

/* Keep a second descriptor of a pump, so that it can be ended whatever the command does with its
 * own. */
static int adopt_locked(struct kr_conn *k)
{
	int fd = k->reply_fd;

	k->reply_fd = -1;
	k->replied = false;
	if (!k->reply.pump)
		return fd;
	if (k->input >= 0)
		close(k->input);
	k->input = dup(fd);
	k->pump = k->reply.pump;
	return fd;
}

static int open_file(void *ctx, const char *path, struct kr_fault *reterr)
{
	struct kr_conn *k = ctx;
	char buf[sizeof(uint32_t) + KR_WIRE_PATH_MAX];
	uint32_t type = KR_WIRE_OPEN;
	size_t n = strlen(path);
	int fd = -1, err;

	if (!n || n >= KR_WIRE_PATH_MAX)
		return kr_fault_set(reterr, -KR_EINVAL, "path is empty or longer than %d bytes",
				    KR_WIRE_PATH_MAX - 1);
	memcpy(buf, &type, sizeof(type));
	memcpy(buf + sizeof(type), path, n);
	pthread_mutex_lock(&k->lock);
	err = kr_wire_send(k->fd, buf, sizeof(type) + n, NULL, 0);
	while (!err && !k->replied && !k->gone && !atomic_load(&k->stop))
		receive_locked(k, OPEN_WAIT_MS);
	if (!k->replied)
		err = ECANCELED;
	else if (k->reply.error) {
		err = k->reply.error;
		k->replied = false;
	} else {
		fd = adopt_locked(k);
	}
	pthread_mutex_unlock(&k->lock);
	return fd >= 0 ? fd
		       : kr_fault_errno(reterr, err < 0 ? -err : err, "cannot open '%s'", path);
}

/* ---- greeting ---- */

struct greeting {
	struct kr_wire_hello h;
	int fds[KR_WIRE_FDS_MAX]; /* output, messages, working directory */
	size_t n_fds;
	const char **argv;
};

static int protocol_fault(struct kr_fault *f)
{
	return kr_fault_set(f, -KR_EUSAGE, "the client does not speak the language of this node");
}

static int read_hello(struct kr_conn *k, struct greeting *g, struct kr_fault *f)
{
	char buf[KR_WIRE_MAX];
	ssize_t n = kr_wire_recv(k->fd, buf, sizeof(buf), 0, g->fds, &g->n_fds);
	uint32_t head[2];

	if (n < (ssize_t)sizeof(head))
		return protocol_fault(f);
	memcpy(head, buf, sizeof(head));
	if (head[0] != KR_WIRE_HELLO)
		return protocol_fault(f);
	if (head[1] != KR_WIRE_VERSION) {
		kr_fault_set(f, -KR_EVERSION,
			     "the node is karaula %s, which speaks another version than this "
			     "command",
			     KR_VERSION);
		kr_fault_remedy(f, "restart the node, so that both are of one version");
		return -KR_EVERSION;
	}
	if (n != sizeof(g->h) || g->n_fds != 3)
		return protocol_fault(f);
	memcpy(&g->h, buf, sizeof(g->h));
	g->h.lang[sizeof(g->h.lang) - 1] = '\0';
	if (g->h.words > KR_OPTS_WORDS_MAX || g->h.bytes > KR_WIRE_ARGS_MAX ||
	    g->h.bytes < g->h.words)
		return kr_fault_set(f, -KR_ELIMIT, "command line is too long");
	return 0;
}

static int read_words(struct kr_conn *k, struct greeting *g, struct kr_arena *arena,
		      struct kr_fault *f)
{
	char buf[KR_WIRE_MAX], *all = kr_arena_bytes(arena, g->h.bytes + 1), *p;
	size_t have = 0, n_fds;
	int fds[KR_WIRE_FDS_MAX];
	uint32_t type;

	while (have < g->h.bytes) {
		ssize_t n = kr_wire_recv(k->fd, buf, sizeof(buf), 0, fds, &n_fds);
		size_t part = n > (ssize_t)sizeof(type) ? (size_t)n - sizeof(type) : 0;

		for (size_t i = 0; i < n_fds; i++)
			close(fds[i]);
		memcpy(&type, buf, sizeof(type));
		if (!part || type != KR_WIRE_ARGS || n_fds || part > g->h.bytes - have)
			return protocol_fault(f);
		memcpy(all + have, buf + sizeof(type), part);
		have += part;
	}
	all[have] = '\0';
	g->argv = kr_arena_calloc(arena, g->h.words + 1, sizeof(*g->argv));
	p = all;
	for (uint32_t i = 0; i < g->h.words; i++) {
		if (p >= all + have)
			return protocol_fault(f);
		g->argv[i] = p;
		p += strlen(p) + 1;
	}
	/* The words fill the bytes exactly, each with its NUL. */
	return p == all + have && (!have || !all[have - 1]) ? 0 : protocol_fault(f);
}

/* ---- the command ---- */

static int run(struct kr_conn *k, struct kr_node *n, struct greeting *g, struct kr_cli *c)
{
	struct kr_out out, messages;
	struct kr_opts opts;
	int err = kr_opts_parse(c->arena, (int)g->h.words, g->argv, &opts, &c->fault);

	if (err)
		return err;
	if (!opts.cmd || opts.help || opts.cmd->need != KR_NEED_NODE)
		return kr_fault_set(&c->fault, -KR_EUSAGE, "this command is not one for the node");
	c->opts = &opts;
	c->node = n;
	c->dir = n->dir;
	c->lang = g->h.lang;
	c->width = g->h.width > 0 && g->h.width < 10000 ? g->h.width : 0;
	c->colour = g->h.colour != 0;
	c->cwd_fd = g->fds[2];
	c->cancelled = cancelled;
	c->open_file = open_file;
	c->cancel_ctx = c->open_ctx = k;
	c->out = kr_out_open(&out, g->fds[0], c->width > 0, cancelled, k);
	c->err = kr_out_open(&messages, g->fds[1], true, cancelled, k);
	c->out_state = &out;
	/* The streams own their descriptors now. */
	g->fds[0] = g->fds[1] = -1;
	err = kr_cli_run(c);
	fclose(c->out);
	fclose(c->err);
	c->out = c->err = NULL;
	return err;
}

static void answer(struct kr_conn *k, int err, const struct kr_fault *f)
{
	struct kr_wire_exit x;

	kr_wire_fault_put(&x, err, f);
	kr_wire_send(k->fd, &x, sizeof(x), NULL, 0);
}

void kr_conn_refuse(struct kr_conn *k, const struct kr_fault *f)
{
	answer(k, f->code, f);
}

void kr_conn_serve(struct kr_conn *k, struct kr_node *n)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(ARENA_MAX);
	struct greeting g = {.n_fds = 0};
	struct kr_cli c = {.arena = arena};
	int err = read_hello(k, &g, &c.fault);

	if (!err)
		err = read_words(k, &g, arena, &c.fault);
	if (!err)
		err = run(k, n, &g, &c);
	for (size_t i = 0; i < g.n_fds; i++)
		if (g.fds[i] >= 0)
			close(g.fds[i]);
	answer(k, err, &c.fault);
}
