/* SPDX-License-Identifier: Apache-2.0 */
/* What kinds of sources there are that run by themselves, and which options each has. */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"
#include "model/register.h"

#define KR_SOURCE_OPTIONS_MAX ((size_t)8192) /* bytes of all options of a source */
#define KR_SOURCE_NEVER	      ((int64_t)-1)  /* silent_after_us: it may be silent for ever */

struct kr_source_kind {
	const char *name, *url, *interval, *doc;
};
/* Rows of source_kinds.def; NULL beyond the last. */
const struct kr_source_kind *kr_source_kind_at(size_t i);
/* NULL if there is none. */
const struct kr_source_kind *kr_source_kind_find(struct kr_str name);

struct kr_source_option {
	const char *kind, *name, *least, *most, *standard, *doc;
};
/* Rows of source_options.def; NULL beyond the last. */
const struct kr_source_option *kr_source_option_at(size_t i);
/* The value of an option, or its default. Borrowed; only names in the table may be asked. */
struct kr_str kr_source_option(const struct kr_source *src, const char *name);
/*
 * Set an option.
 *
 * options     as they are, lines "name=value"
 * assignment  "name=value"; "name=": back to the default
 * ret         lines, sorted as the table; in the arena
 *
 * Returns 0; -KR_EINVAL with what would be valid.
 */
KR_MUST_USE int kr_source_option_set(const struct kr_source_kind *kind, struct kr_str options,
				     struct kr_str assignment, struct kr_arena *a,
				     struct kr_str *ret, struct kr_fault *reterr);
/* May a secret have this name? A plain file name: letters, digits, '-', '_' and '.'. */
bool kr_source_secret_valid(struct kr_str name);
/* Its address, or that of its kind. */
struct kr_str kr_source_url(const struct kr_source *src);
/* How often it runs, in microseconds: its interval, or that of its kind. */
int64_t kr_source_interval(const struct kr_source *src);
/* After how long it counts as silent; 0: never. standard_us: where it says nothing. */
int64_t kr_source_silent_after(const struct kr_source *src, int64_t standard_us);
