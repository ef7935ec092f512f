/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings of the node: imported into the store, compiled once, and chosen for a report. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/codec.h"
#include "codec/mapping.h"
#include "store/audit.h"
#include "store/store.h"

#define KR_DESK_MAPPING_SIZE_MAX ((size_t)16 << 20) /* of a document */

/* Compiled mappings by id, those used last; safe from any thread. */
struct kr_desk_mappings;

/* s  borrowed as long as the cache */
struct kr_desk_mappings *kr_desk_mappings_new(struct kr_store *s);
void kr_desk_mappings_free(struct kr_desk_mappings *c);
KR_AUTO_DEFINE(kr_desk_mappings)

/*
 * A mapping by its id: compiled now, or found.
 *
 * ret  the caller gives it back with kr_mapping_unref()
 *
 * Returns 0; -KR_ENOENT; what kr_mapping_compile() returns.
 */
KR_MUST_USE int kr_desk_mapping_get(struct kr_desk_mappings *c, uint32_t id,
				    struct kr_mapping **ret, struct kr_fault *reterr);
/*
 * The mapping for a report: the current version of the one named, else the one imported last that
 * is for this format and knows the report's name.
 *
 * name    empty: the one that fits
 * report  name of the report
 *
 * Returns 0; -KR_EMAPPING with a remedy; errors of kr_desk_mapping_get().
 */
KR_MUST_USE int kr_desk_mapping_for(struct kr_desk_mappings *c, const struct kr_codec *codec,
				    struct kr_str name, struct kr_str report,
				    struct kr_mapping **ret, uint32_t *ret_id,
				    struct kr_fault *reterr);

/* The format of a report whose name a current mapping knows, for when content does not tell; NULL
 * if none does. */
const struct kr_codec *kr_desk_mapping_codec(struct kr_desk_mappings *c, struct kr_str report);

struct kr_desk_mapping_imported {
	uint32_t id, version;
	struct kr_str name; /* in the arena */
	const char *codec;
	size_t reports;		 /* report types it knows */
	struct kr_str *warnings; /* what is odd but no error; in the arena */
	size_t n_warnings;
	bool known; /* the same document was there: nothing was changed */
};
/*
 * Compile a document, and keep it as the current version of its name.
 *
 * Returns 0; what kr_mapping_compile() returns: then nothing was kept.
 */
KR_MUST_USE int kr_desk_mapping_import(struct kr_store *s, const struct kr_by *by,
				       struct kr_str doc, struct kr_arena *a,
				       struct kr_desk_mapping_imported *ret,
				       struct kr_fault *reterr);
