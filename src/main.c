/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the words are read once here; help and version need nothing else. A command that
 * needs the open data directory takes the lock and runs here; if a node holds the lock, the command
 * is sent to it over the control socket and this process only lends its files. Another command that
 * holds the lock is waited for, but not long.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/node.h"
#include "cli/opts.h"
#include "cli/out.h"
#include "cli/run.h"
#include "cli/sandboxed.h"

#define LOCK_WAIT_MS 3000
#define LOCK_STEP_MS 50

/* The only variable of the program: a signal handler can be handed nothing. */
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

/* The standard output, or the file of -o. */
static int open_output(struct kr_cli *c, struct kr_out *out)
{
	const char *path = kr_opts_value(c->opts, "output", -1);
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666)
		      : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return kr_fault_errno(&c->fault, errno, "cannot write '%s'",
				      path ? path : "the standard output");
	c->width = path ? 0 : terminal_width(fd);
	c->colour = c->width && !getenv("NO_COLOR");
	c->out = kr_out_open(out, fd, c->width > 0, local_cancelled, NULL);
	c->out_state = out;
	if (c->out)
		return 0;
	close(fd);
	return kr_fault_set(&c->fault, -KR_EIO, "cannot open the output");
}

static int print_help(struct kr_cli *c, const struct kr_opts *o)
{
	if (o->noun && !strcmp(o->noun, "help") && o->n_args)
		return kr_help_on(c, o->args[0], o->n_args > 1 ? o->args[1] : NULL);
	if (o->help && o->noun && strcmp(o->noun, "help") != 0)
		return kr_help_on(c, o->noun, o->cmd ? o->cmd->verb : NULL);
	kr_help_all(c);
	return 0;
}

static int run_open(struct kr_cli *c, bool with_store)
{
	char text[sizeof(struct kr_fault)];
	int err = kr_node_open(c->dir, with_store, &c->node, &c->fault);

	if (err)
		return err;
	if (c->node->damage.code)
		kr_cli_note(c, "karaula: %s", kr_fault_text(&c->node->damage, text, sizeof(text)));
	err = kr_cli_run(c);
	kr_node_close(c->node);
	c->node = NULL;
	return err;
}

/* Did who reads our output close it? The node wrote to it, so we did not see that. */
static bool reader_gone(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) > 0 && p.revents & POLLERR;
}

/* Here, or by the node that holds the lock. */
static int run_on_node(struct kr_cli *c, struct kr_out *out, int argc, const char *const *argv)
{
	struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000L};

	for (int waited = 0;; waited += LOCK_STEP_MS) {
		struct kr_fault busy;
		int err = run_open(c, true);

		if (err != -KR_EBUSY || c->cmd)
			return err;
		busy = c->fault;
		err = kr_control_call(c, out->fd, argc, argv);
		if (err == -KR_ECANCEL && reader_gone(out->fd))
			out->error = EPIPE;
		if (err <= 0)
			return err;
		if (waited >= LOCK_WAIT_MS || interrupted) {
			c->fault = busy;
			return -KR_EBUSY;
		}
		nanosleep(&step, NULL);
	}
}

static int run(struct kr_cli *c, struct kr_out *out, int argc, const char *const *argv)
{
	const struct kr_opts *o = c->opts;

	if (kr_opts_value(o, "version", -1)) {
		fprintf(c->out, "karaula %s\n", KR_VERSION);
		return 0;
	}
	if (!o->cmd || o->help)
		return print_help(c, o);
	switch (o->cmd->need) {
	case KR_NEED_NODE: return run_on_node(c, out, argc, argv);
	case KR_NEED_CONF: return run_open(c, false);
	default: return kr_cli_run(c);
	}
}

/* What was asked for, else what the environment says, as gettext would. */
static const char *language(const struct kr_opts *o)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	const char *lang = kr_opts_value(o, "lang", -1);

	for (size_t i = 0; i < KR_ARRAY_LEN(names) && !(lang && *lang); i++)
		lang = getenv(names[i]);
	return lang && *lang ? lang : "en";
}

int main(int argc, char **argv)
{
	const char *const *words = (const char *const *)argv + 1;
	int n_words = argc ? argc - 1 : 0;
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_opts opts;
	struct kr_out out;
	struct kr_cli c = {
		.opts = &opts,
		.err = stderr,
		.cwd_fd = AT_FDCWD,
		.cancelled = local_cancelled,
		.arena = arena,
	};
	int err;

	if (n_words == 2 && !strcmp(words[0], KR_SANDBOX_WORD))
		return kr_sandboxed_run(words[1]);
	set_signals();
	err = kr_opts_parse(arena, n_words, words, &opts, &c.fault);
	c.dir = kr_opts_value(&opts, "dir", -1);
	if (!c.dir)
		c.dir = getenv("KARAULA_DIR");
	c.lang = language(&opts);
	if (!err)
		err = open_output(&c, &out);
	if (err)
		return kr_cli_report(&c, err);
	err = run(&c, &out, n_words, words);
	/* Closing may still fail: a full disk shows late on some file systems. */
	if (fclose(c.out) != 0 && !err)
		err = out.error == EPIPE
			      ? kr_cli_cancel(&c)
			      : kr_fault_errno(&c.fault, out.error, "cannot write the output");
	c.out = NULL;
	return kr_cli_report(&c, err);
}
