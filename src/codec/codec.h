/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A format: pure functions between bytes and the model. No I/O, no clock, no globals; all that a
 * codec needs comes through its options. Adding one is a file here and a line in codecs.def: see
 * doc/adding-a-codec.md.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "model/batch.h"

enum kr_codec_cap {
	KR_CODEC_READ = 1,
	KR_CODEC_WRITE = 2,
	KR_CODEC_MAPPING = 4, /* reading needs a mapping */
	KR_CODEC_SNAPSHOT =
		8, /* a list of a state: the same bytes on another day are another report */
	KR_CODEC_OWN_NAMES = 16, /* a table whose header has our field names needs no mapping */
	KR_CODEC_REPORTER = 32,	 /* writing needs kr_codec_write_opts.reporter */
};

struct kr_mapping;     /* codec/mapping.h */
struct kr_codec_state; /* each codec has its own */

struct kr_codec_opts {
	const struct kr_mapping
		*mapping; /* for KR_CODEC_MAPPING; borrowed while the state is open */
	struct kr_str
		report; /* file name of the report, e.g. "2026-11-20-event4_sinkhole_http-xx.csv" */
	kr_time observed;     /* when it was collected; KR_TIME_NONE: not known */
	size_t record_max;    /* bytes of one record; a longer one is refused. Setting
				 limits.record_max */
	unsigned depth_max;   /* nesting of JSON. Setting limits.depth_max */
	unsigned columns_max; /* of a table. Setting limits.columns_max */
};

/* Defaults of the limits: record 1 MiB, depth 64, columns 1024. */
struct kr_codec_opts kr_codec_opts_default(void);

/* Who speaks, for formats that must say so; all three or none. Borrowed. */
struct kr_codec_org {
	struct kr_str name;    /* "Example CSIRT" */
	struct kr_str contact; /* mail address */
	struct kr_str domain;  /* "example.org" */
};

/* What a writer must be told; a codec that needs none of it takes NULL. */
struct kr_codec_write_opts {
	struct kr_codec_org reporter; /* who says it: a must for KR_CODEC_REPORTER */
	struct kr_codec_org sender;   /* who hands it on; without a name: the reporter */
	kr_time written;	      /* now; KR_TIME_NONE: not known. Stands in only for times that
					 the format must have and the event has not */
	bool plain; /* only what the format knows: without "_karaula", see doc/formats.md */
};

/* No reporter, no time, not plain. */
struct kr_codec_write_opts kr_codec_write_opts_default(void);
struct kr_codec {
	const char *name;	/* "shadowserver" */
	const char *media_type; /* "text/csv" */
	const char *doc;	/* one line for help */
	unsigned caps;
	/*
	 * How sure, 0 to 100, that these are its bytes. head: first 4 KiB; name: of the report.
	 */
	int (*sniff)(struct kr_str head, struct kr_str name);
	/* Start reading a report. 0, -KR_EMAPPING (none fits), -KR_EINVAL (options). */
	int (*open)(const struct kr_codec_opts *opts, struct kr_codec_state **ret,
		    struct kr_fault *reterr);
	/*
	 * Read more of the report.
	 *
	 * bytes  any cut of the input; stays until the batch is cleared, so events may hold slices
	 * of it out    events of the records that end in these bytes are added; broken records are
	 * refused there; offsets and lines count from open()
	 *
	 * Returns 0, or an error that refuses the whole report (-KR_EREFUSED, -KR_EMAPPING,
	 * -KR_ELIMIT). The same bytes in the same cuts give the same events: taking again relies on
	 * it.
	 */
	int (*feed)(struct kr_codec_state *s, struct kr_str bytes, struct kr_batch *out,
		    struct kr_fault *reterr);
	/* The input is complete: hand out what is left. */
	int (*finish)(struct kr_codec_state *s, struct kr_batch *out, struct kr_fault *reterr);
	/* Free the state, finished or not. */
	void (*close)(struct kr_codec_state *s);
	/*
	 * Writing: what comes before the first event, each event, what comes after the last. w may
	 * be NULL where kr_codec_can_write() says so; where it says no, nothing is written.
	 */
	void (*begin)(struct kr_buf *b);
	void (*item)(struct kr_buf *b, const struct kr_event *e, bool first,
		     const struct kr_codec_write_opts *w);
	void (*end)(struct kr_buf *b, bool empty);
	/* Fields it cannot carry, NULL-terminated names; anything else must survive writing and
	 * reading. */
	const char *const *unmapped;
};

/* May this codec write with these options? */
bool kr_codec_can_write(const struct kr_codec *c, const struct kr_codec_write_opts *w);
/* All codecs in the order of codecs.def; NULL beyond the last. */
const struct kr_codec *kr_codec_at(size_t i);
const struct kr_codec *kr_codec_find(struct kr_str name);
/*
 * The codec that is surest of these bytes, at least 50.
 *
 * Returns NULL if none is.
 */
const struct kr_codec *kr_codec_sniff(struct kr_str head, struct kr_str name);
