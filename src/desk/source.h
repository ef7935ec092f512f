/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: adding, changing, and trying one out on a sample without storing anything. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/input.h"
#include "base/str.h"
#include "codec/codec.h"
#include "desk/mapping.h"
#include "model/batch.h"
#include "model/register.h"
#include "store/audit.h"
#include "store/store.h"

/* What is to be set, as text. p NULL: stays as it is; empty: back to the default. */
struct kr_desk_source_change {
	struct kr_str format, mapping, provider, url, note, retention, tlp, pap;
	uint32_t revision; /* of an edit: what the source must have, else -KR_EEXIST; 0: any */
	/* How it runs by itself: a kind of desk/source_kinds.def; a span; the name of a file below
	 * DIR/secrets/; a span or "never"; "yes" or "no". */
	struct kr_str kind, interval, secret, silent_after, enabled;
	const struct kr_str *options; /* "name=value", one after the other */
	size_t n_options;
};

/*
 * Add a source.
 *
 * tlp_default  TLP of a source that names none
 * ret          texts in the arena
 *
 * Returns 0; -KR_EEXIST; -KR_EINVAL with what would be valid.
 */
KR_MUST_USE int kr_desk_source_add(struct kr_store *s, const struct kr_by *by, struct kr_str name,
				   const struct kr_desk_source_change *c, enum kr_tlp tlp_default,
				   struct kr_arena *a, struct kr_source *ret,
				   struct kr_fault *reterr);
/* Change a source. -KR_ENOENT; -KR_EEXIST (somebody else changed it meanwhile); -KR_EINVAL. */
KR_MUST_USE int kr_desk_source_edit(struct kr_store *s, const struct kr_by *by, struct kr_str name,
				    const struct kr_desk_source_change *c, enum kr_tlp tlp_default,
				    struct kr_arena *a, struct kr_source *ret,
				    struct kr_fault *reterr);

struct kr_desk_sample {
	struct kr_str source;  /* may be one that does not exist yet */
	struct kr_str format;  /* empty: the source's, else by content */
	struct kr_str mapping; /* empty: the source's, else the one that fits */
	int fd; /* of a file, borrowed; -1: the newest report of the source, from the archive */
	struct kr_str report; /* name of the report; a file's own name where empty is not allowed */
	struct kr_codec_opts limits; /* mapping and report are set here */
	struct kr_input_limits input;
	uint64_t bytes_max; /* so much of the sample is read, decompressed */
	/* Called for each event and each refused record; false ends the test. */
	bool (*event)(void *ctx, const struct kr_event *e);
	bool (*refused)(void *ctx, const struct kr_refusal *r);
	void *ctx;
};

/* What the sample would become. Texts live in the arena. */
struct kr_desk_tested {
	bool source_known; /* the source exists */
	struct kr_str report, format;
	bool detected;	       /* the format was found by content */
	struct kr_str mapping; /* empty: none is needed */
	uint32_t mapping_version;
	uint64_t bytes, events, refused, warnings;
	struct kr_str *notes; /* e.g. optional columns that are missing */
	size_t n_notes;
	bool cut;		 /* not all of the sample was read */
	struct kr_fault problem; /* code: the report would be quarantined or refused as a whole */
};
/*
 * Try a sample; nothing is stored.
 *
 * Returns 0, also where the report would be refused; -KR_ENOENT (no such source, or it has no
 * report); -KR_EIO, -KR_ECORRUPT (the sample cannot be read).
 */
KR_MUST_USE int kr_desk_source_test(struct kr_store *s, struct kr_desk_mappings *mappings,
				    const struct kr_desk_sample *sample, struct kr_arena *a,
				    struct kr_desk_tested *ret, struct kr_fault *reterr);
