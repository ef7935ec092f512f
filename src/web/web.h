/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages: rendered here, without JavaScript, from what the store answers to the viewer's scope.
 * doc/page.md lists them.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/metrics.h"
#include "conf/conf.h"
#include "desk/account.h"
#include "http/http.h"
#include "model/label.h"
#include "store/store.h"

struct kr_web_opts {
	struct kr_store *store;	      /* open; outlives the pages */
	struct kr_accounts *accounts; /* who may log in; outlives the pages */
	const char
		*public_url;   /* "https://node.example.org" for links that leave; NULL: as asked */
	const char *node_name; /* shown on top; NULL: "karaula" */
	const char *lang;      /* where the browser asks for no language there is; NULL: "en" */
	/* Who must be named for the tables in use, one line each, plain text; shown on every page.
	 */
	const char *const *attribution;
	size_t n_attribution;
	/* PAP assumed where a source has none: under TLP CLEAR or GREEN, and else. NONE: GREEN and
	 * AMBER. */
	enum kr_pap pap_open, pap_default;
	struct kr_metrics *
		metrics; /* shown at /metrics, where requests are counted too; outlives the pages */
	int64_t query_us;    /* how long one question to the store may take; 0: 20 s */
	uint64_t scan_max;   /* rows an expression may look at for one page; 0: 500,000 */
	uint32_t export_max; /* rows of one download; 0: 100,000 */
	/*
	 * Can the node do its work? For /readyz, called from any thread; may be NULL. Returns 0, or
	 * -KR_E* with the fault filled.
	 */
	int (*ready)(void *ctx, struct kr_fault *reterr);
	void *ready_ctx;
	/*
	 * The settings as they are now, a reference of the caller's; for answers by link. NULL:
	 * links are refused.
	 */
	const struct kr_conf *(*conf)(void *ctx);
	void *conf_ctx;
};

struct kr_web;

/*
 * The token of the session that a request carries; p NULL if it has none. For the authenticate hook
 * of the server, which sets r->user to a struct kr_viewer for all pages.
 */
struct kr_str kr_web_session_token(const struct kr_http_request *r);
/* Make the pages; everything in o is copied but the store. Never NULL; freed by kr_web_free(). */
struct kr_web *kr_web_new(const struct kr_web_opts *o);
/* What kr_http_start() takes: the routes of all pages, and the page of an error. */
struct kr_http_mount kr_web_mount(struct kr_web *w);
/* For kr_http_opts.done, with the pages as ctx: counts requests for /metrics. */
void kr_web_count_request(void *web, const struct kr_http_route *route, unsigned status,
			  int64_t us);
/* After the server has stopped, before the store is closed. NULL is fine. */
void kr_web_free(struct kr_web *w);
