/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/query.h"

#include "base/buf.h"
#include "base/time.h"
#include "cli/node.h"

#define SHOW_AFTER_US 1000000
#define SHOW_EVERY_US 300000

static struct kr_expr_opts limits(struct kr_cli *c)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	struct kr_expr_opts o = {
		.now = kr_store_now(c->node->store),
		.depth_max = (unsigned)conf->limits_expression_depth,
		.nodes_max = (unsigned)conf->limits_expression_nodes,
		.may_name = kr_scope_may_name,
		.ctx = &c->scope,
	};

	kr_conf_unref(conf);
	return o;
}

/* The expression, and below it the place of the mistake. */
static void point(struct kr_cli *c, struct kr_str text)
{
	KR_AUTO_BUF shown = KR_BUF(8192);
	uint64_t column = c->fault.column;

	if (!column || column > 200 || text.n > 500)
		return;
	kr_cli_shown(&shown, text);
	kr_cli_note(c, "  %s\n  %*s^", kr_buf_cstr(&shown), (int)column - 1, "");
}

int kr_query_expr(struct kr_cli *c, const struct kr_expr **ret)
{
	struct kr_expr_opts opts = limits(c);
	KR_AUTO_BUF text = KR_BUF((size_t)1 << 20);
	struct kr_expr *x;
	int err;

	for (int i = 0; i < kr_cli_nargs(c); i++) {
		kr_buf_c(&text, i ? " " : "");
		kr_buf_c(&text, kr_cli_arg(c, i));
	}
	if (text.err)
		return kr_fault_set(&c->fault, -KR_ELIMIT, "the expression is too long");
	err = kr_expr_parse(kr_buf_str(&text), &opts, c->arena, &x, &c->fault);
	if (err < 0)
		point(c, kr_buf_str(&text));
	else
		*ret = x;
	return err;
}

int kr_query_subject(struct kr_cli *c, const char *name, struct kr_expr_leaf *ret)
{
	struct kr_expr_opts opts = limits(c);

	return kr_expr_subject(kr_str_c(name), &opts, c->arena, ret, &c->fault);
}

void kr_query_progress_init(struct kr_query_progress *p, struct kr_cli *c)
{
	*p = (struct kr_query_progress){.c = c, .start_us = kr_clock_us()};
}

bool kr_query_progress_tell(void *ctx, uint64_t scanned, uint64_t total)
{
	struct kr_query_progress *p = ctx;
	int64_t now = kr_clock_us();

	if (kr_cli_cancelled(p->c))
		return false;
	if (!p->c->width || p->c->quiet || p->c->json || p->c->csv ||
	    now - p->start_us < SHOW_AFTER_US || now - p->shown_us < SHOW_EVERY_US)
		return true;
	p->shown = true;
	p->shown_us = now;
	fprintf(p->c->err, "\r\033[K%llu of %llu rows looked at (%u %%)",
		(unsigned long long)scanned, (unsigned long long)total,
		total ? (unsigned)(scanned * 100 / total) : 100);
	fflush(p->c->err);
	return true;
}

void kr_query_progress_clear(struct kr_query_progress *p)
{
	if (!p->shown)
		return;
	fputs("\r\033[K", p->c->err);
	fflush(p->c->err);
	p->shown = false;
}
