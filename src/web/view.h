/* SPDX-License-Identifier: Apache-2.0 */
/* Pages as a constituent sees them. */
#pragma once

#include "web/page.h"

/* Says so on top of the page. */
void kr_web__view_banner(struct kr_page *p);
