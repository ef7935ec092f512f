/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The id of an event: day of spooling, retention class, part of that day, row. Staff sees it as it
 * is. To others a row number would tell how much there is that they may not see, so their ids are
 * sealed (base/seal.h) under a key of the directory, the constituent and the set of fields: an id
 * says nothing but which event it is, and is good only for viewers of the same kind.
 */
#include "store/event_id.h"

#include <stdio.h>

#include "base/seal.h"

#define PLAIN  17
#define SEALED (PLAIN + KR_SEAL_TAG)

static_assert(KR_BASE32_LEN(SEALED) < KR_EVENT_ID_TEXT_MAX, "a sealed id fits");

char *kr_event_id_text(const struct kr_event_id *id, char buf[KR_EVENT_ID_TEXT_MAX])
{
	char day[KR_TIME_TEXT_MAX];

	snprintf(buf, KR_EVENT_ID_TEXT_MAX, "%s-%s-%u-%llu", kr_day_text_compact(id->day, day),
		 kr_retention_text(id->class_), id->part, (unsigned long long)id->row);
	return buf;
}

int kr_event_id_parse(struct kr_str s, struct kr_event_id *ret)
{
	struct kr_str day, class_, part;
	struct kr_event_id id;
	uint64_t n;

	if (!kr_str_split(&s, '-', &day) || !kr_str_split(&s, '-', &class_) ||
	    !kr_str_split(&s, '-', &part) || !s.p)
		return -KR_EINVAL;
	if (day.n != 8 || kr_day_parse(day, &id.day) < 0 ||
	    kr_retention_parse(class_, &id.class_) < 0)
		return -KR_EINVAL;
	if (kr_str_u64(part, &n) < 0 || n > UINT32_MAX || kr_str_u64(s, &id.row) < 0 ||
	    id.row > INT64_MAX)
		return -KR_EINVAL;
	id.part = (uint32_t)n;
	*ret = id;
	return 0;
}

/* ---- sealed ---- */

static uint8_t *put(uint8_t *at, uint64_t v, unsigned bytes)
{
	while (bytes--)
		*at++ = (uint8_t)(v >> (bytes * 8));
	return at;
}

static uint64_t get(const uint8_t **at, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *(*at)++;
	return v;
}

void kr_event_id_key(const struct kr_hash_key *key, const struct kr_scope *scope,
		     struct kr_seal_key *ret)
{
	uint8_t kind[5];

	put(put(kind, scope->constituent, 4), (uint64_t)scope->fields, 1);
	kr_seal_key(key, KR_STR("id of an event"), kind, sizeof(kind), ret);
}

static char *seal(const struct kr_seal_key *k, const struct kr_event_id *id,
		  char buf[KR_EVENT_ID_TEXT_MAX])
{
	uint8_t plain[PLAIN], sealed[SEALED], *at = plain;

	at = put(at, (uint64_t)id->class_, 1);
	at = put(at, (uint32_t)id->day, 4);
	at = put(at, id->part, 4);
	put(at, id->row, 8);
	kr_seal(k, plain, sizeof(plain), sealed);
	return kr_base32_text(sealed, sizeof(sealed), buf);
}

char *kr_event_id_for(const struct kr_hash_key *key, const struct kr_scope *scope,
		      const struct kr_event_id *id, char buf[KR_EVENT_ID_TEXT_MAX])
{
	struct kr_seal_key k;

	if (!scope || kr_scope_is_staff(scope))
		return kr_event_id_text(id, buf);
	kr_event_id_key(key, scope, &k);
	return seal(&k, id, buf);
}

int kr_event_id_from(const struct kr_hash_key *key, const struct kr_scope *scope,
		     struct kr_str text, struct kr_event_id *ret)
{
	uint8_t sealed[SEALED], plain[PLAIN];
	const uint8_t *at = plain;
	struct kr_seal_key k;

	if (!scope || kr_scope_is_staff(scope))
		return kr_event_id_parse(text, ret);
	if (kr_base32_parse(text, sealed, sizeof(sealed)))
		return -KR_EINVAL;
	kr_event_id_key(key, scope, &k);
	if (kr_unseal(&k, sealed, sizeof(sealed), plain))
		return -KR_EINVAL;
	ret->class_ = (enum kr_retention)get(&at, 1);
	ret->day = (int32_t)(uint32_t)get(&at, 4);
	ret->part = (uint32_t)get(&at, 4);
	ret->row = get(&at, 8);
	return 0;
}

char *kr_store_event_id_text(const struct kr_store *s, const struct kr_scope *scope,
			     const struct kr_event_id *id, char buf[KR_EVENT_ID_TEXT_MAX])
{
	return kr_event_id_for(kr_store_hash_key(s), scope, id, buf);
}

int kr_store_event_id_parse(const struct kr_store *s, const struct kr_scope *scope,
			    struct kr_str text, struct kr_event_id *ret)
{
	return kr_event_id_from(kr_store_hash_key(s), scope, text, ret);
}

char *kr_stored_event_id(const struct kr_stored_event *ev, char buf[KR_EVENT_ID_TEXT_MAX])
{
	if (ev->seal)
		return seal(ev->seal, &ev->id, buf);
	return kr_event_id_for(ev->store ? kr_store_hash_key(ev->store) : NULL, ev->scope, &ev->id,
			       buf);
}
