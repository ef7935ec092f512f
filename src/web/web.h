/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages: rendered here, without JavaScript, from what the store answers. Read-only until
 * accounts exist. doc/page.md lists them.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/metrics.h"
#include "http/http.h"
#include "model/label.h"
#include "store/store.h"

struct kr_web_opts {
	struct kr_store *store;	      /* open; outlives the pages */
	const char *listen;	      /* "127.0.0.1:8440"; port 0: any that is free */
	unsigned threads;	      /* 0: 2 */
	struct kr_http_limits limits; /* 0 in each: its default */
	const char *node_name;	      /* shown on top; NULL: "karaula" */
	const char *lang; /* where the browser asks for no language there is; NULL: "en" */
	/* Who must be named for the tables in use, one line each, plain text; shown on every page.
	 */
	const char *const *attribution;
	size_t n_attribution;
	/* PAP assumed where a source has none: under TLP CLEAR or GREEN, and else. NONE: GREEN and
	 * AMBER. */
	enum kr_pap pap_open, pap_default;
	struct kr_metrics *
		metrics; /* shown at /metrics, where requests are counted too; outlives the pages */
	uint64_t scan_max;   /* rows an expression may look at for one page; 0: 500,000 */
	uint32_t export_max; /* rows of one download; 0: 100,000 */
	/*
	 * Can the node do its work? For /readyz, called from any thread; may be NULL. Returns 0, or
	 * -KR_E* with the fault filled.
	 */
	int (*ready)(void *ctx, struct kr_fault *reterr);
	void *ready_ctx;
};

struct kr_web;

/*
 * Begin to serve. Everything in o is copied but the store.
 *
 * Returns 0, or what kr_http_start() returns.
 */
KR_MUST_USE int kr_web_start(const struct kr_web_opts *o, struct kr_web **ret,
			     struct kr_fault *reterr);
/* Let running requests end, then stop and free. NULL is fine. Call it before the store is closed.
 */
void kr_web_stop(struct kr_web *w);
uint16_t kr_web_port(const struct kr_web *w);
/* "http://127.0.0.1:8440/" */
const char *kr_web_url(const struct kr_web *w);
