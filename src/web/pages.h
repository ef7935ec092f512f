/* SPDX-License-Identifier: Apache-2.0 */
/* Every page is one handler; routes.c lists them with their addresses. */
#pragma once

#include "http/http.h"

#define KR_WEB_HANDLER(name)                                                                       \
	KR_MUST_USE int kr_web__##name(struct kr_http_request *r, struct kr_http_reply *reply,     \
				       struct kr_fault *reterr)

KR_WEB_HANDLER(overview);
KR_WEB_HANDLER(events);
KR_WEB_HANDLER(events_csv);
KR_WEB_HANDLER(events_json);
KR_WEB_HANDLER(event);
KR_WEB_HANDLER(event_feedback);
KR_WEB_HANDLER(unrouted);
KR_WEB_HANDLER(reports);
KR_WEB_HANDLER(report);
KR_WEB_HANDLER(constituents);
KR_WEB_HANDLER(constituent);
KR_WEB_HANDLER(view);
KR_WEB_HANDLER(view_event);
KR_WEB_HANDLER(deliveries);
KR_WEB_HANDLER(delivery);
KR_WEB_HANDLER(delivery_table);
KR_WEB_HANDLER(delivery_retry);
KR_WEB_HANDLER(delivery_drop);
KR_WEB_HANDLER(recipient);
KR_WEB_HANDLER(recipient_edit);
KR_WEB_HANDLER(recipient_again);
KR_WEB_HANDLER(suppressions);
KR_WEB_HANDLER(suppression_add);
KR_WEB_HANDLER(suppression_remove);
KR_WEB_HANDLER(quarantine);
KR_WEB_HANDLER(intake);
KR_WEB_HANDLER(sources);
KR_WEB_HANDLER(source);
KR_WEB_HANDLER(feedback);
KR_WEB_HANDLER(feedback_post);
KR_WEB_HANDLER(help);
KR_WEB_HANDLER(healthz);
KR_WEB_HANDLER(readyz);
KR_WEB_HANDLER(metrics);
KR_WEB_HANDLER(asset_page);
KR_WEB_HANDLER(login);
KR_WEB_HANDLER(login_post);
KR_WEB_HANDLER(one_time);
KR_WEB_HANDLER(one_time_post);
KR_WEB_HANDLER(logout);
KR_WEB_HANDLER(account);
KR_WEB_HANDLER(account_password);
KR_WEB_HANDLER(account_sessions);
KR_WEB_HANDLER(account_keys);
KR_WEB_HANDLER(account_revoke);
KR_WEB_HANDLER(users);
KR_WEB_HANDLER(users_add);
KR_WEB_HANDLER(user);
KR_WEB_HANDLER(user_edit);
KR_WEB_HANDLER(user_link);
KR_WEB_HANDLER(user_enable);
KR_WEB_HANDLER(user_sessions);

/* Path of a one-time link, before '/' and its token. */
#define KR_WEB_LINK_PAGE "/login/link"
