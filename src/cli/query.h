/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions on the command line, and progress of long scans. Private to cli. */
#pragma once

#include "cli/cli.h"
#include "model/expr.h"

/*
 * The arguments, joined by blanks, as an expression, with the limits of the configuration. A
 * mistake is shown under the expression.
 *
 * ret  lives in c->arena
 */
KR_MUST_USE int kr_query_expr(struct kr_cli *c, const struct kr_expr **ret);
/* A field or subject named by an option. */
KR_MUST_USE int kr_query_subject(struct kr_cli *c, const char *name, struct kr_expr_leaf *ret);

/* Rows looked at, on the terminal, once a scan takes longer than a second. */
struct kr_query_progress {
	struct kr_cli *c;
	int64_t start_us, shown_us;
	bool shown; /* a line of progress stands on the terminal */
};
void kr_query_progress_init(struct kr_query_progress *p, struct kr_cli *c);
/* For kr_event_query.progress: false when the command is to stop. */
bool kr_query_progress_tell(void *ctx, uint64_t scanned, uint64_t total);
/* Take the line away, before anything else is written. */
void kr_query_progress_clear(struct kr_query_progress *p);
