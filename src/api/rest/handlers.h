/* SPDX-License-Identifier: Apache-2.0 */
/* Every operation is one handler; routes.def names them. Inside of the room. */
#pragma once

#include "api/rest/table.h"

#define KR_REST_HANDLER(name)                                                                      \
	KR_MUST_USE int kr_rest__##name(struct kr_rest_call *c, struct kr_fault *reterr)

KR_REST_HANDLER(openapi_get);
KR_REST_HANDLER(me_get);
KR_REST_HANDLER(event_list);
KR_REST_HANDLER(event_count);
KR_REST_HANDLER(event_get);
KR_REST_HANDLER(counters_get);
KR_REST_HANDLER(report_list);
KR_REST_HANDLER(report_take);
KR_REST_HANDLER(report_get);
KR_REST_HANDLER(report_refused);
KR_REST_HANDLER(report_raw);
KR_REST_HANDLER(source_list);
KR_REST_HANDLER(source_add);
KR_REST_HANDLER(source_get);
KR_REST_HANDLER(source_state);
KR_REST_HANDLER(source_edit);
KR_REST_HANDLER(source_remove);
KR_REST_HANDLER(constituent_list);
KR_REST_HANDLER(constituent_get);
KR_REST_HANDLER(register_put);
KR_REST_HANDLER(recipient_list);
KR_REST_HANDLER(recipient_add);
KR_REST_HANDLER(recipient_get);
KR_REST_HANDLER(recipient_edit);
KR_REST_HANDLER(recipient_remove);
KR_REST_HANDLER(delivery_list);
KR_REST_HANDLER(delivery_get);
KR_REST_HANDLER(delivery_retry);
KR_REST_HANDLER(delivery_drop);
KR_REST_HANDLER(pull_get);
KR_REST_HANDLER(suppression_list);
KR_REST_HANDLER(suppression_add);
KR_REST_HANDLER(suppression_remove);
KR_REST_HANDLER(feedback_list);
KR_REST_HANDLER(feedback_add);
KR_REST_HANDLER(feedback_revoke);
KR_REST_HANDLER(key_list);
KR_REST_HANDLER(key_add);
KR_REST_HANDLER(key_revoke);
KR_REST_HANDLER(user_list);
KR_REST_HANDLER(user_get);
KR_REST_HANDLER(stream_get);

/* The body of takeReport as it arrives. */
int kr_rest__upload_begin(struct kr_http_request *r, struct kr_fault *reterr);
int kr_rest__upload_data(struct kr_http_request *r, struct kr_str bytes, struct kr_fault *reterr);
void kr_rest__upload_free(struct kr_http_request *r);
/* The call whose body is arriving, for its error; NULL if there is none. */
const struct kr_rest_call *kr_rest__upload_call(const struct kr_http_request *r);
