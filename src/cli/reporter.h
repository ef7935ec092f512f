/* SPDX-License-Identifier: Apache-2.0 */
/* Who reports, for formats that must say so. */
#pragma once

#include "cli/cli.h"
#include "codec/codec.h"

/*
 * The reporter of what is written: option --reporter 'NAME <ADDRESS>', else [reporter] of the
 * configuration in -C DIR, KARAULA_DIR or the current directory.
 *
 * ret  texts live in c->arena
 *
 * Returns 0; -KR_EUSAGE (none is named, or not in that form); -KR_ECONF.
 */
KR_MUST_USE int kr_cli_reporter(struct kr_cli *c, struct kr_codec_org *ret);
