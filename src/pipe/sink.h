/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink carries one delivery out of the node. It says what is known afterwards and changes nothing
 * in the store: pipe/deliver.c does that. Adding one is a file here and a line in sinks.def.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"
#include "conf/conf.h"
#include "desk/verp.h"
#include "net/net.h"
#include "net/rate.h"
#include "pipe/compose.h"
#include "store/outbox.h"

/* What all workers share. */
struct kr_sink_shared {
	struct kr_net *net;
	struct kr_rate *rate;
	int dirfd; /* of the data directory */
	uint8_t key[KR_VERP_KEY];
};

/* A delivery that is SENDING. Everything is borrowed, and as it is shown to the recipient. */
struct kr_sink_job {
	const struct kr_sink_shared *shared;
	const struct kr_conf *conf;
	const struct kr_delivery *delivery;
	const struct kr_recipient *recipient;
	const struct kr_letter *letter;
	kr_time now;
	struct kr_arena *a;
};

/* What became of it; starts as RETRY. */
struct kr_sink_result {
	enum kr_delivery_state state; /* SENT, RETRY, FAILED or DOUBT */
	kr_time after;		      /* RETRY: not before; KR_TIME_NONE: when the back-off says */
	int health;		      /* change of the recipient's */
	bool unwanted;		      /* the recipient wants no more: it is switched off */
	struct kr_str message_id;
	struct kr_hash hash; /* of the bytes that left */
	uint64_t size;	     /* of them */
};

struct kr_sink {
	const char *name;
	bool json; /* needs letter->json, whatever the recipient's format says */
	/* Is it switched on? */
	bool (*on)(const struct kr_conf *conf);
	/* The worker's own state, e.g. a connection; may be NULL. */
	void *(*open)(const struct kr_sink_shared *shared);
	void (*close)(void *state);
	/* Nothing to do for a while. May be NULL. */
	void (*rest)(void *state);
	/* Microseconds until the next one may be sent; 0: now. May be NULL. */
	int64_t (*wait)(const struct kr_sink_shared *shared, const struct kr_conf *conf);
	/*
	 * Carry it out. Returns 0 (SENT), or -KR_E* with the fault telling the reason; ret says
	 * what to do about it.
	 */
	int (*send)(void *state, const struct kr_sink_job *job, struct kr_sink_result *ret,
		    struct kr_fault *reterr);
};

#define SINK(name, workers) extern const struct kr_sink kr_sink_##name;
#include "pipe/sinks.def"
#undef SINK

/* How much the health of a recipient changes. Three messages that came back for good end it. */
#define KR_HEALTH_SENT	  2
#define KR_HEALTH_REFUSED (-40) /* there is no such address */
#define KR_HEALTH_FULL	  (-20) /* it takes nothing at present, and did not for long */
#define KR_HEALTH_GAVE_UP (-20)
