/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REST under /api/v1, for programs (doc/api.md): one table of routes, from which come the mount,
 * authorisation, the checks of what is sent, and the description at /api/openapi.json.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "desk/account.h"
#include "http/http.h"
#include "pipe/pipe.h"
#include "store/store.h"

struct kr_rest;

#define KR_REST_TOPIC "api" /* for kr_http_wake(): reports came, or were taken */

/* Limits; 0 takes the default. */
struct kr_rest_limits {
	size_t body_max;      /* 1 MiB: of a JSON body */
	unsigned depth_max;   /* 16: nesting of a JSON body */
	uint64_t scan_max;    /* 500,000: rows an expression may look at for one page */
	uint32_t groups_max;  /* 1,000,000: distinct values that one count may sort by */
	uint64_t input_max;   /* 16 GiB: of a report, unpacked */
	uint64_t ratio_max;   /* 1000: how much a packed report may grow */
	unsigned uploads_max; /* 16: reports that arrive at a time */
	int64_t query_us;     /* 20 s: how long one question may take */
	unsigned expression_depth, expression_nodes; /* 64, 1000 */
};

struct kr_rest_opts {
	struct kr_store *store; /* open; outlives it, as the pipe does */
	struct kr_pipe *pipe;
	struct kr_accounts *accounts; /* NULL: keys and users are not served */
	/* The settings as they are now, given back with kr_conf_unref(). */
	const struct kr_conf *(*conf)(void *ctx);
	struct kr_rest_limits limits;
	/* A report was kept: whoever takes reports is to look. From any thread; may be NULL. */
	void (*kept)(void *ctx);
	void *ctx;
};

struct kr_rest *kr_rest_new(const struct kr_rest_opts *o);
/* Only once the server that has its mount was stopped. NULL is fine. */
void kr_rest_free(struct kr_rest *rest);
KR_AUTO_DEFINE(kr_rest)
/*
 * Its routes for kr_http_start(). r->user of a request is a const struct kr_viewer, set by the
 * authenticate hook.
 */
struct kr_http_mount kr_rest_mount(struct kr_rest *rest);

/* The description of the API, OpenAPI 3.1 as JSON. */
void kr_rest_openapi(struct kr_buf *b);
/* The list of routes of doc/api.md, as Markdown. */
void kr_rest_docs(struct kr_buf *b);
