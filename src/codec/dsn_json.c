/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "codec/dsn.h"

void kr_dsn_write_json(const struct kr_dsn *d, struct kr_buf *b)
{
	struct kr_json_out o = KR_JSON_OUT(b);

	kr_json_object(&o);
	kr_json_kint(&o, "kind", d->kind);
	kr_json_key(&o, KR_STR("to"));
	kr_json_array(&o);
	for (size_t i = 0; i < d->n_to; i++)
		kr_json_str(&o, d->to[i]);
	kr_json_array_end(&o);
	kr_json_kstr(&o, "message_id", d->message_id);
	kr_json_kstr(&o, "subject", d->subject);
	kr_json_key(&o, KR_STR("recipients"));
	kr_json_array(&o);
	for (size_t i = 0; i < d->n_recipients; i++) {
		const struct kr_dsn_recipient *r = &d->recipients[i];

		kr_json_object(&o);
		kr_json_kint(&o, "action", r->action);
		kr_json_kint(&o, "status",
			     r->status[0] * 1000000 + r->status[1] * 1000 + r->status[2]);
		kr_json_kstr(&o, "address", r->address);
		kr_json_kstr(&o, "diagnostic", r->diagnostic);
		kr_json_object_end(&o);
	}
	kr_json_array_end(&o);
	kr_json_object_end(&o);
}

static int number(const struct kr_json_token *t, int64_t max, int64_t *ret)
{
	int64_t v;

	if (kr_json_i64(t, &v) || v < 0 || v > max)
		return -KR_EINVAL;
	*ret = v;
	return 0;
}

static int read_recipient(struct kr_json *j, struct kr_dsn_recipient *r)
{
	struct kr_json_token t;
	int64_t v = 0;
	int err;

	while (!(err = kr_json_next(j, &t)) && t.type != KR_JSON_OBJECT_END) {
		if (kr_str_eqc(t.key, "action")) {
			err = number(&t, KR_DSN_DELIVERED, &v);
			r->action = (enum kr_dsn_action)v;
		} else if (kr_str_eqc(t.key, "status")) {
			err = number(&t, 999999999, &v);
			r->status[0] = (unsigned)(v / 1000000);
			r->status[1] = (unsigned)(v / 1000 % 1000);
			r->status[2] = (unsigned)(v % 1000);
		} else if (t.type != KR_JSON_STRING) {
			err = -KR_EINVAL;
		} else if (kr_str_eqc(t.key, "address")) {
			r->address = t.text;
		} else if (kr_str_eqc(t.key, "diagnostic")) {
			r->diagnostic = t.text;
		}
		if (err)
			return err;
	}
	return err;
}

static int read_list(struct kr_json *j, struct kr_dsn *d, bool to)
{
	struct kr_json_token t;
	int err;

	while (!(err = kr_json_next(j, &t)) && t.type != KR_JSON_ARRAY_END) {
		if (to && t.type == KR_JSON_STRING && d->n_to < KR_DSN_ADDRESSES_MAX)
			d->to[d->n_to++] = t.text;
		else if (!to && t.type == KR_JSON_OBJECT && d->n_recipients < KR_DSN_RECIPIENTS_MAX)
			err = read_recipient(j, &d->recipients[d->n_recipients++]);
		else
			err = -KR_EINVAL;
		if (err)
			return err;
	}
	return err;
}

static int read_member(struct kr_json *j, const struct kr_json_token *t, struct kr_dsn *d)
{
	int64_t v = 0;
	int err = -KR_EINVAL;

	if (kr_str_eqc(t->key, "kind")) {
		err = number(t, KR_DSN_COMPLAINT, &v);
		d->kind = (enum kr_dsn_kind)v;
	} else if (t->type == KR_JSON_ARRAY) {
		err = read_list(j, d, kr_str_eqc(t->key, "to"));
	} else if (t->type == KR_JSON_STRING) {
		err = 0;
		if (kr_str_eqc(t->key, "message_id"))
			d->message_id = t->text;
		else if (kr_str_eqc(t->key, "subject"))
			d->subject = t->text;
	}
	return err;
}

int kr_dsn_read_json(struct kr_str json, struct kr_arena *a, struct kr_dsn *ret,
		     struct kr_fault *reterr)
{
	struct kr_dsn d = {0};
	struct kr_json_token t;
	struct kr_json j;
	int err;

	kr_json_init(&j, json, a, 8, KR_JSON_UNIQUE_KEYS, reterr);
	err = kr_json_next(&j, &t);
	if (!err && t.type != KR_JSON_OBJECT)
		err = -KR_EINVAL;
	while (!err && !(err = kr_json_next(&j, &t)) && t.type != KR_JSON_OBJECT_END)
		err = read_member(&j, &t, &d);
	if (!err)
		err = kr_json_next(&j, &t);
	if (err)
		return kr_fault_set(reterr, -KR_ESYNTAX,
				    "what was read of a mail is not as agreed");
	*ret = d;
	return 0;
}
