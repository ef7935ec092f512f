/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the outbox share. */
#pragma once

#include <sqlite3.h>

#include "store/outbox.h"

/* A time column; NULL is KR_TIME_NONE. */
kr_time kr_store__time(sqlite3_stmt *st, int i);
void kr_store__bind_time(sqlite3_stmt *st, int i, kr_time t);
/*
 * May this scope list what belongs to constituents? With `right` those of all it may see, with
 * deliveries alone its own.
 *
 * ret  the one constituent it is bound to; 0: all
 */
bool kr_store__scope_clients(const struct kr_scope *scope, uint32_t right, int64_t *ret);

/* struct kr_outbox_row by recipient, source, key (as SQLite sorts it) and day; for qsort(). */
int kr_store__outbox_key_cmp(const void *x, const void *y);
