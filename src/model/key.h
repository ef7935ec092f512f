/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The aggregation key of an event (doc/aggregation.md): a keyed hash over the bytes of the fields
 * that make its identity. The fields are in keys.def.
 *
 * The bytes, fixed for ever since rows are found by them: for each field of the key that is
 * present, in the order of keys.def,
 *
 *     1 byte    number of the field (fields.def)
 *     LEB128    length of the value in bytes
 *     value     if it is longer than KR_KEY_VALUE_MAX: its BLAKE2b-256 instead, 32 bytes
 *
 * where a value is: TEXT its UTF-8 bytes; INT, TIME 8 bytes, REAL 8 bytes of IEEE 754, all little
 * endian; IP family (4 or 6), prefix length, and 4 or 16 bytes in network order. No two keys that
 * differ have the same bytes, up to collisions of BLAKE2b.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/hash.h"
#include "model/event.h"

/* When a field is part of the key: always, or for types that ask for it. */
enum kr_key_when {
	KR_KEY_ALWAYS = 1,
	KR_KEY_SERVICE = 2, /* the source is the service: its port tells services apart */
	KR_KEY_URL = 4,	    /* the evidence is a URL */
};

#define KR_KEY_VALUE_MAX 128
#define KR_KEY_BYTES_MAX 2048

/* Write the bytes that are hashed; returns their number, at most KR_KEY_BYTES_MAX. */
size_t kr_event_key_bytes(const struct kr_event *e, uint8_t buf[KR_KEY_BYTES_MAX]);
/* SipHash-2-4 of these bytes. Costs no allocation. */
uint64_t kr_event_key(const struct kr_event *e, const struct kr_hash_key *k);
/* Is the field part of the key of events of this type (where the fields before it in its group are
 * absent)? */
bool kr_key_has_field(struct kr_str type, enum kr_field f);
