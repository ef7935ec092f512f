/* SPDX-License-Identifier: Apache-2.0 */
/* This program is its own confined child: each task tries something, and the parent sees what came
 * of it. */
#include "base/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

/* ---- the child ---- */

static void echo(void)
{
	char b[4096];
	ssize_t n;

	while ((n = read(0, b, sizeof(b))) > 0)
		for (ssize_t done = 0, k; done < n; done += k)
			if ((k = write(1, b + done, (size_t)(n - done))) <= 0)
				_exit(3);
	_exit(n == 0 ? 0 : 3);
}

static void spin(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

static void memory(void)
{
	/* Also the way that a large message goes: it must work within the limit. */
	char *p = malloc(16 << 20);

	memset(p, 1, 16 << 20);
	_exit(p[100] == 1 ? 0 : 3);
}

static int child(const char *task)
{
	const struct kr_sandbox_limits l = {.memory_max = 256 << 20, .cpu_s = 1};

	if (kr_sandbox_enter(&l, NULL))
		_exit(99);
	if (!strcmp(task, "echo"))
		echo();
	if (!strcmp(task, "memory"))
		memory();
	if (!strcmp(task, "spin"))
		spin();
	if (!strcmp(task, "open"))
		_exit(open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 4);
	if (!strcmp(task, "socket"))
		_exit(socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 4);
	if (!strcmp(task, "kill"))
		_exit(kill(getppid(), 0) == 0 ? 0 : 4);
	if (!strcmp(task, "fork"))
		_exit(fork() >= 0 ? 0 : 4);
	if (!strcmp(task, "code"))
		_exit(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
				      MAP_FAILED
			      ? 0
			      : 4);
	_exit(7);
}

/* ---- the parent ---- */

static int call(const char *task, struct kr_str in, struct kr_buf *out, int ms)
{
	struct kr_fault f = {0};
	int err = kr_sandbox_call(task, in, out, ms, &f);

	printf("# %s: %d %s\n", task, err, f.message);
	return err;
}

static void works(void)
{
	KR_AUTO_BUF big = KR_BUF(4 << 20);
	KR_AUTO_BUF out = KR_BUF(4 << 20);
	KR_AUTO_BUF small = KR_BUF(1000);

	IS(call("echo", KR_STR("hello"), &out, 20000), 0, "reads and writes");
	IS_STR(kr_buf_str(&out), KR_STR("hello"), "what it was given");
	for (int i = 0; i < 500000; i++)
		kr_buf_printf(&big, "%d ", i % 10);
	kr_buf_clear(&out);
	IS(call("echo", kr_buf_str(&big), &out, 20000), 0, "a megabyte too");
	IS_STR(kr_buf_str(&out), kr_buf_str(&big), "all of it");
	IS(call("echo", kr_buf_str(&big), &small, 20000), -KR_ELIMIT, "more than is wanted");
	kr_buf_clear(&small);
	IS(call("memory", KR_STR(""), &small, 20000), 0, "memory is there");
	IS(call("nothing", KR_STR(""), &small, 20000), -KR_EREFUSED, "an unknown task fails");
}

static void confined(void)
{
	static const char *const tasks[] = {"open", "socket", "kill", "fork", "code"};
	KR_AUTO_BUF out = KR_BUF(1000);

	for (size_t i = 0; i < KR_ARRAY_LEN(tasks); i++)
		IS(call(tasks[i], KR_STR(""), &out, 20000), -KR_EREFUSED, tasks[i]);
	IS(call("spin", KR_STR(""), &out, 20000), -KR_EREFUSED, "its processor time is limited");
	IS(call("spin", KR_STR(""), &out, 100), -KR_EREFUSED, "and so is ours");
	IS(out.n, 0, "nothing was said");
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], KR_SANDBOX_WORD))
		return child(argv[2]);
	works();
	confined();
	return tap_end();
}
