/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is base64url (RFC 4648 section 5) of 17 bytes (version, recipient, delivery, minute in
 * which it ends) and the first 16 bytes of their HMAC-SHA-256 under a key of the data directory.
 */
#include "desk/feedback.h"

#include "base/hash.h"
#include "gate/gate.h"
#include "store/read.h"

#define VERSION	 1
#define BODY	 17
#define MAC	 16
#define NOTE_MAX 1000

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void sign(const uint8_t key[32], const uint8_t body[BODY], uint8_t mac[KR_HMAC_SIZE])
{
	uint8_t text[16 + BODY] = "karaula answers";

	memcpy(text + 16, body, BODY);
	kr_hmac_sha256(kr_str_n((const char *)key, 32), kr_str_n((const char *)text, sizeof(text)),
		       mac);
}

char *kr_link_write(const uint8_t key[32], const struct kr_link *l, char buf[KR_LINK_TOKEN_MAX])
{
	uint8_t all[BODY + KR_HMAC_SIZE] = {VERSION};
	uint32_t minute = (uint32_t)(l->expires / KR_MINUTE);
	size_t n = 0;

	for (int i = 0; i < 4; i++) {
		all[1 + i] = (uint8_t)(l->recipient >> (24 - 8 * i));
		all[13 + i] = (uint8_t)(minute >> (24 - 8 * i));
	}
	for (int i = 0; i < 8; i++)
		all[5 + i] = (uint8_t)(l->delivery >> (56 - 8 * i));
	sign(key, all, all + BODY);
	static_assert((BODY + MAC) % 3 == 0, "without padding");
	for (size_t i = 0; i < BODY + MAC; i += 3) {
		uint32_t v = (uint32_t)all[i] << 16 | (uint32_t)all[i + 1] << 8 | all[i + 2];

		for (int k = 18; k >= 0; k -= 6)
			buf[n++] = alphabet[v >> k & 63];
	}
	buf[n] = '\0';
	return buf;
}

static bool decode(struct kr_str token, uint8_t ret[BODY + MAC])
{
	if (token.n != (BODY + MAC) / 3 * 4)
		return false;
	for (size_t i = 0; i < token.n; i += 4) {
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			const char *at = token.p[i + k] ? strchr(alphabet, token.p[i + k]) : NULL;

			if (!at)
				return false;
			v = v << 6 | (uint32_t)(at - alphabet);
		}
		for (int k = 0; k < 3; k++)
			ret[i / 4 * 3 + (size_t)k] = (uint8_t)(v >> (16 - 8 * k));
	}
	return true;
}

int kr_link_read(const uint8_t key[32], struct kr_str token, kr_time now, struct kr_link *ret,
		 struct kr_fault *reterr)
{
	uint8_t all[BODY + MAC] = {0}, mac[KR_HMAC_SIZE];
	struct kr_link l = {0};
	uint32_t minute = 0;
	bool whole = decode(token, all);

	sign(key, all, mac);
	if (!kr_secret_equal(mac, all + BODY, MAC) || !whole || all[0] != VERSION) {
		kr_fault_set(reterr, -KR_EDENIED, "this link is not ours, or is not complete");
		kr_fault_remedy(reterr, "open it from the message again, or copy all of it");
		return -KR_EDENIED;
	}
	for (int i = 0; i < 4; i++) {
		l.recipient = l.recipient << 8 | all[1 + i];
		minute = minute << 8 | all[13 + i];
	}
	for (int i = 0; i < 8; i++)
		l.delivery = l.delivery << 8 | all[5 + i];
	l.expires = minute * KR_MINUTE;
	if (now > l.expires) {
		kr_fault_set(reterr, -KR_EUNAVAIL, "this link has ended");
		kr_fault_remedy(reterr, "answer the message by mail");
		return -KR_EUNAVAIL;
	}
	*ret = l;
	return 0;
}

/* Lines of a person as one line; cut between characters. */
static struct kr_str clean_note(struct kr_str s, struct kr_arena *a)
{
	size_t n = kr_utf8_valid(kr_str_first(s, NOTE_MAX));
	char *p = kr_arena_bytes(a, n + 1);

	if (!p)
		return KR_STR_NULL;
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 127 ? ' ' : s.p[i];
	return kr_str_trim(kr_str_n(p, n));
}

int kr_desk_feedback_add(struct kr_store *s, const struct kr_conf *conf, const struct kr_by *by,
			 const struct kr_scope *scope, const struct kr_event_id *event,
			 uint32_t constituent, enum kr_verdict verdict, struct kr_str note,
			 kr_time expires, uint64_t *ret_id, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)4 << 20);
	struct kr_stored_event ev;
	struct kr_source src;
	struct kr_feedback f;
	char id[KR_EVENT_ID_TEXT_MAX];
	bool owns = false;
	int r = kr_store_event_get(s, scope, event, a, &ev, reterr);

	/* The source is ours to know, whatever the one who answers may see. */
	if (!r)
		r = kr_store_event_get(s, &KR_SCOPE_ALL, event, a, &ev, reterr);
	if (r)
		return r;
	for (uint32_t i = 0; i < ev.e->n_owners; i++)
		owns |= ev.e->owners[i].constituent == constituent;
	if (!owns) {
		kr_fault_set(reterr, -KR_EDENIED, "this constituent does not own event %s",
			     kr_store_event_id_text(s, scope, event, id));
		kr_fault_remedy(reterr, "only who owns an event can answer");
		return -KR_EDENIED;
	}
	r = kr_store_source_get(s, ev.source, a, &src, reterr);
	if (r)
		return r;
	if (expires == KR_TIME_NONE && verdict != KR_VERDICT_FIXED)
		expires = kr_store_now(s) + conf->delivery_answer_age;
	f = (struct kr_feedback){
		.source = src.id,
		.constituent = constituent,
		.key = ev.e->key,
		.verdict = verdict,
		.note = clean_note(note, a),
		.event = kr_str_c(kr_event_id_text(event, id)),
		.expires = expires,
	};
	return kr_store_feedback_add(s, by, &f, ret_id, reterr);
}

int kr_desk_feedback_of(struct kr_store *s, const struct kr_scope *scope,
			const struct kr_event_id *event, uint32_t limit, struct kr_arena *a,
			struct kr_feedback **ret, size_t *ret_n, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *work = kr_arena_new((size_t)4 << 20);
	struct kr_feedback_query q = {.limit = limit};
	struct kr_stored_event ev;
	struct kr_source src;
	int r = kr_store_event_get(s, scope, event, work, &ev, reterr);

	/* As above: key and source are ours to know. */
	if (!r)
		r = kr_store_event_get(s, &KR_SCOPE_ALL, event, work, &ev, reterr);
	if (!r)
		r = kr_store_source_get(s, ev.source, work, &src, reterr);
	if (r)
		return r;
	q.source = src.id;
	q.key = ev.e->key;
	return kr_store_feedback_list(s, scope, &q, a, ret, ret_n, reterr);
}

/* ---- links ---- */

int kr_desk_link_open(struct kr_store *s, const struct kr_conf *conf, struct kr_str token,
		      struct kr_str client, struct kr_arena *a, struct kr_desk_mailing *ret,
		      struct kr_fault *reterr)
{
	uint8_t key[32];
	struct kr_link link;
	int r = kr_store_link_key(s, key, reterr);

	*ret = (struct kr_desk_mailing){0};
	if (!r)
		r = kr_link_read(key, token, kr_store_now(s), &link, reterr);
	if (!r)
		r = kr_desk_mailing_of(s, conf, &KR_SCOPE_ALL, link.delivery, a, ret, reterr);
	if (r)
		return r;
	if (ret->to.id != link.recipient || ret->to.removed) {
		kr_fault_set(reterr, -KR_EUNAVAIL, "this link has ended");
		kr_fault_remedy(reterr, "answer the message by mail");
		return -KR_EUNAVAIL;
	}
	ret->viewer.door = KR_DOOR_LINK;
	ret->viewer.address = client;
	ret->scope = kr_gate_scope(&ret->viewer);
	return 0;
}

static int event_cmp(const struct kr_event_id *a, const struct kr_event_id *b)
{
	if (a->class_ != b->class_)
		return a->class_ < b->class_ ? -1 : 1;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (a->part != b->part)
		return a->part < b->part ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static enum kr_verdict verdict_of(const struct kr_desk_answers *x, const struct kr_event_id *id,
				  size_t *used)
{
	for (size_t i = 0; i < x->n; i++)
		if (event_cmp(&x->choices[i].event, id) == 0) {
			++*used;
			return x->choices[i].verdict;
		}
	return x->all;
}

static kr_time end_of(struct kr_store *s, const struct kr_conf *conf, enum kr_verdict v)
{
	return v == KR_VERDICT_FIXED ? KR_TIME_NONE : kr_store_now(s) + conf->delivery_answer_age;
}

int kr_desk_link_answer(struct kr_store *s, const struct kr_conf *conf,
			const struct kr_desk_mailing *m, const struct kr_desk_answers *x,
			uint64_t *ret, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)256 << 20);
	struct kr_feedback *list = kr_arena_calloc(a, m->n, sizeof(*list));
	struct kr_by by = kr_by_viewer(&m->viewer, a);
	struct kr_str note = clean_note(x->note, a);
	char id[KR_EVENT_ID_TEXT_MAX];
	size_t n = 0, used = 0;

	if (!list)
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for the answers");
	for (size_t i = 0; i < m->n; i++) {
		const struct kr_outbox_row *row = &m->rows[i];
		enum kr_verdict v = verdict_of(x, &row->event, &used);

		if (!v)
			continue;
		list[n++] = (struct kr_feedback){
			.source = row->source,
			.key = row->key,
			.constituent = m->to.constituent,
			.verdict = v,
			.note = note,
			.event = kr_arena_dup(a, kr_str_c(kr_event_id_text(&row->event, id))),
			.expires = end_of(s, conf, v),
		};
	}
	if (used < x->n || kr_arena_full(a))
		return kr_fault_set(reterr, -KR_EDENIED, "the message does not hold this event");
	*ret = 0;
	return n ? kr_store_feedback_add_all(s, &by, list, n, ret, reterr) : 0;
}
