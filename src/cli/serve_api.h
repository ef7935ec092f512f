/* SPDX-License-Identifier: Apache-2.0 */
/* The API of `karaula serve`, and the thread that takes what it was handed. Private to cli. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "cli/node.h"
#include "conf/conf.h"
#include "http/http.h"

struct kr_serve_api;

/* n  outlives it; c is read during the call */
struct kr_serve_api *kr_serve_api_new(struct kr_node *n, const struct kr_conf *c);
struct kr_http_mount kr_serve_api_mount(struct kr_serve_api *a);
/* Once the server listens: reports that a crash or a stop left unfinished are taken first. */
KR_MUST_USE int kr_serve_api_start(struct kr_serve_api *a, struct kr_http *http,
				   struct kr_fault *reterr);
/* Taking is to stop soon: before the server stops. NULL is fine. */
void kr_serve_api_cancel(struct kr_serve_api *a);
/*
 * After the server was stopped: end taking, and free. NULL is fine.
 *
 * Returns false if taking did not end in time: nothing is freed, the process must end.
 */
bool kr_serve_api_stop(struct kr_serve_api *a, int timeout_ms);
