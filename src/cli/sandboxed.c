/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sandboxed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/sandbox.h"
#include "codec/dsn.h"

#define INPUT_MAX  ((size_t)64 << 20)
#define MEMORY_MAX ((size_t)512 << 20)
#define CPU_S	   10
#define PIECE	   65536

static int read_input(struct kr_buf *b)
{
	for (;;) {
		ssize_t n;

		if (!kr_buf_room(b, PIECE))
			return -KR_ELIMIT;
		n = read(STDIN_FILENO, b->p + b->n, PIECE);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -KR_EIO;
		b->n += n > 0 ? (size_t)n : 0;
	}
}

static int answer(struct kr_str s)
{
	while (s.n) {
		ssize_t n = write(STDOUT_FILENO, s.p, s.n);

		if (n < 0 && errno != EINTR)
			return -KR_EIO;
		s = kr_str_from(s, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

static int read_dsn(void)
{
	/* Nothing is freed: the process ends. */
	struct kr_arena *a = kr_arena_new(MEMORY_MAX / 4);
	struct kr_buf mail = KR_BUF(INPUT_MAX), json = KR_BUF((size_t)1 << 20);
	struct kr_dsn d;
	int err = read_input(&mail);

	if (!err)
		err = kr_dsn_read(kr_buf_str(&mail), a, &d, NULL);
	if (!err) {
		kr_dsn_write_json(&d, &json);
		err = json.err ? json.err : answer(kr_buf_str(&json));
	}
	return err;
}

int kr_sandboxed_run(const char *task)
{
	const struct kr_sandbox_limits l = {.memory_max = MEMORY_MAX, .cpu_s = CPU_S};
	int err = kr_sandbox_enter(&l, NULL);

	if (!err)
		err = strcmp(task, KR_SANDBOXED_DSN) ? -KR_EUSAGE : read_dsn();
	_exit(err ? kr_err_exit(err) : 0);
}
