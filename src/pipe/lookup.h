/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-up tables: AS number and name, and country, by address. Made from public files by `karaula
 * table import`, compiled into DIR/tables/asn.krt and country.krt, mapped and asked for every event
 * (doc/tables.md).
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"
#include "base/time.h"

enum kr_lookup_kind {
	KR_LOOKUP_ASN = 1,
	KR_LOOKUP_COUNTRY = 2,
};
#define KR_LOOKUPS 3 /* one above the highest */

/* "asn", "country" */
const char *kr_lookup_text(enum kr_lookup_kind kind);
KR_MUST_USE int kr_lookup_parse(struct kr_str s, enum kr_lookup_kind *ret);

/* ---- making ---- */

struct kr_lookup_build;

struct kr_lookup_build *kr_lookup_build_new(enum kr_lookup_kind kind);
void kr_lookup_build_free(struct kr_lookup_build *b);
KR_AUTO_DEFINE(kr_lookup_build)
/*
 * Add all rows of a file: MMDB, or CSV (plain, gz or zst) with rows START,END,VALUE or
 * PREFIX,VALUE, where VALUE is AS number and name, or a country code. Where rows overlap the
 * narrower one holds.
 *
 * fd    borrowed; an MMDB must be a regular file
 * name  for messages
 *
 * Returns 0; -KR_ESYNTAX, -KR_EINVAL (the first wrong row with its line); -KR_EFORMAT; -KR_ELIMIT.
 */
KR_MUST_USE int kr_lookup_add(struct kr_lookup_build *b, int fd, const char *name,
			      struct kr_fault *reterr);
/* What is kept with a table; texts may be empty. */
struct kr_lookup_about {
	struct kr_str files; /* names, separated by blanks */
	struct kr_str licence;
	struct kr_str attribution; /* to be shown where the data are used */
	kr_time imported;
	uint64_t rows;	/* stretches of addresses with a value */
	uint64_t bytes; /* of the compiled file */
};
/*
 * Write the table into the data directory, in the place of the one before.
 *
 * about  files, licence, attribution and time of import; rows is filled
 */
KR_MUST_USE int kr_lookup_write(struct kr_lookup_build *b, int dirfd, struct kr_lookup_about *about,
				struct kr_fault *reterr);

/* ---- asking ---- */

/* A mapped table; immutable, safe from any thread. */
struct kr_lookup;

/* -KR_ENOENT (was never imported), -KR_ECORRUPT, -KR_EVERSION. */
KR_MUST_USE int kr_lookup_open(int dirfd, enum kr_lookup_kind kind, struct kr_lookup **ret,
			       struct kr_fault *reterr);
void kr_lookup_free(struct kr_lookup *l);
KR_AUTO_DEFINE(kr_lookup)
/*
 * AS of an address.
 *
 * ret_name  lives as long as the table; may be empty
 *
 * Returns the number, 0 if it is not known.
 */
uint32_t kr_lookup_asn(const struct kr_lookup *l, const struct kr_ip *ip, struct kr_str *ret_name);
/* Country code of an address, which lives as long as the table; empty if it is not known. */
struct kr_str kr_lookup_country(const struct kr_lookup *l, const struct kr_ip *ip);
/* Fetch what a look-up of this address will need, some look-ups ahead of it. */
void kr_lookup_prefetch(const struct kr_lookup *l, const struct kr_ip *ip);
/* Texts live as long as the table. */
void kr_lookup_about(const struct kr_lookup *l, struct kr_lookup_about *ret);
/* Read all of it and compare the checksum; for doctor. */
KR_MUST_USE int kr_lookup_check(const struct kr_lookup *l, struct kr_fault *reterr);
