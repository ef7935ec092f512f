/* SPDX-License-Identifier: Apache-2.0 */
/* Countries of the region as data (data/countries.csv). */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

/* English name by ISO 3166-1 alpha-2 code, case ignored; p NULL if the table does not have it. */
struct kr_str kr_country_name(struct kr_str code);
/* Code of the i-th row, p NULL beyond the last. */
struct kr_str kr_country_at(size_t i);
/*
 * Use another table than the embedded one: once, at the start, before anything is looked up.
 *
 * csv  content of countries.csv; borrowed during the call
 *
 * Returns 0; -KR_EEXIST (in use already); -KR_ESYNTAX, -KR_EINVAL with file and line.
 */
KR_MUST_USE int kr_countries_load(struct kr_str csv, struct kr_fault *reterr);
