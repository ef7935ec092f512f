/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: parameters and members of a body are read by their row in the tables, so what is
 * documented is what is accepted. A body is read in one pass over its tokens, without a tree;
 * objects and arrays within it stay slices of JSON.
 */
#include "api/rest/call.h"

#include <stdlib.h>

#define SHOWN ((size_t)60) /* bytes of a wrong value in a message */

/* What a value is held against: parameters and members have the same. */
struct rule {
	enum kr_rest_type type;
	int64_t least, most;
	const char *words;
};

/* ---- words ---- */

/* Index of a word in "a b c", -1 if it is not there. ASCII case counts. */
static int word_find(const char *words, struct kr_str s)
{
	struct kr_str rest = kr_str_c(words), word;

	for (int i = 0; kr_str_split(&rest, ' ', &word); i++)
		if (kr_str_eq(word, s))
			return i;
	return -1;
}

static int read_bool(struct kr_str s, bool *ret)
{
	static const char *const yes[] = {"yes", "true", "1"}, *const no[] = {"no", "false", "0"};

	for (size_t i = 0; i < KR_ARRAY_LEN(yes); i++)
		if (kr_str_eqc(s, yes[i]) || kr_str_eqc(s, no[i])) {
			*ret = kr_str_eqc(s, yes[i]);
			return 0;
		}
	return -KR_EINVAL;
}

/* What the rule accepts, for people. */
static int expected(const struct rule *m, struct kr_fault *f)
{
	switch (m->type) {
	case KR_REST_TEXT:
		kr_fault_remedy(f, "%s%lld to %lld bytes", m->least ? "" : "a text of ",
				(long long)m->least, (long long)m->most);
		break;
	case KR_REST_INT:
		if (m->most == INT64_MAX)
			kr_fault_remedy(f, "a whole number from %lld on", (long long)m->least);
		else
			kr_fault_remedy(f, "a whole number from %lld to %lld", (long long)m->least,
					(long long)m->most);
		break;
	case KR_REST_BOOL: kr_fault_remedy(f, "true or false"); break;
	case KR_REST_TIME: kr_fault_remedy(f, "a time, e.g. 2026-11-20T06:00:00Z"); break;
	case KR_REST_DAY: kr_fault_remedy(f, "a day, e.g. 2026-11-20"); break;
	case KR_REST_ENUM: kr_fault_remedy(f, "one of: %s", m->words); break;
	case KR_REST_REF: kr_fault_remedy(f, "an object {...}"); break;
	case KR_REST_LIST:
	case KR_REST_TEXTS: kr_fault_remedy(f, "an array [...]"); break;
	case KR_REST_ANY: break;
	}
	return -KR_EINVAL;
}

/* A value that is text in its door. Returns 0 or -KR_EINVAL. */
static int read_text(const struct rule *m, struct kr_str s, struct kr_rest_value *v)
{
	int32_t day;
	int err = 0;

	v->text = s;
	switch (m->type) {
	case KR_REST_TEXT:
		if ((int64_t)s.n < m->least || (int64_t)s.n > m->most || memchr(s.p, 0, s.n))
			err = -KR_EINVAL;
		break;
	case KR_REST_TIME: err = kr_time_parse(s, &v->i); break;
	case KR_REST_DAY:
		err = kr_day_parse(s, &day);
		v->i = err ? 0 : day;
		break;
	case KR_REST_ENUM:
		v->i = word_find(m->words, s);
		err = v->i < 0 ? -KR_EINVAL : 0;
		break;
	default: err = -KR_EINVAL;
	}
	return err;
}

/* ---- parameters ---- */

static int read_param(const struct kr_rest_param *p, struct kr_str s, struct kr_rest_value *v)
{
	const struct rule m = {p->type, p->least, p->most, p->words};
	int err;

	v->set = true;
	if (p->type == KR_REST_BOOL)
		return read_bool(s, &v->b);
	if (p->type != KR_REST_INT)
		return read_text(&m, s, v);
	err = kr_str_i64(s, &v->i);
	return err || v->i < p->least || v->i > p->most ? -KR_EINVAL : 0;
}

static int wrong_param(struct kr_rest_call *c, struct kr_str name, const char *what,
		       struct kr_fault *f)
{
	c->parameter = kr_str_first(name, 200);
	return kr_fault_set(f, -KR_EINVAL, "the parameter '%.*s' %s",
			    KR_STR_ARG(kr_str_first(name, SHOWN)), what);
}

static void names_of(const struct kr_rest_param *p, struct kr_fault *f)
{
	KR_AUTO_BUF b = KR_BUF(190);

	for (; p->name; p++)
		if (p->in == KR_REST_QUERY) {
			kr_buf_c(&b, b.n ? ", " : "");
			kr_buf_c(&b, p->name);
		}
	kr_fault_remedy(f, b.n ? "parameters are: %s" : "there are none", kr_buf_cstr(&b));
}

static int read_query(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_rest_param *params = c->route->params;

	for (size_t i = 0; i < c->r->n_query; i++) {
		struct kr_str name = c->r->query[i].name;
		size_t k = 0;

		while (params[k].name &&
		       (params[k].in != KR_REST_QUERY || !kr_str_eqc(name, params[k].name)))
			k++;
		if (!params[k].name) {
			wrong_param(c, name, "is not known here", f);
			names_of(params, f);
			return -KR_EINVAL;
		}
		if (c->param[k].set)
			return wrong_param(c, name, "is there twice", f);
		if (read_param(&params[k], c->r->query[i].value, &c->param[k])) {
			const struct rule m = {params[k].type, params[k].least, params[k].most,
					       params[k].words};

			wrong_param(c, name, "has a wrong value", f);
			return expected(&m, f);
		}
	}
	return 0;
}

int kr_rest__params_read(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_rest_param *p = c->route->params;
	int err = 0;

	for (size_t i = 0; p[i].name && !err; i++)
		if (p[i].in == KR_REST_PATH &&
		    read_param(&p[i], kr_http_param(c->r, p[i].name), &c->param[i]))
			err = kr_fault_set(f, -KR_ENOENT, "there is nothing at this path");
	if (!err)
		err = read_query(c, f);
	for (size_t i = 0; p[i].name && !err; i++) {
		if (c->param[i].set)
			continue;
		if (p[i].flags & KR_REST_REQUIRED)
			err = wrong_param(c, kr_str_c(p[i].name), "is missing", f);
		else if (p[i].preset)
			err = read_param(&p[i], kr_str_c(p[i].preset), &c->param[i]);
	}
	return err;
}

const struct kr_rest_value *kr_rest__param(const struct kr_rest_call *c, const char *name)
{
	size_t i = 0;

	while (c->route->params[i].name && strcmp(c->route->params[i].name, name) != 0)
		i++;
	assert(c->route->params[i].name);
	return &c->param[i];
}

/* ---- bodies ---- */

static struct kr_str pointer_to(struct kr_arena *a, struct kr_str name)
{
	KR_AUTO_BUF b = KR_BUF(400);

	kr_buf_ch(&b, '/');
	for (size_t i = 0; i < KR_MIN(name.n, SHOWN); i++) {
		if (name.p[i] == '~' || name.p[i] == '/')
			kr_buf_c(&b, name.p[i] == '~' ? "~0" : "~1");
		else
			kr_buf_ch(&b, name.p[i]);
	}
	return kr_arena_dup(a, kr_buf_str(&b));
}

static int wrong_member(struct kr_str name, const char *what, struct kr_arena *a,
			struct kr_str *ret_pointer, struct kr_fault *f)
{
	size_t n = kr_utf8_valid(kr_str_first(name, SHOWN));

	name = kr_str_first(name, n);
	*ret_pointer = pointer_to(a, name);
	return kr_fault_set(f, -KR_EREFUSED, "the member '%.*s' %s", KR_STR_ARG(name), what);
}

static void members_of(const struct kr_rest_schema *schema, struct kr_fault *f)
{
	KR_AUTO_BUF b = KR_BUF(190);

	for (const struct kr_rest_member *m = schema->members; m->name; m++) {
		if (m->flags & KR_REST_READ)
			continue;
		kr_buf_c(&b, b.n ? ", " : "");
		kr_buf_c(&b, m->name);
	}
	kr_fault_remedy(f, "members are: %s", kr_buf_cstr(&b));
}

/* Returns 0; -KR_EINVAL (not what the member wants). t->raw is the whole value. */
static int read_member(const struct kr_rest_member *m, const struct kr_json_token *t,
		       struct kr_rest_value *v)
{
	const struct rule rule = {m->type, m->least, m->most, m->words};
	bool object = t->raw.n && t->raw.p[0] == '{', array = t->raw.n && t->raw.p[0] == '[';

	v->set = true;
	v->text = t->raw;
	if (t->type == KR_JSON_NULL) {
		v->null = true;
		v->text = KR_STR("");
		return m->flags & KR_REST_NULL ? 0 : -KR_EINVAL;
	}
	switch (m->type) {
	case KR_REST_ANY: return 0;
	case KR_REST_REF: return object ? 0 : -KR_EINVAL;
	case KR_REST_LIST:
	case KR_REST_TEXTS: return array ? 0 : -KR_EINVAL;
	case KR_REST_BOOL:
		v->b = t->type == KR_JSON_TRUE;
		return v->b || t->type == KR_JSON_FALSE ? 0 : -KR_EINVAL;
	case KR_REST_INT:
		if (kr_json_i64(t, &v->i) || v->i < m->least || v->i > m->most)
			return -KR_EINVAL;
		return 0;
	default: return t->type == KR_JSON_STRING ? read_text(&rule, t->text, v) : -KR_EINVAL;
	}
}

static const struct kr_rest_member *member_find(const struct kr_rest_schema *schema,
						struct kr_str name)
{
	for (const struct kr_rest_member *m = schema->members; m->name; m++)
		if (kr_str_eqc(name, m->name) && !(m->flags & KR_REST_READ))
			return m;
	return NULL;
}

static int read_members(const struct kr_rest_schema *schema, struct kr_json *j, struct kr_arena *a,
			struct kr_rest_value *ret, struct kr_str *ret_pointer, struct kr_fault *f)
{
	for (;;) {
		const struct kr_rest_member *m;
		struct kr_json_token t;
		int err = kr_json_next(j, &t);

		if (!err && t.type == KR_JSON_OBJECT_END)
			return 0;
		if (!err)
			err = kr_json_skip(j, &t);
		if (err)
			return err;
		m = member_find(schema, t.key);
		if (!m) {
			wrong_member(t.key, "is not known here", a, ret_pointer, f);
			members_of(schema, f);
			return -KR_EREFUSED;
		}
		if (read_member(m, &t, &ret[m - schema->members])) {
			const struct rule rule = {m->type, m->least, m->most, m->words};

			wrong_member(t.key, "has a wrong value", a, ret_pointer, f);
			expected(&rule, f);
			return -KR_EREFUSED;
		}
	}
}

int kr_rest__decode(const struct kr_rest_schema *schema, struct kr_str body, unsigned depth_max,
		    struct kr_arena *a, struct kr_rest_value *ret, struct kr_str *ret_pointer,
		    struct kr_fault *f)
{
	struct kr_json_token t;
	struct kr_json j;
	int err;

	for (size_t i = 0; i < KR_REST_MEMBERS_MAX; i++)
		ret[i] = (struct kr_rest_value){0};
	kr_json_init(&j, body, a, depth_max, KR_JSON_UNIQUE_KEYS, f);
	err = kr_json_next(&j, &t);
	if (!err && t.type != KR_JSON_OBJECT) {
		*ret_pointer = KR_STR("");
		kr_fault_set(f, -KR_EREFUSED, "the body is no object {...}");
		return -KR_EREFUSED;
	}
	if (!err)
		err = read_members(schema, &j, a, ret, ret_pointer, f);
	if (!err)
		err = kr_json_next(&j, &t);
	for (const struct kr_rest_member *m = schema->members; !err && m->name; m++)
		if ((m->flags & KR_REST_MUST) && !ret[m - schema->members].set)
			err = wrong_member(kr_str_c(m->name), "is missing", a, ret_pointer, f);
	return err;
}

int kr_rest__body_read(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_rest_schema *schema = kr_rest__schema(c->route->body);
	int err = kr_http_content_type(c->r, KR_REST_JSON, f);

	if (err && !strcmp(c->route->method, "PATCH"))
		err = kr_http_content_type(c->r, KR_REST_MERGE, f);
	if (err)
		return err;
	return kr_rest__decode(schema, c->r->body, c->rest->o.limits.depth_max, c->a, c->member,
			       &c->pointer, f);
}

const struct kr_rest_value *kr_rest__member(const struct kr_rest_call *c, const char *name)
{
	const struct kr_rest_member *m = kr_rest__schema(c->route->body)->members;
	size_t i = 0;

	while (m[i].name && strcmp(m[i].name, name) != 0)
		i++;
	assert(m[i].name);
	return &c->member[i];
}

struct kr_str kr_rest__text(const struct kr_rest_call *c, const char *name)
{
	const struct kr_rest_value *v = kr_rest__member(c, name);

	return !v->set ? KR_STR_NULL : v->null ? KR_STR("") : v->text;
}
