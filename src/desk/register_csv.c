/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * An import file has a header and one of two forms: a row for each constituent with cells of many
 * values, or a row for each (name, kind, value). All of it is read and checked before anything
 * changes; errors are collected with their line and byte column, so that a file can be mended in
 * one go. The same value given twice by one constituent is one rule.
 */
#include "desk/register.h"

#include "codec/csvread.h"

#include <stdio.h>
#include <stdlib.h>

enum column {
	C_NAME,
	C_TITLE,
	C_SECTOR,
	C_COUNTRY,
	C_CONTACT,
	C_LANGUAGE,
	C_NOTE,
	C_PREFIXES,
	C_ASNS,
	C_DOMAINS,
	C_COUNTRIES,
	C_KIND,
	C_VALUE,
	COLUMNS,
};

static const struct {
	const char *name;
	enum kr_rule_kind kind; /* of the values in it, 0: none */
	uint16_t max;		/* bytes of text */
} columns[COLUMNS] = {
	[C_NAME] = {"name", 0, 64},
	[C_TITLE] = {"title", 0, 256},
	[C_SECTOR] = {"sector", 0, 100},
	[C_COUNTRY] = {"country", 0, 2},
	[C_CONTACT] = {"contact", 0, 1024},
	[C_LANGUAGE] = {"language", 0, 16},
	[C_NOTE] = {"note", 0, 4096},
	[C_PREFIXES] = {"prefixes", KR_RULE_PREFIX, 0},
	[C_ASNS] = {"asns", KR_RULE_ASN, 0},
	[C_DOMAINS] = {"domains", KR_RULE_DOMAIN, 0},
	[C_COUNTRIES] = {"countries", KR_RULE_COUNTRY, 0},
	[C_KIND] = {"kind", 0, 16},
	[C_VALUE] = {"value", 0, 253},
};

struct reading {
	struct kr_arena *arena;
	const char *file;
	struct kr_fault *faults;
	size_t n_faults;
	bool full, many;    /* no more faults are kept; the long form */
	int place[COLUMNS]; /* cell of a column, -1: not in the file */
	struct kr_constituent *c;
	uint32_t *first_line; /* by constituent */
	size_t n_c, cap_c;
	struct kr_rule *rules;
	size_t n_rules, cap_rules;
	uint32_t *names; /* hash table: constituent + 1 */
	size_t names_size;
	const struct kr_csv_record *row;
};

/* Note an error at a slice of the row; at.p NULL: the row as a whole. */
static void wrong(struct reading *r, struct kr_str at, const char *remedy, const char *fmt, ...)
	KR_PRINTF(4, 5);
static void wrong(struct reading *r, struct kr_str at, const char *remedy, const char *fmt, ...)
{
	const struct kr_str all = r->row ? r->row->bytes : KR_STR_NULL;
	uint64_t line = r->row ? r->row->line : 1, column = r->row ? r->row->column : 0;
	struct kr_fault *f;
	char text[200];
	va_list ap;

	if (r->n_faults == KR_REGISTER_FAULTS_MAX) {
		r->full = true;
		return;
	}
	f = &r->faults[r->n_faults++];
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kr_fault_set(f, -KR_EINVAL, "%s", text);
	kr_fault_where(f, "%s", r->file);
	kr_fault_remedy(f, "%s", remedy);
	if (at.p && all.p && at.p >= all.p && at.p <= all.p + all.n) {
		column = 1;
		for (const char *p = all.p; p < at.p; p++, column++)
			if (*p == '\n') {
				line++;
				column = 0;
			}
	}
	kr_fault_at(f, line, column, 0);
}

static struct kr_str cell(const struct reading *r, enum column c)
{
	if (r->place[c] < 0)
		return KR_STR("");
	return kr_str_trim(r->row->cells[r->place[c]]);
}

static bool plain_text(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return kr_utf8_valid(s) == s.n;
}

static bool name_good(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && !memchr("-_.", s.p[i], 3))
			return false;
	return s.n > 0;
}

static uint32_t name_hash(struct kr_str s)
{
	uint32_t h = 0x811c9dc5u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x01000193u;
	return h ^ h >> 15;
}

/* Place of a name in the hash table: where it is, or where it would be. */
static uint32_t *name_place(struct reading *r, struct kr_str name)
{
	size_t at = name_hash(name) & (r->names_size - 1);

	while (r->names[at] && !kr_str_eq(r->c[r->names[at] - 1].name, name))
		at = (at + 1) & (r->names_size - 1);
	return &r->names[at];
}

static void names_grow(struct reading *r)
{
	if (r->n_c * 2 < r->names_size)
		return;
	r->names_size = r->names_size ? r->names_size * 2 : 256;
	free(r->names);
	r->names = kr_xcalloc(r->names_size, sizeof(*r->names));
	for (size_t i = 0; i < r->n_c; i++)
		*name_place(r, r->c[i].name) = (uint32_t)i + 1;
}

/* The constituent of this name, made if it is new; -1: the row is wrong. */
static ptrdiff_t constituent_of(struct reading *r, struct kr_str name)
{
	uint32_t *place;

	names_grow(r);
	place = name_place(r, name);
	if (*place && !r->many) {
		wrong(r, name, "give each name one row",
		      "name: %.*s is given twice, first on line %u", KR_STR_ARG(name),
		      r->first_line[*place - 1]);
		return -1;
	}
	if (*place)
		return *place - 1;
	if (r->n_c == r->cap_c) {
		r->cap_c = r->cap_c ? r->cap_c * 2 : 64;
		r->c = kr_xrealloc(r->c, r->cap_c * sizeof(*r->c));
		r->first_line = kr_xrealloc(r->first_line, r->cap_c * sizeof(*r->first_line));
	}
	r->first_line[r->n_c] = (uint32_t)r->row->line;
	r->c[r->n_c] = (struct kr_constituent){.name = kr_arena_dup(r->arena, name)};
	*place = (uint32_t)++r->n_c;
	return *place - 1;
}

static void rule_put(struct reading *r, size_t c, enum kr_rule_kind kind, struct kr_str value)
{
	if (r->n_rules == r->cap_rules) {
		r->cap_rules = r->cap_rules ? r->cap_rules * 2 : 1024;
		r->rules = kr_xrealloc(r->rules, r->cap_rules * sizeof(*r->rules));
	}
	r->rules[r->n_rules++] = (struct kr_rule){
		.constituent = (uint32_t)c, .kind = kind, .value = kr_arena_dup(r->arena, value)};
}

static void prefix_add(struct reading *r, size_t c, struct kr_str s)
{
	char text[KR_IP_TEXT_MAX], remedy[120];
	struct kr_ip net;
	int err = kr_net_parse(s, &net);
	size_t n;

	if (err < 0) {
		wrong(r, s, "write 198.51.100.0/24 or 2001:db8::/32", "%.*s is not a network",
		      (int)KR_MIN(s.n, (size_t)60), s.p);
		return;
	}
	n = kr_net_text(&net, text);
	if (err > 0) {
		snprintf(remedy, sizeof(remedy), "write %s if that is meant", text);
		wrong(r, s, remedy, "%.*s has bits behind its length", (int)KR_MIN(s.n, (size_t)60),
		      s.p);
	} else if (!net.plen) {
		wrong(r, s, "name the networks that are theirs", "%s would own every address",
		      text);
	} else {
		rule_put(r, c, KR_RULE_PREFIX, kr_str_n(text, n));
	}
}

/* AS number, domain or country: what is valid is what is valid in the event's field. */
static void field_add(struct reading *r, size_t c, enum kr_rule_kind kind, struct kr_str s)
{
	static const enum kr_field fields[] = {[KR_RULE_DOMAIN] = KR_F_SRC_FQDN,
					       [KR_RULE_ASN] = KR_F_SRC_ASN,
					       [KR_RULE_COUNTRY] = KR_F_SRC_CC};
	KR_AUTO_BUF b = KR_BUF(512);
	union kr_value v;

	if (kind == KR_RULE_DOMAIN && kr_str_starts(s, KR_STR("*.")))
		s = kr_str_from(s, 2);
	if (kr_field_parse(fields[kind], s, r->arena, &v, NULL)) {
		wrong(r, s,
		      kind == KR_RULE_ASN	? "write a number, 64500 or AS64500"
		      : kind == KR_RULE_COUNTRY ? "write two letters as in ISO 3166"
						: "write a name like example.org",
		      "%.*s is not a valid %s", (int)KR_MIN(s.n, (size_t)60), s.p,
		      kr_rule_kind_text(kind));
		return;
	}
	kr_field_text(fields[kind], &v, &b);
	rule_put(r, c, kind, kr_buf_str(&b));
}

static void value_add(struct reading *r, size_t c, enum kr_rule_kind kind, struct kr_str s)
{
	if (kind == KR_RULE_PREFIX)
		prefix_add(r, c, s);
	else
		field_add(r, c, kind, s);
}

static void values_add(struct reading *r, size_t c, enum kr_rule_kind kind, struct kr_str s)
{
	size_t at = 0;

	while (at < s.n) {
		size_t from = at;

		while (at < s.n && !kr_is_blank(s.p[at]) && s.p[at] != ';' && s.p[at] != ',')
			at++;
		if (at > from)
			value_add(r, c, kind, kr_str_n(s.p + from, at - from));
		at++;
	}
}

/* Set a text of a constituent; in the long form it may be repeated, but not be different. */
static void text_set(struct reading *r, struct kr_str *to, enum column column)
{
	struct kr_str s = cell(r, column);

	if (!s.n)
		return;
	if (s.n > columns[column].max) {
		wrong(r, s, "shorten it", "%s: longer than %u bytes", columns[column].name,
		      columns[column].max);
	} else if (!plain_text(s)) {
		wrong(r, s, "save the file as UTF-8",
		      "%s: holds control characters or is not UTF-8", columns[column].name);
	} else if (to->n && !kr_str_eq(*to, s)) {
		wrong(r, s, "give it once, or the same each time",
		      "%s: different from an earlier row of %.*s", columns[column].name,
		      KR_STR_ARG(cell(r, C_NAME)));
	} else {
		*to = kr_arena_dup(r->arena, s);
	}
}

static void country_check(struct reading *r, struct kr_constituent *c)
{
	union kr_value v;

	if (!cell(r, C_COUNTRY).n || !c->country.n)
		return;
	if (kr_field_parse(KR_F_SRC_CC, c->country, r->arena, &v, NULL))
		wrong(r, cell(r, C_COUNTRY), "write two letters as in ISO 3166",
		      "country: %.*s is not a country code", KR_STR_ARG(c->country));
	else
		c->country = v.text;
}

static void contact_check(struct reading *r)
{
	struct kr_str s = cell(r, C_CONTACT);
	size_t at = 0;

	while (at < s.n) {
		size_t from = at;
		struct kr_str one;
		ptrdiff_t sign;

		while (at < s.n && !kr_is_blank(s.p[at]) && s.p[at] != ';' && s.p[at] != ',')
			at++;
		one = kr_str_n(s.p + from, at++ - from);
		sign = kr_str_chr(one, '@');
		if (one.n && (sign < 1 || (size_t)sign + 1 == one.n))
			wrong(r, one, "write mail addresses separated by blanks",
			      "contact: %.*s is not a mail address", (int)KR_MIN(one.n, (size_t)60),
			      one.p);
	}
}

static void language_check(struct reading *r)
{
	struct kr_str s = cell(r, C_LANGUAGE);

	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && s.p[i] != '-') {
			wrong(r, s, "write a tag such as en, sq or sr-Latn",
			      "language: %.*s is not a language tag", KR_STR_ARG(s));
			return;
		}
}

static void long_value(struct reading *r, size_t c)
{
	struct kr_str kind = cell(r, C_KIND), value = cell(r, C_VALUE);

	for (enum kr_rule_kind k = KR_RULE_PREFIX; k <= KR_RULE_COUNTRY; k++)
		if (kr_str_ieq(kind, kr_str_c(kr_rule_kind_text(k)))) {
			if (value.n)
				value_add(r, c, k, value);
			else
				wrong(r, r->row->cells[r->place[C_VALUE]],
				      "give a value or drop the row", "value: empty");
			return;
		}
	if (kind.n || value.n)
		wrong(r, r->row->cells[r->place[C_KIND]], "write prefix, asn, domain or country",
		      "kind: %.*s is not one", (int)KR_MIN(kind.n, (size_t)60), kind.p);
}

static void row_read(struct reading *r)
{
	struct kr_str name = cell(r, C_NAME);
	struct kr_constituent *c;
	ptrdiff_t at;

	if (!name_good(name) || name.n > columns[C_NAME].max) {
		wrong(r, r->row->cells[r->place[C_NAME]],
		      "use letters, digits, '-', '_' and '.', at most 64",
		      name.n ? "name: %.*s is not a short name" : "name: empty%.*s",
		      (int)KR_MIN(name.n, (size_t)64), name.p);
		return;
	}
	at = constituent_of(r, name);
	if (at < 0)
		return;
	c = &r->c[at];
	text_set(r, &c->title, C_TITLE);
	text_set(r, &c->sector, C_SECTOR);
	text_set(r, &c->country, C_COUNTRY);
	text_set(r, &c->contact, C_CONTACT);
	text_set(r, &c->language, C_LANGUAGE);
	text_set(r, &c->note, C_NOTE);
	country_check(r, c);
	contact_check(r);
	language_check(r);
	for (enum column k = 0; k < COLUMNS; k++)
		if (columns[k].kind)
			values_add(r, (size_t)at, columns[k].kind, cell(r, k));
	if (r->many)
		long_value(r, (size_t)at);
}

static void header_read(struct reading *r)
{
	for (enum column k = 0; k < COLUMNS; k++)
		r->place[k] = -1;
	for (unsigned i = 0; i < r->row->n; i++) {
		struct kr_str s = kr_str_trim(r->row->cells[i]);
		enum column k = 0;

		while (k < COLUMNS && !kr_str_ieq(s, kr_str_c(columns[k].name)))
			k++;
		if (k == COLUMNS)
			wrong(r, r->row->cells[i],
			      "columns are name title sector country contact language note, and "
			      "prefixes asns domains countries or kind value",
			      "column %.*s is not known", (int)KR_MIN(s.n, (size_t)60), s.p);
		else if (r->place[k] >= 0)
			wrong(r, r->row->cells[i], "keep one of them", "column %s is there twice",
			      columns[k].name);
		else
			r->place[k] = (int)i;
	}
	r->many = r->place[C_KIND] >= 0 || r->place[C_VALUE] >= 0;
	if (r->place[C_NAME] < 0)
		wrong(r, KR_STR_NULL, "the first line names the columns",
		      "there is no column name");
	if (r->many && (r->place[C_KIND] < 0 || r->place[C_VALUE] < 0))
		wrong(r, KR_STR_NULL, "give both", "column kind or value is missing");
}

static int by_value(const void *pa, const void *pb)
{
	const struct kr_rule *a = pa, *b = pb;

	if (a->constituent != b->constituent)
		return a->constituent < b->constituent ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return kr_str_cmp(a->value, b->value);
}

static void rules_unique(struct reading *r)
{
	size_t n = 0;

	if (!r->n_rules)
		return;
	qsort(r->rules, r->n_rules, sizeof(*r->rules), by_value);
	for (size_t i = 1; i < r->n_rules; i++)
		if (by_value(&r->rules[n], &r->rules[i]))
			r->rules[++n] = r->rules[i];
	r->n_rules = n + 1;
}

/* Spreadsheets of many countries write semicolons: then the header has them and no comma. */
static char delimiter_of(struct kr_str text)
{
	ptrdiff_t end = kr_str_chr(text, '\n');
	struct kr_str head = end < 0 ? text : kr_str_first(text, (size_t)end);

	return kr_str_chr(head, ',') < 0 && kr_str_chr(head, ';') >= 0 ? ';' : ',';
}

static int rows_read(struct reading *r, struct kr_str text)
{
	const struct kr_csv_opts opts = {.delimiter = delimiter_of(text),
					 .quote = '"',
					 .record_max = (size_t)4 << 20,
					 .columns_max = 64};
	struct kr_csv_record row;
	struct kr_csv csv;
	int err = 0;

	kr_csv_init(&csv, &opts);
	while (!err && !r->full && kr_csv_next(&csv, r->arena, &text, true, &row) > 0) {
		r->row = &row;
		if (row.err) {
			wrong(r, KR_STR_NULL, "", "%s", row.reason);
		} else if (!csv.columns) {
			header_read(r);
			csv.columns = row.n;
			err = r->n_faults ? -KR_EINVAL : 0;
		} else {
			row_read(r);
		}
		if (r->n_c > KR_REGISTER_CONSTITUENTS_MAX || r->n_rules > KR_REGISTER_RULES_MAX ||
		    kr_arena_full(r->arena)) {
			wrong(r, KR_STR_NULL, "", "more rows than a register can hold");
			err = -KR_ELIMIT;
		}
	}
	r->row = NULL;
	if (!err && !r->n_faults && !r->n_c)
		wrong(r, KR_STR_NULL, "give a header and a row for each",
		      "the file holds no constituent");
	kr_csv_done(&csv);
	return err ? err : r->n_faults ? -KR_EINVAL : 0;
}

static int draft_make(struct reading *r, struct kr_register_draft *ret)
{
	struct kr_register_draft d = {.n_c = r->n_c, .n_rules = r->n_rules};

	d.c = kr_arena_calloc(r->arena, d.n_c, sizeof(*d.c));
	d.rules = kr_arena_calloc(r->arena, d.n_rules + 1, sizeof(*d.rules));
	if (!d.c || !d.rules)
		return -KR_ELIMIT;
	memcpy(d.c, r->c, d.n_c * sizeof(*d.c));
	if (d.n_rules)
		memcpy(d.rules, r->rules, d.n_rules * sizeof(*d.rules));
	*ret = d;
	return 0;
}

int kr_register_read(struct kr_str text, const char *name, struct kr_arena *arena,
		     struct kr_register_draft *ret, struct kr_fault faults[KR_REGISTER_FAULTS_MAX],
		     size_t *ret_faults)
{
	struct reading r = {.arena = arena, .file = name, .faults = faults};
	int err = rows_read(&r, text);

	if (!err) {
		rules_unique(&r);
		err = draft_make(&r, ret);
	}
	*ret_faults = r.n_faults;
	free(r.c);
	free(r.first_line);
	free(r.rules);
	free(r.names);
	return err;
}
