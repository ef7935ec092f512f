/* SPDX-License-Identifier: Apache-2.0 */
/* The files that belong to the pages, embedded in the program. Their names hold a hash of their
 * content. */
#pragma once

#include "base/base.h"
#include "base/str.h"

struct kr_web_asset {
	char url[64]; /* "/assets/3f1c...-style.css" */
	char etag[20];
	const char *type;
	struct kr_str bytes;
};

struct kr_web_assets {
	struct kr_web_asset style, icon;
};

void kr_web__assets_init(struct kr_web_assets *a);
/* By the last part of its address; NULL if there is none. */
const struct kr_web_asset *kr_web__asset(const struct kr_web_assets *a, struct kr_str name);
