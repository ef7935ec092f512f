/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli/opts.h"
#include "cli/out.h"
#include "cli/run.h"
#include "gate/gate.h"

const char *kr_cli_opt(const struct kr_cli *c, const char *name)
{
	return kr_opts_value(c->opts, name, -1);
}

const char *kr_cli_opt_at(const struct kr_cli *c, const char *name, int i)
{
	return i < 0 ? NULL : kr_opts_value(c->opts, name, i);
}

int kr_cli_nargs(const struct kr_cli *c)
{
	return (int)c->opts->n_args;
}

const char *kr_cli_arg(const struct kr_cli *c, int i)
{
	return i >= 0 && (size_t)i < c->opts->n_args ? c->opts->args[i] : NULL;
}

int kr_cli_number(struct kr_cli *c, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
		  uint64_t *ret)
{
	const char *text = kr_cli_opt(c, name);
	uint64_t v;

	if (!text) {
		*ret = fallback;
		return 0;
	}
	if (kr_str_u64(kr_str_c(text), &v) || v < min || v > max)
		return kr_fault_set(&c->fault, -KR_EUSAGE,
				    "--%s takes a number from %llu to %llu, not '%.40s'", name,
				    (unsigned long long)min, (unsigned long long)max, text);
	*ret = v;
	return 0;
}

int kr_cli_open(struct kr_cli *c, const char *path)
{
	int fd;

	if (c->open_file)
		return c->open_file(c->open_ctx, path, &c->fault);
	if (!strcmp(path, "-"))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = openat(c->cwd_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return kr_fault_errno(&c->fault, errno, "cannot open '%s'", path);
	return fd;
}

bool kr_cli_cancelled(struct kr_cli *c)
{
	return (c->out && ferror(c->out)) || (c->cancelled && c->cancelled(c->cancel_ctx));
}

int kr_cli_cancel(struct kr_cli *c)
{
	return kr_fault_set(&c->fault, -KR_ECANCEL, "cancelled");
}

void kr_cli_note(struct kr_cli *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	/* What was printed so far comes first where both go to the same terminal. */
	fflush(c->out);
	va_start(ap, fmt);
	vfprintf(c->err, kr_text(c->lang, fmt), ap);
	va_end(ap);
	fputc('\n', c->err);
	fflush(c->err);
}

int kr_cli_run(struct kr_cli *c)
{
	const struct kr_viewer local = kr_viewer_local();
	int err;

	c->cmd = c->opts->cmd;
	c->json = kr_cli_opt(c, "json") != NULL;
	c->csv = kr_cli_opt(c, "csv") != NULL;
	c->quiet = kr_cli_opt(c, "quiet") != NULL;
	c->scope = kr_gate_scope(&local);
	err = c->cmd->run(c);
	if (fflush(c->out) != 0 || ferror(c->out)) {
		int why = c->out_state && c->out_state->error ? c->out_state->error : EIO;

		/* A full disk under the output is worth more than what the command made of it. */
		if (why == EPIPE || why == ECANCELED)
			err = err >= 0 ? kr_cli_cancel(c) : err;
		else if (err >= 0 || err == -KR_ECANCEL)
			err = kr_fault_errno(&c->fault, why, "cannot write the output");
	}
	if (err < 0 && c->fault.code != err)
		kr_fault_set(&c->fault, err, "%s", kr_err_text(err));
	return err < 0 ? err : 0;
}

int kr_cli_report(struct kr_cli *c, int err)
{
	char text[sizeof(struct kr_fault) + 64];

	if (err >= 0)
		return 0;
	/* Who closed the output knows that he did. */
	if (!(err == -KR_ECANCEL && c->out_state && c->out_state->error == EPIPE)) {
		kr_fault_text(&c->fault, text, sizeof(text));
		/* Names and values in a message may be anybody's: nothing of them steers the
		 * terminal. */
		for (char *p = text; *p; p++)
			if ((unsigned char)*p < ' ' || *p == 127)
				*p = '?';
		fprintf(c->err, "karaula: %s\n", text);
		fflush(c->err);
	}
	return kr_err_exit(err);
}
