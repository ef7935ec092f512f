/* SPDX-License-Identifier: Apache-2.0 */
/* What account.c, session.c, link.c and apikey.c share. */
#pragma once

#include "store/account.h"
#include "store/sqlite/db.h"
#include "store/sqlite/outbox_internal.h"
#include "store/sqlite/state.h"

/* A user `u` with his constituent `c`. */
#define KR_USER_COLUMNS                                                                            \
	"u.id,u.name,u.title,u.language,u.role,u.constituent,c.name,coalesce(c.retired,1),"        \
	"u.password,u.created,u.changed,u.disabled,u.revision"
#define KR_USER_N_COLUMNS 13
#define KR_USER_JOIN	  " LEFT JOIN constituent c ON c.id=u.constituent "
/* Columns from number `at` on. seen is left to the caller. */
void kr_store__user_row(sqlite3_stmt *st, int at, struct kr_arena *a, struct kr_user *ret);

/* Run a statement on main, in the open transaction, with up to two numbers. Returns the rows that
 * it changed, or -KR_E*. */
KR_MUST_USE int kr_store__change(struct kr_store *s, const char *sql, int64_t first, int64_t second,
				 struct kr_fault *reterr);
/* Name of a user, in the open transaction. -KR_ENOENT. */
KR_MUST_USE int kr_store__user_name(struct kr_store *s, uint32_t id, char ret[KR_USER_NAME_MAX + 1],
				    struct kr_fault *reterr);
/* Set a password and end sessions and links, in the open transaction. */
KR_MUST_USE int kr_store__user_set_password(struct kr_store *s, uint32_t id, struct kr_str stored,
					    uint64_t keep, struct kr_fault *reterr);
