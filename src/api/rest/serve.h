/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: what comes before an operation. */
#pragma once

#include "api/rest/call.h"

/*
 * Fill a call: who asks, may he, what does he accept, are the parameters right? For serve() and for
 * the body of an upload, which comes before its handler.
 *
 * p  NULL before there is a reply
 *
 * Returns 0; -KR_E* with the fault, and c->status where it is not that of the code.
 */
KR_MUST_USE int kr_rest__prepare(struct kr_rest_call *c, struct kr_http_request *r,
				 struct kr_http_reply *p, struct kr_fault *f);
