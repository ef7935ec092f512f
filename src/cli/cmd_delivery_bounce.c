/* SPDX-License-Identifier: Apache-2.0 */
/* karaula delivery bounce */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/sandbox.h"
#include "cli/cli.h"
#include "cli/node.h"
#include "cli/sandboxed.h"
#include "desk/bounce.h"

#define MAIL_MAX   ((size_t)32 << 20)
#define JSON_MAX   ((size_t)1 << 20)
#define TIMEOUT_MS 20000

static int read_mail(struct kr_cli *c, struct kr_buf *b)
{
	int fd = kr_cli_open(c, kr_cli_arg(c, 0));
	ssize_t n = fd < 0 ? 0 : 1;

	while (n > 0 && !b->err && !kr_cli_cancelled(c)) {
		char piece[16384];

		n = read(fd, piece, sizeof(piece));
		if (n > 0)
			kr_buf_add(b, piece, (size_t)n);
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (fd < 0)
		return fd;
	close(fd);
	if (n < 0)
		return kr_fault_errno(&c->fault, errno, "the mail cannot be read");
	if (b->err)
		return kr_fault_set(&c->fault, b->err, "a mail has at most %zu MiB",
				    MAIL_MAX >> 20);
	/* Half a mail is none. */
	return kr_cli_cancelled(c) ? kr_cli_cancel(c) : 0;
}

static void print(struct kr_cli *c, const struct kr_bounced *b)
{
	static const struct kr_column columns[] = {
		{"what", N_("What"), KR_LEFT, false},
		{"delivery", N_("Delivery"), KR_RIGHT, true},
		{"recipient", N_("Recipient"), KR_RIGHT, true},
		{"health", N_("Health"), KR_RIGHT, true},
		{"reason", N_("Reason"), KR_LEFT, false},
	};
	struct kr_table *t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));

	kr_table_row(t, (struct kr_str[]){
				kr_str_c(kr_bounce_text(b->what)),
				kr_arena_printf(c->arena, "%llu", (unsigned long long)b->delivery),
				kr_arena_printf(c->arena, "%u", b->recipient),
				kr_arena_printf(c->arena, "%d", b->health),
				b->reason,
			});
	kr_table_end(t);
}

static int run(struct kr_cli *c)
{
	const struct kr_by by = {.who = KR_STR("local"), .door = KR_DOOR_LOCAL};
	KR_AUTO_BUF mail = KR_BUF(MAIL_MAX);
	KR_AUTO_BUF json = KR_BUF(JSON_MAX);
	struct kr_bounced b;
	struct kr_dsn d;
	int err = read_mail(c, &mail);

	if (!err)
		err = kr_sandbox_call(KR_SANDBOXED_DSN, kr_buf_str(&mail), &json, TIMEOUT_MS,
				      &c->fault);
	if (!err)
		err = kr_dsn_read_json(kr_buf_str(&json), c->arena, &d, &c->fault);
	if (!err)
		err = kr_desk_bounce(c->node->store, &by, &d, kr_str_c(kr_cli_opt(c, "to")),
				     c->arena, &b, &c->fault);
	if (!err)
		print(c, &b);
	return err;
}

const struct kr_cmd kr_cmd_delivery_bounce = {
	.noun = "delivery",
	.verb = "bounce",
	.args = "FILE",
	.doc = N_("read a mail that came back: the delivery has failed, its recipient's health "
		  "falls"),
	.help = N_(
		"  karaula delivery bounce returned.eml\n"
		"  karaula delivery bounce - < returned.eml\n"
		"  karaula -C /var/lib/karaula delivery bounce --to ${original_recipient} -    in "
		"master.cf\n"
		"\n"
		"Reports of delivery (RFC 3464) are acted on if they came to the address that was "
		"made for\n"
		"the message, or name its id; forged ones are refused. Automatic answers change "
		"nothing;\n"
		"any other mail is told as unlinked. The mail is read by a confined process. See "
		"doc/mail.md.\n"),
	.opts = (const struct kr_opt[]){{"to", 0, "ADDRESS", N_("address that it came to")},
					{NULL, 0, NULL, NULL}},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = run,
};
