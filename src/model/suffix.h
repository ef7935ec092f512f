/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public suffixes and registrable domains, by the Public Suffix List that libpsl has compiled in:
 * nothing is parsed, nothing is opened. Both parts of the list count (ICANN and private), and a
 * top-level domain that the list does not know is a suffix.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

/*
 * The public suffix of a name.
 *
 * fqdn  as KR_K_FQDN has it: ASCII, lower-case, no dot at the end
 *
 * Returns a slice of fqdn ("co.uk" of "www.example.co.uk"; the name itself if it is a suffix); p
 * NULL if libpsl has no list or the name is empty or over 253 bytes. Any thread.
 */
struct kr_str kr_public_suffix(struct kr_str fqdn);
/* The suffix and one label more ("example.co.uk"); p NULL if the name is a suffix itself. */
struct kr_str kr_registrable_domain(struct kr_str fqdn);
