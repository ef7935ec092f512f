/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "http/http.h"

struct kr_web;

const struct kr_http_route *kr_web__routes(size_t *ret_n);
/* Make the counters of requests. */
void kr_web__metrics_init(struct kr_web *w);
