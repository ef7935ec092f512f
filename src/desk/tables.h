/* SPDX-License-Identifier: Apache-2.0 */
/* Data tables of the node's own: CSV files in DIR/data replace the embedded ones of the same name.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"

/*
 * Read rsit.csv, rsit-extra.csv, rsit-spellings.csv and countries.csv of DIR/data, as far as they
 * are there. Once in a process, before anything is looked up.
 *
 * Returns 0; -KR_ESYNTAX, -KR_EINVAL (with file and line); -KR_ELIMIT (over 1 MiB); -KR_EIO;
 * -KR_EEXIST (too late).
 */
KR_MUST_USE int kr_desk_tables_load(int dirfd, struct kr_fault *reterr);
