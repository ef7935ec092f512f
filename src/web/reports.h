/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "web/page.h"

/* The state as a tag. */
void kr_web__state(struct kr_page *p, enum kr_report_state s);
/* Reports as a table. */
void kr_web__report_table(struct kr_page *p, const char *caption, const struct kr_report *list,
			  size_t n);
/* Reports with the reason why they were not taken. */
void kr_web__report_reasons(struct kr_page *p, const char *caption, const struct kr_report *list,
			    size_t n);
/* What to do about a report in quarantine or refused; "" for others. */
const char *kr_web__report_remedy(struct kr_page *p, const struct kr_report *r);
