/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the room: what a mapping document becomes (struct kr_mapping), and what it becomes once
 * the header of a table is known (struct kr_plan): a list of steps, each from a column to a field,
 * so that a row costs no look-up.
 */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "codec/codec.h"
#include "codec/conversions.h"
#include "codec/mapping.h"
#include "model/batch.h"
#include "model/event.h"

struct kr_map_pair {
	struct kr_str from, to;
};

/* From a column to a field or to extra. */
struct kr_map_entry {
	struct kr_str column; /* its name; empty: by position */
	unsigned position;    /* 0-based, where column is empty */
	enum kr_field field;  /* KR_F_NONE: extra under key */
	struct kr_str key;
	kr_conversion *convert; /* NULL: as it is */
	bool passes_row, required, ignore;
	/* Only our own form has these. */
	char separator;		  /* several values, one event each; 0: one value */
	const char *const *times; /* patterns of kr_time_parse_format(), "iso" or "epoch" */
	unsigned n_times;
	const struct kr_map_pair *values; /* translations */
	unsigned n_values;
	struct kr_str other; /* for a value without a translation; p NULL: keep it */
};

/* A value for every event. */
struct kr_map_constant {
	enum kr_field field; /* KR_F_NONE: extra under key */
	struct kr_str key, text;
	union kr_value value;
	bool literal;
	bool fallback; /* only where the row says nothing */
};

struct kr_map_filter {
	struct kr_str column;
	unsigned position;
	const struct kr_str *patterns; /* wildcards * and ?; a row matches if one does */
	unsigned n_patterns;
	bool keep; /* keep: rows that do not match are left out; else rows that match are */
};

/* One kind of table. */
struct kr_map_report {
	struct kr_str name, feed_name, file_name;
	const struct kr_map_entry *entries;
	unsigned n_entries;
	const struct kr_map_constant *constants;
	unsigned n_constants;
};

struct kr_mapping {
	unsigned refs; /* atomic */
	const char *codec;
	struct kr_str name;
	struct kr_hash hash;
	struct kr_arena *arena;
	struct kr_map_report *reports;
	size_t n_reports;
	struct kr_str *warnings;
	size_t n_warnings;
	/* Only our own form has these; it has one report. */
	const struct kr_str *files; /* wildcards on the name of a report */
	unsigned n_files;
	char delimiter, quote;
	bool header, keep_unmapped;
	struct kr_str comment;
	unsigned skip_lines;
	const struct kr_map_filter *filters;
	unsigned n_filters;
};

/* The report type that fits the name of a report, NULL if none. */
const struct kr_map_report *kr_codec__report_find(const struct kr_mapping *m, struct kr_str report);
/* Shell wildcards * and ?, ASCII case ignored. */
bool kr_codec__wildcard(struct kr_str pattern, struct kr_str s);
/* The field that a key of extra was before it became one ("severity", "product.name"); KR_F_NONE.
 */
enum kr_field kr_codec__field_of_extra(struct kr_str key);

/* Add what an event of ours says of extra: a key that became a field is read into it, unless the
 * event has the field or the value is not valid. 0 or -KR_ELIMIT. */
KR_MUST_USE int kr_codec__add_extra(struct kr_event *e, struct kr_arena *arena, struct kr_str key,
				    struct kr_str value, bool literal);

/* One step of a row. */
struct kr_step {
	const struct kr_map_entry *entry;
	unsigned column;
};

struct kr_plan {
	const struct kr_map_report *report;
	struct kr_step *steps;
	unsigned n_steps;
	int columns[KR_ROW_COLUMNS];
	int split;		       /* step whose values are separated, or -1 */
	const struct kr_str **missing; /* optional columns that the table does not have */
	unsigned n_missing;
	struct {
		char text[32]; /* the time of source read last */
		size_t n;
		kr_time time;
	} memo;
};

struct kr_plan_opts {
	const struct kr_map_report *report;
	const struct kr_str *names; /* of the columns; borrowed: must live as long as the plan */
	unsigned n_names;
	bool keep_unmapped;  /* to extra under their own name */
	struct kr_str where; /* what needs the columns, for messages */
};

/*
 * Bind a report's entries to the columns of a table.
 *
 * arena  holds the plan's steps
 *
 * Returns 0; -KR_EREFUSED (a required column is missing, a name twice); -KR_ELIMIT.
 */
KR_MUST_USE int kr_codec__plan(const struct kr_plan_opts *opts, struct kr_arena *arena,
			       struct kr_plan *ret, struct kr_fault *reterr);

/* Tell of the optional columns that are missing: each is a warning and a note. */
void kr_codec__note_missing(const struct kr_plan *p, struct kr_batch *out);

/* Where a record lies in the report. */
struct kr_place {
	uint64_t offset, length, line;
};

/*
 * Make events of one row and add them to the batch; what cannot be held is refused there.
 *
 * cells  n_names values
 */
void kr_codec__row(struct kr_plan *p, const struct kr_str *cells, const struct kr_place *at,
		   kr_time observed, struct kr_batch *out);
/* Fill in what follows from other fields: the class from the type; the time of observation. */
KR_MUST_USE int kr_codec__finish_event(struct kr_event *e, struct kr_arena *arena,
				       kr_time observed);
/* Set the place of an event. */
void kr_codec__set_place(struct kr_event *e, const struct kr_place *at, uint32_t part);
