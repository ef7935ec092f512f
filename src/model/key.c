/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A type asks for groups of fields beyond the common ones; there are few such types, so they are
 * searched in order with the length of the name compared first.
 */
#include "model/key.h"

enum { GROUPS = 8 };

struct key_field {
	enum kr_field field;
	uint8_t group;
	uint8_t when;
};

static const struct key_field key_fields[] = {
#define KEY_FIELD(id, group, when) {KR_F_##id, group, when},
#include "model/keys.def"
#undef KEY_FIELD
};

static const struct {
	struct kr_str type;
	unsigned asks;
} key_types[] = {
#define KEY_TYPE(type, asks, why) {{type, sizeof(type) - 1}, asks},
#include "model/keys.def"
#undef KEY_TYPE
};

/* A field number, a length of at most three bytes (values have at most 2^21 bytes), a value. */
_Static_assert(KR_ARRAY_LEN(key_fields) * (1 + 3 + KR_KEY_VALUE_MAX) <= KR_KEY_BYTES_MAX,
	       "a key has room for all its fields");

static unsigned asks_of(struct kr_str type)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(key_types); i++)
		if (kr_str_eq(key_types[i].type, type))
			return KR_KEY_ALWAYS | key_types[i].asks;
	return KR_KEY_ALWAYS;
}

bool kr_key_has_field(struct kr_str type, enum kr_field f)
{
	unsigned asks = asks_of(type);

	for (size_t i = 0; i < KR_ARRAY_LEN(key_fields); i++)
		if (key_fields[i].field == f && key_fields[i].when & asks)
			return true;
	return false;
}

static uint8_t *put_length(uint8_t *at, size_t n)
{
	for (; n >= 0x80; n >>= 7)
		*at++ = (uint8_t)(n | 0x80);
	*at++ = (uint8_t)n;
	return at;
}

static uint8_t *put_bytes(uint8_t *at, const void *p, size_t n)
{
	at = put_length(at, n);
	if (n > KR_KEY_VALUE_MAX) {
		struct kr_hash digest;

		kr_hash_of(p, n, &digest);
		memcpy(at, digest.b, sizeof(digest.b));
		return at + sizeof(digest.b);
	}
	if (n)
		memcpy(at, p, n);
	return at + n;
}

static uint8_t *put_u64(uint8_t *at, uint64_t v)
{
	*at++ = 8;
	for (int i = 0; i < 8; i++, v >>= 8)
		*at++ = (uint8_t)v;
	return at;
}

static uint8_t *put_value(uint8_t *at, enum kr_field f, const union kr_value *v)
{
	uint64_t bits;
	size_t n;

	switch (kr_field_info(f)->rep) {
	case KR_REP_TEXT: return put_bytes(at, v->text.p, v->text.n);
	case KR_REP_INT: return put_u64(at, (uint64_t)v->i);
	case KR_REP_TIME: return put_u64(at, (uint64_t)v->t);
	case KR_REP_REAL: memcpy(&bits, &v->d, sizeof(bits)); return put_u64(at, bits);
	case KR_REP_IP: break;
	}
	n = kr_ip_bits(&v->ip) / 8;
	*at++ = (uint8_t)(n + 2);
	*at++ = v->ip.family;
	*at++ = v->ip.plen;
	memcpy(at, v->ip.b, n);
	return at + n;
}

size_t kr_event_key_bytes(const struct kr_event *e, uint8_t buf[KR_KEY_BYTES_MAX])
{
	const union kr_value *type = kr_event_get(e, KR_F_CLASS_TYPE);
	unsigned asks = type ? asks_of(type->text) : KR_KEY_ALWAYS;
	bool done[GROUPS] = {false};
	uint8_t *at = buf;

	for (size_t i = 0; i < KR_ARRAY_LEN(key_fields); i++) {
		const struct key_field *k = &key_fields[i];
		const union kr_value *v = kr_event_get(e, k->field);

		if (!v || !(k->when & asks) || (k->group && done[k->group]))
			continue;
		done[k->group] = true;
		*at++ = (uint8_t)k->field;
		at = put_value(at, k->field, v);
	}
	return (size_t)(at - buf);
}

uint64_t kr_event_key(const struct kr_event *e, const struct kr_hash_key *k)
{
	uint8_t buf[KR_KEY_BYTES_MAX];

	return kr_keyed_hash(k, buf, kr_event_key_bytes(e, buf));
}
