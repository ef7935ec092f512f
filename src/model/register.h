/* SPDX-License-Identifier: Apache-2.0 */
/* What a source and a constituent are: plain values that store, desk and pipe hand to each other.
 */
#pragma once

#include "base/base.h"
#include "base/ip.h"
#include "base/str.h"
#include "base/time.h"
#include "model/label.h"

/* Retention classes; the numbers are stored, the names are folders. */
enum kr_retention {
	KR_RETAIN_SHORT = 1,	/* 30 days by default */
	KR_RETAIN_STANDARD = 2, /* 400 days */
	KR_RETAIN_LONG = 3,	/* 5 years */
};
#define KR_RETENTIONS 4 /* one above the highest */

const char *kr_retention_text(enum kr_retention r); /* "standard" */
KR_MUST_USE int kr_retention_parse(struct kr_str s, enum kr_retention *ret);

/* Where input comes from. */
struct kr_source {
	uint32_t id;	       /* 0: not stored yet */
	struct kr_str name;    /* unique: letters, digits, '-', '_', '.', at most 64 */
	struct kr_str format;  /* name of a codec; empty: detect */
	struct kr_str mapping; /* name of a mapping; empty: the one that fits */
	struct kr_str provider, url, note;
	enum kr_retention retention;
	enum kr_tlp tlp; /* default AMBER; RED is refused */
	enum kr_pap pap; /* NONE: assumed from the TLP, and shown as assumed */
	/* How it runs by itself (desk/source_kind.h). */
	struct kr_str kind;	 /* "directory", "http", ...; empty: it does not */
	struct kr_str options;	 /* lines "name=value" */
	struct kr_str secret;	 /* name of a file below DIR/secrets/; empty: none */
	int64_t interval_us;	 /* 0: that of its kind */
	int64_t silent_after_us; /* 0: setting sources.silent_after; -1: never */
	bool disabled;		 /* does not run until it is enabled again */
	kr_time created, changed;
	uint32_t revision;
	bool removed; /* kept for its reports, hidden from lists */
};

/* Who owns addresses and wants to know. */
struct kr_constituent {
	uint32_t id;
	struct kr_str name;  /* unique short name */
	struct kr_str title; /* full name */
	struct kr_str sector, country, contact, language, note;
	bool retired; /* gone from the last import; old events still name it */
};

/* The order is the order of decision: the first kind with a match decides (doc/register.md). */
enum kr_rule_kind {
	KR_RULE_PREFIX = 1, /* the most specific prefix wins */
	KR_RULE_DOMAIN = 2, /* the longest suffix wins */
	KR_RULE_ASN = 3,
	KR_RULE_COUNTRY = 4,
};

struct kr_rule {
	uint32_t id; /* fixed for (constituent, kind, value) for ever: events name it */
	uint32_t constituent;
	enum kr_rule_kind kind;
	struct kr_str value; /* canonical text: "198.51.100.0/24", "example.org", "64500", "RS" */
	bool retired;
};
const char *kr_rule_kind_text(enum kr_rule_kind k); /* "prefix", "domain", "asn", "country" */
