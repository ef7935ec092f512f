/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings: how the columns of a table become fields, as data that is loaded at run time. Two
 * forms, both JSON: the published Shadowserver form (one document for many report types) and our
 * own for any CSV (doc/mapping.md). Compiled once, then immutable and shared.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

struct kr_mapping;

/*
 * Compile a mapping document; which form it is, is seen from its content.
 *
 * doc   borrowed only during the call
 * ret   owned by the caller: kr_mapping_unref()
 *
 * Returns 0; -KR_ESYNTAX, -KR_EINVAL (with JSON path and remedy, e.g. an unknown conversion; in our
 * own form an unknown field too), -KR_ELIMIT.
 */
KR_MUST_USE int kr_mapping_compile(struct kr_str doc, struct kr_mapping **ret,
				   struct kr_fault *reterr);
struct kr_mapping *kr_mapping_ref(struct kr_mapping *m);
void kr_mapping_unref(struct kr_mapping *m);
static inline void kr_mapping__auto_unref(struct kr_mapping **m)
{
	kr_mapping_unref(*m);
}

/* "shadowserver" or "csv": the codec it is for. */
const char *kr_mapping_codec(const struct kr_mapping *m);
/* Name in the document, or "shadowserver". */
struct kr_str kr_mapping_name(const struct kr_mapping *m);
/* Hash of the document: its version. */
const struct kr_hash *kr_mapping_hash(const struct kr_mapping *m);
/* Number of report types it knows. */
size_t kr_mapping_reports(const struct kr_mapping *m);
/* What is odd in the document but no error (a field that is not known, kept in extra): texts with
 * JSON paths. */
size_t kr_mapping_warnings(const struct kr_mapping *m, const struct kr_str **ret);
/* Does it know this report, by file name? */
bool kr_mapping_knows(const struct kr_mapping *m, struct kr_str report);
