/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports API of the Shadowserver Foundation, as pure functions: requests, the answers, and
 * what was taken. Every request is a POST of a JSON object with the key, and a header field HMAC2
 * with the hexadecimal HMAC-SHA-256 of exactly these bytes under the secret. reports/list answers
 * with an array of {id, file, type, report, timestamp, url}; a report is one file, fetched by its
 * id.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"

#define KR_SHADOWSERVER_LIST_MAX    ((size_t)16 << 20) /* bytes of an answer of reports/list */
#define KR_SHADOWSERVER_REPORTS_MAX 20000	       /* reports in it */
#define KR_SHADOWSERVER_ID_MAX	    200		       /* bytes of an id */
#define KR_HMAC_TEXT		    (2 * KR_HMAC_SIZE + 1)

struct kr_shadowserver_report {
	struct kr_str id, file, type;
	int32_t day; /* that was asked for */
};

/* The value of HMAC2 for a body. Returns buf. */
char *kr_shadowserver_sign(struct kr_str secret, struct kr_str body, char buf[KR_HMAC_TEXT]);
/*
 * Body of reports/list for one day.
 *
 * reports, types  separated by commas; empty: all
 */
void kr_shadowserver_list_body(struct kr_buf *b, struct kr_str key, int32_t day,
			       struct kr_str reports, struct kr_str types);
/* Body of reports/download. */
void kr_shadowserver_download_body(struct kr_buf *b, struct kr_str key, struct kr_str id);
/*
 * Read the answer of reports/list. Entries that no id or file name can be made of are left out.
 *
 * day  that was asked for
 *
 * Returns 0; -KR_EREFUSED (it says that something is wrong: the fault has its words); -KR_ESYNTAX,
 * -KR_ELIMIT.
 */
KR_MUST_USE int kr_shadowserver_list_read(struct kr_str answer, int32_t day, struct kr_arena *a,
					  struct kr_shadowserver_report **ret, size_t *ret_n,
					  struct kr_fault *reterr);
/* Is a type among these, separated by commas? Empty: all are. */
bool kr_shadowserver_wanted(struct kr_str types, struct kr_str type);

/* What was taken: lines "YYYY-MM-DD ID", the cursor of the source. */
bool kr_shadowserver_is_taken(struct kr_str cursor, const struct kr_shadowserver_report *r);
/* With this report, and without those of days before `from`; in the arena. p NULL: it is full. */
struct kr_str kr_shadowserver_note(struct kr_str cursor, const struct kr_shadowserver_report *r,
				   int32_t from, struct kr_arena *a);
