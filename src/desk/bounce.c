/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a mail is about a delivery if it came to the address made for it, or names the
 * message's id; both have a check that only this node can make. A wrong check is refused, so that
 * nobody can silence a recipient with invented bounces. Of several recipients in a report the worst
 * counts, since a delivery has one recipient, who may have become several on the way.
 */
#include "desk/bounce.h"

#include "desk/verp.h"

const char *kr_bounce_text(enum kr_bounce b)
{
	static const char *const texts[] = {
		[KR_BOUNCE_FAILED] = "failed",	     [KR_BOUNCE_LATE] = "late",
		[KR_BOUNCE_FINE] = "fine",	     [KR_BOUNCE_REPLY] = "reply",
		[KR_BOUNCE_COMPLAINT] = "complaint", [KR_BOUNCE_UNLINKED] = "unlinked",
		[KR_BOUNCE_KNOWN] = "known",
	};

	return b < KR_ARRAY_LEN(texts) && texts[b] ? texts[b] : "";
}

/* Status codes of RFC 3463: class, subject, detail. */
int kr_bounce_health(const unsigned status[3])
{
	if (status[0] == 4)
		return -20; /* its server did not take it for days */
	if (status[1] == 1)
		return -40; /* no such address */
	if (status[1] == 2 && status[2] == 1)
		return -40; /* the mail box is not used any more */
	if (status[1] == 7 || status[1] == 6)
		return -10; /* they do not like what we send */
	return -20;
}

static const struct kr_dsn_recipient *worst(const struct kr_dsn *d)
{
	static const unsigned rank[] = {[KR_DSN_UNKNOWN] = 1,
					[KR_DSN_FAILED] = 3,
					[KR_DSN_DELAYED] = 2,
					[KR_DSN_DELIVERED] = 0};
	const struct kr_dsn_recipient *found = &d->recipients[0];

	for (size_t i = 1; i < d->n_recipients; i++)
		if (rank[d->recipients[i].action] > rank[found->action])
			found = &d->recipients[i];
	return found;
}

/* 0, -KR_ENOENT or -KR_EDENIED. */
static int find(const uint8_t key[KR_VERP_KEY], const struct kr_dsn *d, struct kr_str to,
		uint64_t *ret)
{
	int err = to.n ? kr_verp_read(key, to, ret) : -KR_ENOENT;
	bool forged = err == -KR_EDENIED;

	for (size_t i = 0; err && i < d->n_to; i++) {
		err = kr_verp_read(key, d->to[i], ret);
		forged |= err == -KR_EDENIED;
	}
	if (err)
		err = kr_verp_read_id(key, d->message_id, ret);
	return err && forged ? -KR_EDENIED : err;
}

static enum kr_bounce what_of(const struct kr_dsn *d)
{
	if (d->kind == KR_DSN_REPLY)
		return KR_BOUNCE_REPLY;
	if (d->kind == KR_DSN_COMPLAINT)
		return KR_BOUNCE_COMPLAINT;
	if (d->kind != KR_DSN_REPORT)
		return KR_BOUNCE_UNLINKED;
	switch (worst(d)->action) {
	case KR_DSN_FAILED: return KR_BOUNCE_FAILED;
	case KR_DSN_DELAYED: return KR_BOUNCE_LATE;
	case KR_DSN_DELIVERED: return KR_BOUNCE_FINE;
	default: return KR_BOUNCE_UNLINKED;
	}
}

static int act(struct kr_store *s, const struct kr_by *by, const struct kr_dsn *d,
	       struct kr_arena *a, struct kr_bounced *b, struct kr_fault *reterr)
{
	const struct kr_dsn_recipient *r = worst(d);
	bool failed = b->what == KR_BOUNCE_FAILED;
	struct kr_delivery delivery;
	kr_time now = kr_store_now(s);
	int err = kr_store_delivery_get(s, &KR_SCOPE_ALL, b->delivery, a, &delivery, reterr);

	if (err)
		return err;
	b->recipient = delivery.recipient;
	b->reason = kr_arena_printf(a, "%s: %u.%u.%u %.*s", failed ? "came back" : "is late",
				    r->status[0], r->status[1], r->status[2],
				    KR_STR_ARG(r->diagnostic));
	err = kr_store_delivery_bounced(s, by, b->delivery, failed, now, b->reason, reterr);
	if (err == 1)
		b->what = KR_BOUNCE_KNOWN;
	if (err || !failed)
		return err < 0 ? err : 0;
	b->health = kr_bounce_health(r->status);
	return kr_store_recipient_health(s, b->recipient, b->health, now, reterr);
}

int kr_desk_bounce(struct kr_store *s, const struct kr_by *by, const struct kr_dsn *d,
		   struct kr_str to, struct kr_arena *a, struct kr_bounced *ret,
		   struct kr_fault *reterr)
{
	uint8_t key[KR_VERP_KEY];
	struct kr_bounced b = {.what = what_of(d), .reason = d->subject};
	int err = kr_store_link_key(s, key, reterr);

	if (err)
		return err;
	err = find(key, d, to, &b.delivery);
	if (err == -KR_EDENIED) {
		kr_fault_set(reterr, err,
			     "the mail claims to be about a delivery, but its check is wrong");
		kr_fault_remedy(reterr, "it is forged, or about a message of another node: nothing "
					"was changed");
		return err;
	}
	if (err)
		b.what = b.what == KR_BOUNCE_REPLY || b.what == KR_BOUNCE_COMPLAINT
				 ? b.what
				 : KR_BOUNCE_UNLINKED;
	err = 0;
	if (b.what == KR_BOUNCE_FAILED || b.what == KR_BOUNCE_LATE)
		err = act(s, by, d, a, &b, reterr);
	if (!err)
		*ret = b;
	return err;
}
