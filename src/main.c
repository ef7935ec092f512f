/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the words are read once here; help and version need nothing else. A command that
 * needs no data directory runs at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/opts.h"
#include "cli/run.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	/* The second time the person means it. */
	if (interrupted)
		_exit(kr_err_exit(-KR_ECANCEL));
	interrupted = 1;
}

static bool local_cancelled(void *ctx)
{
	(void)ctx;
	return interrupted;
}

static void set_signals(void)
{
	struct sigaction act = {.sa_handler = on_interrupt};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	/* A reader that goes away is a failed write, so that what is open is closed in order. */
	signal(SIGPIPE, SIG_IGN);
}

/* Columns of the terminal that text goes to; 0: it is none. */
static int terminal_width(int fd)
{
	struct winsize ws;
	const char *columns = getenv("COLUMNS");

	if (!isatty(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col;
	return columns && atoi(columns) > 0 ? atoi(columns) : 80;
}

static int open_output(struct kr_cli *c)
{
	const char *path = kr_opts_value(c->opts, "output", -1);
	int fd;

	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	c->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!c->out) {
		c->out = stdout;
		return kr_fault_errno(&c->fault, errno, "cannot write '%s'", path);
	}
	c->width = 0;
	c->colour = false;
	return 0;
}

static int run(struct kr_cli *c)
{
	const struct kr_opts *o = c->opts;
	int err;

	if (kr_opts_value(o, "version", -1)) {
		fprintf(c->out, "karaula %s\n", KR_VERSION);
		return 0;
	}
	if (o->noun && !strcmp(o->noun, "help") && o->n_args)
		return kr_help_on(c, o->args[0], o->n_args > 1 ? o->args[1] : NULL);
	if (!o->noun || !strcmp(o->noun, "help")) {
		kr_help_all(c);
		return 0;
	}
	if (o->help)
		return kr_help_on(c, o->noun, o->cmd ? o->cmd->verb : NULL);
	err = open_output(c);
	return err ? err : kr_cli_run(c);
}

int main(int argc, char **argv)
{
	struct kr_arena *arena = kr_arena_new(0);
	struct kr_opts opts;
	struct kr_cli c = {
		.opts = &opts,
		.in = stdin,
		.out = stdout,
		.err = stderr,
		.cwd_fd = AT_FDCWD,
		.lang = "en",
		.cancelled = local_cancelled,
		.arena = arena,
	};
	int err;

	set_signals();
	c.width = terminal_width(STDOUT_FILENO);
	c.colour = c.width && !getenv("NO_COLOR");
	err = kr_opts_parse(arena, argc ? argc - 1 : 0, (const char *const *)argv + 1, &opts,
			    &c.fault);
	c.dir = kr_opts_value(&opts, "dir", -1);
	if (!c.dir)
		c.dir = getenv("KARAULA_DIR");
	if (kr_opts_value(&opts, "lang", -1))
		c.lang = kr_opts_value(&opts, "lang", -1);
	if (!err)
		err = run(&c);
	err = kr_cli_report(&c, err);
	if (fclose(c.out) != 0 && !err)
		err = kr_err_exit(-KR_EIO);
	kr_arena_free(arena);
	return err;
}
