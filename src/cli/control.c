/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: one thread accepts; each client gets a slot and a thread of its own, at most
 * clients_max. The kernel tells who the peer is (SO_PEERCRED). The address of the socket is bound
 * through /proc/self/fd, since a data directory's path may be longer than a socket address.
 */
#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/control_conn.h"

#define PATIENCE_MS 1000

struct slot {
	struct kr_control *control;
	struct kr_conn conn;
	bool busy;
};

struct kr_control {
	struct kr_node *node;
	int fd, wake; /* listening socket; eventfd that ends the accepting thread */
	uid_t owner;  /* of the data directory */
	pthread_t thread;
	pthread_mutex_t lock; /* guards slots[].busy, running */
	pthread_cond_t idle;  /* running fell */
	unsigned clients_max, running;
	struct slot *slots;
};

static int bind_in(int run_fd, struct kr_fault *reterr)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return kr_fault_errno(reterr, errno, "cannot make the control socket");
	/* Ours: we hold the lock of the directory. */
	unlinkat(run_fd, KR_WIRE_SOCKET, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/" KR_WIRE_SOCKET, run_fd);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    fchmodat(run_fd, KR_WIRE_SOCKET, 0600, 0) != 0 || listen(fd, 16) != 0)
		err = kr_fault_errno(reterr, errno, "cannot listen on run/" KR_WIRE_SOCKET);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int open_run(int dirfd, struct kr_fault *reterr)
{
	int fd;

	if (mkdirat(dirfd, "run", 0700) != 0 && errno != EEXIST)
		return kr_fault_errno(reterr, errno, "cannot make the folder run");
	fd = openat(dirfd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? kr_fault_errno(reterr, errno, "cannot open the folder run") : fd;
}

static bool may_connect(const struct kr_control *c, int fd)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
	       (peer.uid == 0 || peer.uid == c->owner || peer.uid == geteuid());
}

/* By the clock that nobody sets: a clock that is put back must not hold up the end of the node. */
static struct timespec deadline(int wait_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += wait_ms / 1000;
	t.tv_nsec += wait_ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	return t;
}

/* A free place. Most commands are short, so a moment's patience is kinder than a refusal. */
static struct slot *free_slot_locked(struct kr_control *c)
{
	struct timespec until = deadline(PATIENCE_MS);

	while (c->running == c->clients_max)
		if (pthread_cond_clockwait(&c->idle, &c->lock, CLOCK_MONOTONIC, &until) ==
		    ETIMEDOUT)
			return NULL;
	for (unsigned i = 0; i < c->clients_max; i++)
		if (!c->slots[i].busy)
			return &c->slots[i];
	return NULL;
}

static void refuse(int fd, int code, const char *message, const char *remedy)
{
	struct kr_conn k;
	struct kr_fault f = {0};

	kr_fault_set(&f, code, "%s", message);
	kr_fault_remedy(&f, "%s", remedy);
	kr_conn_init(&k, fd);
	kr_conn_refuse(&k, &f);
	kr_conn_done(&k);
}

static void release(struct slot *s)
{
	struct kr_control *c = s->control;

	pthread_mutex_lock(&c->lock);
	kr_conn_done(&s->conn);
	s->busy = false;
	c->running--;
	pthread_cond_broadcast(&c->idle);
	pthread_mutex_unlock(&c->lock);
}

static void *client_run(void *arg)
{
	struct slot *s = arg;

	kr_conn_serve(&s->conn, s->control->node);
	release(s);
	return NULL;
}

static void client_failed(struct slot *s, int error)
{
	struct kr_fault f = {0};

	kr_fault_set(&f, -KR_EUNAVAIL, "the node has no thread for the command: %s",
		     strerror(error));
	kr_conn_refuse(&s->conn, &f);
	release(s);
}

static void take(struct kr_control *c, int fd)
{
	pthread_attr_t attr;
	pthread_t t;
	struct slot *s;
	int err;

	if (!may_connect(c, fd)) {
		refuse(fd, -KR_EDENIED, "only root and the owner of the data directory may do this",
		       "run the command as that user");
		return;
	}
	pthread_mutex_lock(&c->lock);
	s = free_slot_locked(c);
	if (s) {
		s->busy = true;
		c->running++;
		kr_conn_init(&s->conn, fd);
	}
	pthread_mutex_unlock(&c->lock);
	if (!s) {
		refuse(fd, -KR_EBUSY, "the node carries out as many commands as it may",
		       "try again in a moment, or raise control.clients_max");
		return;
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&t, &attr, client_run, s);
	pthread_attr_destroy(&attr);
	if (err)
		client_failed(s, err);
}

static void *accept_run(void *arg)
{
	struct kr_control *c = arg;
	struct pollfd p[2] = {{.fd = c->fd, .events = POLLIN}, {.fd = c->wake, .events = POLLIN}};

	for (;;) {
		int fd;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents)
			break;
		fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			take(c, fd);
		else if (errno == EMFILE || errno == ENFILE)
			/* Nothing can be accepted until something is closed: do not spin. */
			nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	}
	return NULL;
}

int kr_control_start(struct kr_node *n, unsigned clients_max, struct kr_control **ret,
		     struct kr_fault *reterr)
{
	struct kr_control *c;
	struct stat st;
	int run_fd = open_run(n->dirfd, reterr), fd, err;

	if (run_fd < 0)
		return run_fd;
	fd = bind_in(run_fd, reterr);
	close(run_fd);
	if (fd < 0)
		return fd;
	c = kr_xcalloc(1, sizeof(*c));
	c->node = n;
	c->fd = fd;
	c->wake = eventfd(0, EFD_CLOEXEC);
	c->owner = fstat(n->dirfd, &st) == 0 ? st.st_uid : geteuid();
	c->clients_max = clients_max;
	c->slots = kr_xcalloc(clients_max, sizeof(*c->slots));
	for (unsigned i = 0; i < clients_max; i++)
		c->slots[i].control = c;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->idle, NULL);
	err = pthread_create(&c->thread, NULL, accept_run, c);
	if (err) {
		close(c->fd);
		close(c->wake);
		free(c->slots);
		free(c);
		return kr_fault_errno(reterr, err, "cannot start a thread");
	}
	*ret = c;
	return 0;
}

/* Wait until no command runs. Returns false if the time is over. */
static bool wait_idle(struct kr_control *c, int wait_ms)
{
	struct timespec until = deadline(wait_ms);
	bool idle;

	pthread_mutex_lock(&c->lock);
	while (c->running &&
	       pthread_cond_clockwait(&c->idle, &c->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
		continue;
	idle = !c->running;
	pthread_mutex_unlock(&c->lock);
	return idle;
}

bool kr_control_stop(struct kr_control *c, int wait_ms)
{
	int run_fd, err;

	if (!c)
		return true;
	err = eventfd_write(c->wake, 1);
	assert(!err);
	(void)err;
	pthread_join(c->thread, NULL);
	run_fd = open_run(c->node->dirfd, NULL);
	if (run_fd >= 0) {
		unlinkat(run_fd, KR_WIRE_SOCKET, 0);
		close(run_fd);
	}
	close(c->fd);
	pthread_mutex_lock(&c->lock);
	for (unsigned i = 0; i < c->clients_max; i++)
		if (c->slots[i].busy)
			kr_conn_stop(&c->slots[i].conn);
	pthread_mutex_unlock(&c->lock);
	if (!wait_idle(c, wait_ms))
		return false;
	close(c->wake);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->idle);
	free(c->slots);
	free(c);
	return true;
}
