/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages of accounts share. */
#pragma once

#include "store/account.h"
#include "web/page.h"

/* action: where the button of a row posts the number of its session to */
void kr_web__session_table(struct kr_page *p, const struct kr_session *list, size_t n,
			   struct kr_str action);
/* A box with something that is shown once. */
void kr_web__secret(struct kr_page *p, const char *title, const char *text, struct kr_str secret);
/* Are the fields "password" and "again" the same? -KR_EINVAL. */
KR_MUST_USE int kr_web__same_twice(struct kr_page *p, struct kr_fault *reterr);
