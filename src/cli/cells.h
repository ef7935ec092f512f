/* SPDX-License-Identifier: Apache-2.0 */
/* Values of table cells, in the arena of the command. Private to cli. */
#pragma once

#include "base/str.h"
#include "base/time.h"
#include "cli/cli.h"

/* RFC 3339; empty for KR_TIME_NONE. */
struct kr_str kr_cell_time(struct kr_cli *c, kr_time t);
struct kr_str kr_cell_u64(struct kr_cli *c, uint64_t n);
/* "yes", "no" */
struct kr_str kr_cell_bool(bool v);
/* The number that an argument is: "delivery" names what it counts. 0 or -KR_EUSAGE. */
KR_MUST_USE int kr_cell_id(struct kr_cli *c, int arg, const char *what, uint64_t max,
			   uint64_t *ret);
/* Id of a constituent by name; 0 for NULL. */
KR_MUST_USE int kr_cell_constituent(struct kr_cli *c, const char *name, uint32_t *ret);
/* "never" (or NULL), a time, or a span from now; KR_TIME_NONE for never. */
KR_MUST_USE int kr_cell_expiry(struct kr_cli *c, const char *text, kr_time *ret);
