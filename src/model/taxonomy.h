/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Reference Security Incident Taxonomy as data (data/rsit.csv), with the types that feed tools
 * add (data/rsit-extra.csv: dga-domain, blacklist, malware, proxy, tor; class other) and older
 * spellings (data/rsit-spellings.csv). Immutable after loading; embedded tables need no loading.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

struct kr_type_info {
	struct kr_str type;   /* "infected-system" */
	struct kr_str class_; /* "malicious-code" */
	struct kr_str label;  /* English, for people */
	bool counted;	      /* false for class test */
};

/* By type, case ignored, blanks and underscores as hyphens; older spellings and unauthorized-
 * accepted. NULL: not known. */
const struct kr_type_info *kr_type_find(struct kr_str type);
/* Is this a class? Returns its canonical spelling, p NULL if not. */
struct kr_str kr_class_find(struct kr_str class_);
/* IDF spells some types and classes in its own way (unauthorized-...); returns that spelling. */
struct kr_str kr_type_idf(struct kr_str type);
/* All types in the order of the table. */
const struct kr_type_info *kr_type_at(size_t i);
size_t kr_type_count(void);
/*
 * Use other tables than the embedded ones: once, at the start, before anything is looked up.
 *
 * rsit, extra, spellings  content of the files; borrowed during the call; p NULL: the embedded
 * table
 *
 * Returns 0; -KR_EEXIST (the taxonomy is in use already); -KR_ESYNTAX, -KR_EINVAL with file and
 * line: then nothing is changed.
 */
KR_MUST_USE int kr_taxonomy_load(struct kr_str rsit, struct kr_str extra, struct kr_str spellings,
				 struct kr_fault *reterr);
