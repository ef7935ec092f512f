/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/mapdoc.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/near.h"

int kr_mapdoc__next(struct kr_mapdoc *d, struct kr_json_token *t)
{
	return kr_json_next(&d->j, t);
}

size_t kr_mapdoc__enter(struct kr_mapdoc *d, struct kr_str name, int index)
{
	size_t before = d->path_n, room = sizeof(d->path) - d->path_n;
	int n;

	if (name.p)
		n = snprintf(d->path + before, room, ".%.*s", KR_STR_ARG(kr_str_first(name, 80)));
	else
		n = snprintf(d->path + before, room, "[%d]", index);
	if (n > 0)
		d->path_n = KR_MIN(before + (size_t)n, sizeof(d->path) - 1);
	return before;
}

void kr_mapdoc__leave(struct kr_mapdoc *d, size_t path_n)
{
	d->path_n = path_n;
	d->path[path_n] = '\0';
}

static void set_place(struct kr_mapdoc *d, const struct kr_json_token *t)
{
	const char *at = t ? t->raw.p : d->j.p, *p = d->text.p, *start = p;
	uint64_t line = 1;

	if (!at || at < d->text.p || at > d->text.p + d->text.n)
		return;
	for (; p < at; p++) {
		if (*p == '\n') {
			line++;
			start = p + 1;
		}
	}
	kr_fault_at(d->fault, line, (uint64_t)(at - start) + 1, (uint64_t)(at - d->text.p));
}

int kr_mapdoc__fail(struct kr_mapdoc *d, const struct kr_json_token *t, const char *remedy,
		    const char *fmt, ...)
{
	char message[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	kr_fault_set(d->fault, -KR_EINVAL, "%s", message);
	kr_fault_where(d->fault, "$%s", d->path);
	kr_fault_remedy(d->fault, "%s", remedy);
	set_place(d, t);
	return -KR_EINVAL;
}

int kr_mapdoc__unknown(struct kr_mapdoc *d, const struct kr_json_token *t, const char *what,
		       struct kr_str name, struct kr_str near, const char *remedy)
{
	char text[200];

	snprintf(text, sizeof(text), "did you mean \"%.*s\"? %s",
		 KR_STR_ARG(kr_str_first(near, 60)), remedy);
	return kr_mapdoc__fail(d, t, near.p ? text : remedy, "no %s is called \"%.*s\"", what,
			       KR_STR_ARG(kr_str_first(name, 60)));
}

int kr_mapdoc__no_field(struct kr_mapdoc *d, struct kr_str name)
{
	struct kr_near near = KR_NEAR(name);

	for (unsigned f = 1; f < KR_FIELD_MAX; f++)
		if (kr_field_info((enum kr_field)f))
			kr_near_offer(&near, kr_field_info((enum kr_field)f)->name_str);
	return kr_mapdoc__unknown(
		d, NULL, "field", name, near.best,
		"`karaula config doc --fields` lists them; extra.NAME keeps a value "
		"under a name of your own");
}

int kr_mapdoc__string(struct kr_mapdoc *d, const struct kr_json_token *t, struct kr_str *ret)
{
	if (t->type != KR_JSON_STRING)
		return kr_mapdoc__fail(d, t, "put it in quotes", "text is expected here");
	*ret = t->text;
	return 0;
}

int kr_mapdoc__opens(struct kr_mapdoc *d, const struct kr_json_token *t, enum kr_json_type type)
{
	if (t->type == type)
		return 0;
	return kr_mapdoc__fail(d, t, "see doc/mapping.md", "%s is expected here",
			       type == KR_JSON_OBJECT ? "an object {...}" : "an array [...]");
}

int kr_mapdoc__skip(struct kr_mapdoc *d, struct kr_json_token *t)
{
	return kr_json_skip(&d->j, t);
}

void *kr_mapdoc__grow(struct kr_mapdoc *d, void *list, unsigned n, size_t size)
{
	void *to;

	if (n && (n < 8 || (n & (n - 1))))
		return list;
	to = kr_arena_calloc(d->arena, n ? n * 2 : 8, size);
	if (!to) {
		kr_fault_set(d->fault, -KR_ELIMIT, "the mapping needs too much memory");
		return NULL;
	}
	if (n)
		memcpy(to, list, n * size);
	return to;
}

int kr_mapdoc__warn(struct kr_mapdoc *d, const char *fmt, ...)
{
	char text[256];
	struct kr_str s;
	va_list ap;
	void *list = kr_mapdoc__grow(d, d->m->warnings, (unsigned)d->m->n_warnings, sizeof(s));

	if (!list)
		return -KR_ELIMIT;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s = kr_arena_printf(d->arena, "$%s: %s", d->path, text);
	if (!s.p)
		return -KR_ELIMIT;
	d->m->warnings = list;
	d->m->warnings[d->m->n_warnings++] = s;
	return 0;
}

int kr_mapdoc__target(struct kr_mapdoc *d, struct kr_str name, struct kr_str column, bool words,
		      enum kr_field *ret_field, struct kr_str *ret_key)
{
	enum kr_field f = words ? kr_field_by_word(name) : kr_field_by_name(name);

	*ret_key = KR_STR_NULL;
	if (!f && kr_str_starts(name, KR_STR("extra."))) {
		*ret_key = name.n > 6 ? kr_str_from(name, 6) : column;
		f = words ? KR_F_NONE : kr_codec__field_of_extra(*ret_key);
	} else if (!f && words) {
		return kr_mapdoc__no_field(d, name);
	} else if (!f) {
		*ret_key = name;
		if (kr_mapdoc__warn(d, "field \"%.*s\" is not known here and is kept in extra",
				    KR_STR_ARG(kr_str_first(name, 60))))
			return -KR_ELIMIT;
	}
	*ret_field = f;
	return 0;
}

/* Values of constants are checked once, here. */
static int constant_value(struct kr_mapdoc *d, const struct kr_json_token *t,
			  struct kr_map_constant *c)
{
	struct kr_fault why = {0};
	int err;

	c->text = t->text;
	c->literal = t->type != KR_JSON_STRING;
	if (t->type != KR_JSON_STRING && t->type != KR_JSON_NUMBER && t->type != KR_JSON_TRUE &&
	    t->type != KR_JSON_FALSE)
		return kr_mapdoc__fail(d, t, "", "a constant is text, a number, true or false");
	if (!c->field)
		return 0;
	if (c->field == KR_F_CLASS_TYPE && kr_str_ieq(c->text, KR_STR("blocklist")))
		c->text = KR_STR("blacklist");
	err = kr_field_parse(c->field, c->text, d->arena, &c->value, &why);
	if (err)
		return kr_mapdoc__fail(d, t, why.remedy, "%.200s", why.message);
	return 0;
}

int kr_mapdoc__constants(struct kr_mapdoc *d, bool fallback, bool words,
			 struct kr_map_constant **list, unsigned *n)
{
	struct kr_json_token t;
	int err;

	while (!(err = kr_mapdoc__next(d, &t)) && t.type != KR_JSON_OBJECT_END) {
		struct kr_map_constant c = {.fallback = fallback};
		size_t up = kr_mapdoc__enter(d, t.key, 0);
		struct kr_map_constant *grown = kr_mapdoc__grow(d, *list, *n, sizeof(c));

		if (!grown)
			return -KR_ELIMIT;
		*list = grown;
		err = kr_mapdoc__target(d, t.key, t.key, words, &c.field, &c.key);
		if (!err)
			err = constant_value(d, &t, &c);
		if (err)
			return err;
		grown[(*n)++] = c;
		kr_mapdoc__leave(d, up);
	}
	return err;
}
