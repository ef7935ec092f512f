/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket against clients that lie, and the client against a node that lies. */
#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/wire.h"
#include "tap.h"

static char base[] = "/tmp/karaula-control-XXXXXX";
/* Longer than a socket address has room for. */
static char dir[400];
static struct kr_node node;

static struct sockaddr_un address(int dirfd)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/run/" KR_WIRE_SOCKET, dirfd);
	return a;
}

static int dial(void)
{
	struct sockaddr_un a = address(node.dirfd);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* What the node answers: the code of EXIT; 1 if it only hangs up. */
static int answer(int fd, struct kr_fault *ret)
{
	struct kr_wire_exit x;
	int fds[KR_WIRE_FDS_MAX];
	size_t n_fds;
	ssize_t n = kr_wire_recv(fd, &x, sizeof(x), 0, fds, &n_fds);

	close(fd);
	return n == sizeof(x) && x.type == KR_WIRE_EXIT ? kr_wire_fault_get(&x, ret) : 1;
}

static int hello(int fd, uint32_t version, uint32_t words, uint32_t bytes, size_t n_fds)
{
	struct kr_wire_hello h = {
		.type = KR_WIRE_HELLO, .version = version, .words = words, .bytes = bytes};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), err;

	memset(h.lang, 'x', sizeof(h.lang));
	err = kr_wire_send(fd, &h, sizeof(h), (int[]){null, null, null, null}, n_fds);
	close(null);
	return err;
}

static int words(int fd, const char *text, size_t n)
{
	char buf[KR_WIRE_MAX + 8];
	uint32_t type = KR_WIRE_ARGS;

	memcpy(buf, &type, sizeof(type));
	memcpy(buf + sizeof(type), text, n);
	return kr_wire_send(fd, buf, sizeof(type) + n, NULL, 0);
}

static void refused(int fd, int want, const char *what)
{
	struct kr_fault f = {0};

	IS(answer(fd, &f), want, what);
}

static void liars(void)
{
	static char noise[KR_WIRE_MAX + 4000];
	int fd = dial();

	OK(fd >= 0, "a directory with a long path can be reached");
	close(fd);
	fd = dial();
	memset(noise, 'x', sizeof(noise));
	kr_wire_send(fd, noise, 1, NULL, 0);
	refused(fd, -KR_EUSAGE, "one byte");
	fd = dial();
	kr_wire_send(fd, noise, 5000, NULL, 0);
	refused(fd, -KR_EUSAGE, "noise");
	fd = dial();
	kr_wire_send(fd, noise, sizeof(noise), NULL, 0);
	refused(fd, -KR_EUSAGE, "a message that is too long");
	fd = dial();
	hello(fd, 99, 0, 0, 3);
	refused(fd, -KR_EVERSION, "another version");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 0, 0, 0);
	refused(fd, -KR_EUSAGE, "no descriptors");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 0, 0, 4);
	refused(fd, -KR_EUSAGE, "too many of them");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 2000000000, 4000000000u, 3);
	refused(fd, -KR_ELIMIT, "two thousand million words");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 5, 3, 3);
	refused(fd, -KR_ELIMIT, "more words than bytes");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 1, 4, 3);
	words(fd, "abcdefgh", 8);
	refused(fd, -KR_EUSAGE, "more bytes than announced");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 2, 4, 3);
	words(fd, "abc", 4);
	refused(fd, -KR_EUSAGE, "fewer words than announced");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 1, 4, 3);
	words(fd, "abcd", 4);
	refused(fd, -KR_EUSAGE, "a word without an end");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 1, 4, 3);
	kr_wire_send(fd, "xxxxxxxx", 8, NULL, 0);
	refused(fd, -KR_EUSAGE, "something else than words");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 1, 4, 3);
	shutdown(fd, SHUT_WR);
	refused(fd, -KR_EUSAGE, "the end in the middle");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 0, 0, 3);
	refused(fd, -KR_EUSAGE, "no command");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 1, 6, 3);
	words(fd, "serve", 6);
	refused(fd, -KR_EUSAGE, "a command that is not for the node");
	fd = dial();
	hello(fd, KR_WIRE_VERSION, 1, 6, 3);
	words(fd, "xserv", 6);
	refused(fd, -KR_EUSAGE, "a command that does not exist");
}

/* Clients that say nothing use up the places, but only for some seconds. */
static void silence(void)
{
	int idle[2] = {dial(), dial()}, fd;
	struct kr_fault f = {0};

	fd = dial();
	IS(answer(fd, &f), -KR_EBUSY, "one more client than places");
	IS_CSTR(f.message, "the node carries out as many commands as it may", "is told so");
	close(idle[0]);
	close(idle[1]);
	for (int i = 0; i < 50; i++) {
		usleep(20000);
		fd = dial();
		hello(fd, KR_WIRE_VERSION, 0, 0, 3);
		if (answer(fd, &f) == -KR_EUSAGE)
			break;
	}
	IS(f.code, -KR_EUSAGE, "places become free when clients hang up");
}

/* ---- a node that lies ---- */

struct liar {
	int listener;
	const char *ask; /* path that it wants */
	struct kr_wire_file got;
	ssize_t bytes; /* read from what was opened, -1: nothing was */
	bool ended;
	int end; /* 0: EXIT; 1: hang up; 2: noise */
};

static void read_opened(struct liar *l, int fd, int opened)
{
	char buf[1000];
	uint32_t ended[2];
	int fds[KR_WIRE_FDS_MAX];
	size_t n_fds;

	l->bytes = 0;
	for (ssize_t r; (r = read(opened, buf, sizeof(buf))) > 0;)
		l->bytes += r;
	close(opened);
	if (l->got.pump)
		l->ended = kr_wire_recv(fd, ended, sizeof(ended), 0, fds, &n_fds) ==
				   sizeof(ended) &&
			   ended[0] == KR_WIRE_ENDED && ended[1] == l->got.pump;
}

static void *lie(void *arg)
{
	struct liar *l = arg;
	char buf[KR_WIRE_MAX];
	struct kr_wire_exit x = {.type = KR_WIRE_EXIT};
	uint32_t type = KR_WIRE_OPEN;
	int fds[KR_WIRE_FDS_MAX], fd = accept(l->listener, NULL, NULL);
	size_t n_fds;

	kr_wire_recv(fd, buf, sizeof(buf), 0, fds, &n_fds);
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	kr_wire_recv(fd, buf, sizeof(buf), 0, fds, &n_fds);
	l->bytes = -1;
	if (l->ask) {
		memcpy(buf, &type, sizeof(type));
		memcpy(buf + sizeof(type), l->ask, strlen(l->ask));
		kr_wire_send(fd, buf, sizeof(type) + strlen(l->ask), NULL, 0);
		kr_wire_recv(fd, &l->got, sizeof(l->got), 0, fds, &n_fds);
		if (n_fds)
			read_opened(l, fd, fds[0]);
	}
	if (l->end == 0)
		kr_wire_send(fd, &x, sizeof(x), NULL, 0);
	else if (l->end == 2)
		kr_wire_send(fd, "noise", 5, NULL, 0);
	close(fd);
	return NULL;
}

static int call(struct liar *l, struct kr_fault *ret)
{
	static const char *const argv[] = {"take", "--mapping=/etc/hostname", "/etc/hosts",
					   "-o/etc/issue", "/usr/share"};
	struct sockaddr_un a = address(node.dirfd);
	struct kr_cli c = {.dir = dir, .lang = "en", .out = stdout, .err = stderr};
	pthread_t t;
	int err;

	unlinkat(node.dirfd, "run/" KR_WIRE_SOCKET, 0);
	l->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(l->listener, (struct sockaddr *)&a, sizeof(a)) || listen(l->listener, 1))
		return -1;
	pthread_create(&t, NULL, lie, l);
	err = kr_control_call(&c, STDOUT_FILENO, KR_ARRAY_LEN(argv), argv);
	pthread_join(t, NULL);
	close(l->listener);
	*ret = c.fault;
	return err;
}

static void opened(const char *path, bool want, const char *what)
{
	struct liar l = {.ask = path};
	struct kr_fault f;

	IS(call(&l, &f), 0, "the call ends");
	OK((l.got.error == 0) == want, "%s", what);
}

static void files(void)
{
	struct liar l = {.end = 1};
	struct kr_fault f;

	opened("/etc/hosts", true, "a path that was typed is opened");
	opened("/etc/hostname", true, "and one behind =");
	opened("/etc/issue", true, "and one behind a letter");
	opened("/usr/share/doc", true, "and one below a folder that was typed");
	opened("/etc/passwd", false, "no other one");
	opened("/etc/hosts2", false, "nor one that only begins alike");
	opened("/usr/share/../../etc/passwd", false, "nor one that climbs out");
	opened("take", false, "a word that is no file");
	IS(call(&l, &f), -KR_EUNAVAIL, "a node that hangs up");
	l.end = 2;
	IS(call(&l, &f), -KR_EUNAVAIL, "a node that talks noise");
}

static void standard_input(void)
{
	struct liar l = {.ask = "-"};
	struct kr_fault f;
	int keep = dup(STDIN_FILENO), pair[2];
	static char bytes[50000];

	if (pipe(pair))
		return;
	dup2(pair[0], STDIN_FILENO);
	close(pair[0]);
	OK(write(pair[1], bytes, sizeof(bytes)) == sizeof(bytes), "into the pipe");
	close(pair[1]);
	IS(call(&l, &f), 0, "the call ends");
	OK(l.got.pump == 1 && l.bytes == sizeof(bytes), "a pipe is copied to the node");
	OK(l.ended, "which is told that it got all");
	dup2(keep, STDIN_FILENO);
	close(keep);
}

int main(void)
{
	struct kr_control *c = NULL;
	struct kr_cli nobody = {.lang = "en"};
	char part[120];

	if (!mkdtemp(base))
		return 1;
	memset(part, 'd', sizeof(part) - 1);
	part[sizeof(part) - 1] = '\0';
	snprintf(dir, sizeof(dir), "%s/%s", base, part);
	mkdir(dir, 0700);
	node.dir = dir;
	node.dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nobody.dir = dir;
	IS(kr_control_call(&nobody, 1, 0, NULL), 1, "nobody listens");
	IS(kr_control_start(&node, 2, &c, NULL), 0, "start");
	liars();
	silence();
	OK(kr_control_stop(c, 1000), "stop");
	IS(kr_control_call(&nobody, 1, 0, NULL), 1, "nobody listens any more");
	files();
	standard_input();
	unlinkat(node.dirfd, "run/" KR_WIRE_SOCKET, 0);
	unlinkat(node.dirfd, "run", AT_REMOVEDIR);
	rmdir(dir);
	rmdir(base);
	return tap_end();
}
