/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of data/, as bytes of the binary. A data directory may hold files of the same names,
 * which are read by whoever opens it and handed to the loaders (kr_taxonomy_load,
 * kr_countries_load).
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

enum kr_data {
#define D(id, name) KR_DATA_##id,
#include "model/data.def"
#undef D
	KR_DATA_MAX,
};

/* The embedded bytes; a NUL follows them. */
struct kr_str kr_data(enum kr_data d);
/* File name, e.g. "rsit.csv". */
const char *kr_data_name(enum kr_data d);
