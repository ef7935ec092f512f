/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the child is this program again, so nothing of the parent's memory (keys, open
 * files, other threads) is in it. Its input is an anonymous file that is complete before it starts,
 * its output a pipe. The child lays down its rights (seccomp: any other system call ends it) before
 * it reads the first byte.
 */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/file.h"
#include "base/time.h"

#define PIECE 16384

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* ---- in the child ---- */

static int limit(int what, rlim_t n)
{
	return setrlimit((__rlimit_resource_t)what, &(struct rlimit){.rlim_cur = n, .rlim_max = n});
}

static int limits(const struct kr_sandbox_limits *l)
{
	int err = limit(RLIMIT_CORE, 0) | limit(RLIMIT_NOFILE, 0) | limit(RLIMIT_FSIZE, 0) |
		  limit(RLIMIT_CPU, l->cpu_s);

#ifndef SANITIZED /* sanitizers reserve more address space than there is memory */
	err |= limit(RLIMIT_AS, l->memory_max);
#endif
	return err;
}

static int filter(void)
{
	static const int calls[] = {
		SCMP_SYS(read),		SCMP_SYS(write),     SCMP_SYS(exit),
		SCMP_SYS(exit_group),	SCMP_SYS(brk),	     SCMP_SYS(munmap),
		SCMP_SYS(mremap),	SCMP_SYS(madvise),   SCMP_SYS(futex),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(getrandom), SCMP_SYS(sched_yield),
		SCMP_SYS(sigaltstack),
	};
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err = c ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < KR_ARRAY_LEN(calls); i++)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, calls[i], 0);
	/* Memory, but none that can be executed. */
	if (!err)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!err)
		err = seccomp_load(c);
	seccomp_release(c);
	return err;
}

int kr_sandbox_enter(const struct kr_sandbox_limits *l, struct kr_fault *reterr)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    limits(l) || filter())
		return kr_fault_set(reterr, -KR_EUNAVAIL, "a process cannot be confined here");
	return 0;
}

/* ---- in the parent ---- */

/* A complete file without a name, at its beginning. */
static int input_file(struct kr_str in, struct kr_fault *reterr)
{
	int fd = memfd_create("karaula-input", MFD_CLOEXEC), err;

	if (fd < 0)
		return kr_fault_errno(reterr, errno, "no memory for a file");
	err = kr_write_all(fd, in.p, in.n, reterr);
	if (!err && lseek(fd, 0, SEEK_SET) != 0)
		err = kr_fault_errno(reterr, errno, "a file cannot be rewound");
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int start(const char *task, int in, int out, pid_t *ret)
{
	char *words[] = {kr_xstrdup("karaula"), kr_xstrdup(KR_SANDBOX_WORD), kr_xstrdup(task),
			 NULL};
	char *nothing[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn(ret, "/proc/self/exe", &files, &attr, words, nothing);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	for (size_t i = 0; i < 3; i++)
		free(words[i]);
	return err;
}

/* Returns 1: it is at its end; 0: it took too long or said too much. */
static int listen_to(int fd, struct kr_buf *ret, int timeout_ms)
{
	int64_t until = kr_clock_us() + (int64_t)timeout_ms * 1000;
	char piece[PIECE];

	while (!ret->err) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = (until - kr_clock_us()) / 1000;
		int got = left > 0 ? poll(&p, 1, (int)left) : 0;
		ssize_t n;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return n == 0;
		kr_buf_add(ret, piece, (size_t)n);
	}
	return 0;
}

static int ended(pid_t pid, bool whole, struct kr_fault *reterr)
{
	int status = 0;

	if (!whole)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (whole && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (whole && WIFEXITED(status))
		return kr_fault_set(reterr, -KR_EREFUSED, "the confined process failed (%d)",
				    WEXITSTATUS(status));
	return kr_fault_set(reterr, -KR_EREFUSED,
			    "the confined process was ended: it took too much, or did what it may "
			    "not");
}

int kr_sandbox_call(const char *task, struct kr_str in, struct kr_buf *ret, int timeout_ms,
		    struct kr_fault *reterr)
{
	int input = input_file(in, reterr), ends[2], err;
	bool whole;
	pid_t pid;

	if (input < 0)
		return input;
	if (pipe2(ends, O_CLOEXEC)) {
		err = kr_fault_errno(reterr, errno, "no pipe");
		close(input);
		return err;
	}
	err = start(task, input, ends[1], &pid);
	close(input);
	close(ends[1]);
	if (err) {
		close(ends[0]);
		return kr_fault_set(reterr, -KR_EUNAVAIL, "no confined process can be started: %s",
				    strerror(err));
	}
	whole = listen_to(ends[0], ret, timeout_ms) == 1;
	close(ends[0]);
	err = ended(pid, whole, reterr);
	return ret->err ? kr_fault_set(reterr, ret->err, "the confined process said too much")
			: err;
}
