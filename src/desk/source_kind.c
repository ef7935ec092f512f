/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/source_kind.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/near.h"
#include "base/time.h"

static const struct kr_source_kind kinds[] = {
#define K(name_, url_, interval_, doc_)                                                            \
	{.name = #name_, .url = url_, .interval = interval_, .doc = doc_},
#include "desk/source_kinds.def"
#undef K
};

enum type { WORDS, COUNT, SECRET, TEXT };

static const struct row {
	struct kr_source_option o;
	enum type type;
} rows[] = {
#define O(kind_, name_, type_, least_, most_, standard_, doc_)                                     \
	{{.kind = #kind_,                                                                          \
	  .name = #name_,                                                                          \
	  .least = least_,                                                                         \
	  .most = most_,                                                                           \
	  .standard = standard_,                                                                   \
	  .doc = doc_},                                                                            \
	 type_},
#include "desk/source_options.def"
#undef O
};

const struct kr_source_kind *kr_source_kind_at(size_t i)
{
	return i < KR_ARRAY_LEN(kinds) ? &kinds[i] : NULL;
}

const struct kr_source_kind *kr_source_kind_find(struct kr_str name)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(kinds); i++)
		if (kr_str_eqc(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

const struct kr_source_option *kr_source_option_at(size_t i)
{
	return i < KR_ARRAY_LEN(rows) ? &rows[i].o : NULL;
}

static const struct row *row_find(struct kr_str kind, struct kr_str name)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(rows); i++)
		if (kr_str_eqc(kind, rows[i].o.kind) && kr_str_eqc(name, rows[i].o.name))
			return &rows[i];
	return NULL;
}

/* The value of a line "name=value"; p NULL if there is none. */
static struct kr_str line_value(struct kr_str options, const char *name)
{
	struct kr_str rest = options, line;
	size_t n = strlen(name);

	while (options.n && kr_str_split(&rest, '\n', &line))
		if (line.n > n && line.p[n] == '=' && kr_str_eqc(kr_str_first(line, n), name))
			return kr_str_from(line, n + 1);
	return KR_STR_NULL;
}

struct kr_str kr_source_option(const struct kr_source *src, const char *name)
{
	struct kr_str v = line_value(src->options, name);
	const struct row *r = row_find(src->kind, kr_str_c(name));

	assert(r);
	return v.p ? v : kr_str_c(r->o.standard);
}

/* ---- checking ---- */

static int wrong(const struct row *r, struct kr_str v, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no value for the option %s",
		     KR_STR_ARG(kr_str_first(v, 60)), r->o.name);
	switch (r->type) {
	case WORDS: kr_fault_remedy(reterr, "one of: %s", r->o.least); break;
	case COUNT: kr_fault_remedy(reterr, "a number from %s to %s", r->o.least, r->o.most); break;
	case SECRET: kr_fault_remedy(reterr, "the name of a file below DIR/secrets/"); break;
	case TEXT: kr_fault_remedy(reterr, "plain text of at most %s bytes", r->o.most); break;
	}
	return -KR_EINVAL;
}

static bool is_word(const char *words, struct kr_str v)
{
	struct kr_str rest = kr_str_c(words), word;

	while (kr_str_split(&rest, ' ', &word))
		if (kr_str_eq(word, v))
			return true;
	return false;
}

static bool is_count(const struct row *r, struct kr_str v)
{
	uint64_t n, least, most;

	return !kr_str_u64(v, &n) && !kr_str_u64(kr_str_c(r->o.least), &least) &&
	       !kr_str_u64(kr_str_c(r->o.most), &most) && n >= least && n <= most;
}

static bool is_plain(struct kr_str v, size_t most)
{
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] < ' ' || v.p[i] == 127)
			return false;
	return v.n <= most && kr_utf8_valid(v) == v.n;
}

bool kr_source_secret_valid(struct kr_str v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!kr_is_alnum(v.p[i]) && (!v.p[i] || !strchr("-_.", v.p[i])))
			return false;
	return v.n && v.n <= 100 && v.p[0] != '.';
}

static bool fits(const struct row *r, struct kr_str v)
{
	uint64_t most = 0;

	switch (r->type) {
	case WORDS: return is_word(r->o.least, v);
	case COUNT: return is_count(r, v);
	case SECRET: return kr_source_secret_valid(v);
	case TEXT: return !kr_str_u64(kr_str_c(r->o.most), &most) && is_plain(v, (size_t)most);
	}
	return false;
}

static int unknown(const struct kr_source_kind *kind, struct kr_str name, struct kr_fault *reterr)
{
	struct kr_near near = KR_NEAR(name);
	char names[150] = "";

	for (size_t i = 0; i < KR_ARRAY_LEN(rows); i++) {
		size_t n = strlen(names);

		if (strcmp(rows[i].o.kind, kind->name) != 0)
			continue;
		kr_near_offer(&near, kr_str_c(rows[i].o.name));
		snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "", rows[i].o.name);
	}
	kr_fault_set(reterr, -KR_EINVAL, "a source of the kind %s has no option '%.*s'", kind->name,
		     KR_STR_ARG(kr_str_first(name, 60)));
	if (near.best.p)
		kr_fault_remedy(reterr, "did you mean %.*s?", KR_STR_ARG(near.best));
	else
		kr_fault_remedy(reterr, "it has: %s", names);
	return -KR_EINVAL;
}

int kr_source_option_set(const struct kr_source_kind *kind, struct kr_str options,
			 struct kr_str assignment, struct kr_arena *a, struct kr_str *ret,
			 struct kr_fault *reterr)
{
	ptrdiff_t eq = kr_str_chr(assignment, '=');
	struct kr_str name = kr_str_first(assignment, eq < 0 ? assignment.n : (size_t)eq);
	struct kr_str value = eq < 0 ? KR_STR_NULL : kr_str_from(assignment, (size_t)eq + 1);
	const struct row *r = row_find(kr_str_c(kind->name), name);
	KR_AUTO_BUF b = KR_BUF(KR_SOURCE_OPTIONS_MAX);

	if (!r)
		return unknown(kind, name, reterr);
	if (eq < 0 || (value.n && !fits(r, value)))
		return wrong(r, value.p ? value : KR_STR(""), reterr);
	for (size_t i = 0; i < KR_ARRAY_LEN(rows); i++) {
		const struct kr_source_option *o = &rows[i].o;
		struct kr_str v = &rows[i] == r ? value : line_value(options, o->name);

		if (!strcmp(o->kind, kind->name) && v.n)
			kr_buf_printf(&b, "%s=%.*s\n", o->name, KR_STR_ARG(v));
	}
	if (b.err)
		return kr_fault_set(reterr, -KR_ELIMIT, "the options of the source are too long");
	*ret = kr_arena_dup(a, kr_buf_str(&b));
	return ret->p ? 0
		      : kr_fault_set(reterr, -KR_ELIMIT, "the options of the source are too long");
}

/* ---- what a source has, or its kind ---- */

struct kr_str kr_source_url(const struct kr_source *src)
{
	const struct kr_source_kind *k = kr_source_kind_find(src->kind);

	return src->url.n || !k ? src->url : kr_str_c(k->url);
}

int64_t kr_source_interval(const struct kr_source *src)
{
	const struct kr_source_kind *k = kr_source_kind_find(src->kind);
	int64_t us = 0;

	if (src->interval_us || !k)
		return src->interval_us;
	return kr_span_parse(kr_str_c(k->interval), &us) ? KR_HOUR : us;
}

int64_t kr_source_silent_after(const struct kr_source *src, int64_t standard_us)
{
	if (src->silent_after_us == KR_SOURCE_NEVER)
		return 0;
	return src->silent_after_us ? src->silent_after_us : standard_us;
}
