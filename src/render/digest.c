/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: one pass over the events of the mailing counts types, writes the first rows as
 * text and gathers the table; subject and text are written from the counts at the end, so that the
 * first lines can say what all rows are.
 */
#include "render/digest.h"

#include <stdio.h>
#include <stdlib.h>

#include "model/audience.h"
#include "render/digest_internal.h"

#define TEXT_MAX ((size_t)1 << 20)

int kr_digest_opts(struct kr_store *s, const struct kr_conf *conf, struct kr_digest_opts *ret,
		   struct kr_fault *reterr)
{
	*ret = (struct kr_digest_opts){
		.node = conf->node_name,
		.url = conf->http_public_url,
		.inline_max = conf->delivery_inline_max,
		.csv_max = conf->delivery_size_max,
		.link_us = conf->delivery_link_age,
	};
	return kr_store_link_key(s, ret->link_key, reterr);
}

/* Length of the sequence at s that is harmful in a line, 0 if what is there is fine. */
static size_t harmful(struct kr_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (p[0] < ' ' || p[0] == 127)
		return 1;
	if (p[0] == 0xc2 && s.n > 1 && p[1] >= 0x80 && p[1] <= 0x9f)
		return 2; /* C1 controls */
	if (p[0] == 0xd8 && s.n > 1 && p[1] == 0x9c)
		return 2; /* U+061C */
	if (s.n < 3)
		return 0;
	if (p[0] == 0xe2 && p[1] == 0x80 &&
	    (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae)))
		return 3; /* U+200E, U+200F, U+2028 to U+202E */
	if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
		return 3;					     /* U+2066 to U+2069 */
	return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 3 : 0; /* U+FEFF */
}

/* Bytes of plain ASCII at the start: most of what is seen. */
static size_t plain_run(struct kr_str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] < 127)
		n++;
	return n;
}

/* One run or character of s, made harmless, into b. Returns the bytes of s it was. */
static size_t put_piece(struct kr_buf *b, struct kr_str s)
{
	size_t n = plain_run(s), valid;

	if (n) {
		kr_buf_add(b, s.p, n);
		return n;
	}
	n = harmful(s);
	if (n) {
		kr_buf_c(b, n == 1 ? " " : "\xef\xbf\xbd");
		return n;
	}
	valid = kr_utf8_valid(kr_str_first(s, 4));
	if (!valid) {
		kr_buf_c(b, "\xef\xbf\xbd");
		return 1;
	}
	for (n = 1; n < valid && ((unsigned char)s.p[n] & 0xc0) == 0x80;)
		n++;
	kr_buf_add(b, s.p, n);
	return n;
}

void kr_digest_plain(struct kr_buf *b, struct kr_str s, size_t max)
{
	size_t start = b->n, room = max > 3 ? max - 3 : 0, fits = start;

	/* Only what could be shown is looked at. */
	s = kr_str_first(s, max * 4);
	while (s.n && !b->err) {
		bool ascii = plain_run(s) > 0;
		size_t before = b->n - start;

		s = kr_str_from(s, put_piece(b, s));
		if (b->n - start <= room)
			fits = b->n;
		else if (ascii && before <= room)
			fits = start + room; /* a run may be cut anywhere */
		if (b->n - start > max) {
			b->n = fits;
			kr_buf_c(b, "...");
			return;
		}
	}
}

static void count_type(struct kr_digest__sum *x, const struct kr_event *e)
{
	const union kr_value *c = kr_event_get(e, KR_F_CLASS_TAXONOMY),
			     *t = kr_event_get(e, KR_F_CLASS_TYPE);
	struct kr_str class_ = c ? c->text : KR_STR("other"), type = t ? t->text : KR_STR("");
	struct kr_digest__type *at;

	for (size_t i = 0; i < x->n_types; i++) {
		at = &x->types[i];
		if (kr_str_eq(at->type, type) && kr_str_eq(at->class_, class_)) {
			at->rows++;
			return;
		}
	}
	if (x->n_types == KR_DIGEST__TYPES) {
		x->other++;
		return;
	}
	at = &x->types[x->n_types++];
	*at = (struct kr_digest__type){kr_arena_dup(x->a, class_), kr_arena_dup(x->a, type), 1};
}

static void note_rule(struct kr_digest__sum *x, uint32_t rule)
{
	for (size_t i = 0; i < x->n_rules; i++)
		if (x->rules[i] == rule)
			return;
	if (x->n_rules < KR_DIGEST__RULES)
		x->rules[x->n_rules++] = rule;
	else
		x->more_rules = true;
}

static bool add_event(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	struct kr_digest__sum *x = ctx;
	struct kr_digest *d = x->d;

	if (!ev) {
		d->left_out++;
		return true;
	}
	d->first = d->rows ? KR_MIN(d->first, ev->e->first) : ev->e->first;
	d->last = d->rows ? KR_MAX(d->last, ev->e->last) : ev->e->last;
	d->tlp = kr_tlp_tighter(d->tlp, kr_tlp_effective(ev->e->label));
	d->rows++;
	d->events += ev->e->count;
	count_type(x, ev->e);
	note_rule(x, row->rule);
	if (x->n_lines < x->o->inline_max)
		kr_digest__line(x, ev);
	kr_digest__csv_row(x, ev);
	return true;
}

static int by_rows(const void *x, const void *y)
{
	const struct kr_digest__type *a = x, *b = y;
	int c;

	if (a->rows != b->rows)
		return a->rows > b->rows ? -1 : 1;
	c = kr_str_cmp(a->class_, b->class_);
	return c ? c : kr_str_cmp(a->type, b->type);
}

/* "karaula-NODE-12.csv": the name of the node holds nothing that a file name may not. */
static void name_table(const struct kr_digest__sum *x, char name[64])
{
	if (x->m->delivery)
		snprintf(name, 64, "karaula-%.30s-%llu.csv", x->o->node,
			 (unsigned long long)x->m->delivery);
	else
		snprintf(name, 64, "karaula-%.30s-preview.csv", x->o->node);
}

int kr_digest_make(struct kr_store *s, struct kr_desk_mailing *m, const struct kr_digest_opts *o,
		   struct kr_digest *ret, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)1 << 20);
	struct kr_digest__sum x = {.s = s, .m = m, .o = o, .d = ret, .a = a};
	int r;

	*ret = (struct kr_digest){
		.subject = KR_BUF(4096),
		.text = KR_BUF(TEXT_MAX),
		.csv = KR_BUF(o->csv_max + m->n * KR_DIGEST__COLUMNS + TEXT_MAX),
		.lang = m->lang,
	};
	x.lines = KR_BUF(TEXT_MAX / 2);
	x.cells = KR_BUF(o->csv_max);
	x.cell = KR_BUF(4 * KR_DIGEST__CELL);
	name_table(&x, ret->csv_name);
	r = kr_desk_mailing_each(s, m, add_event, &x, reterr);
	if (!r && !ret->rows)
		r = 1;
	if (!r) {
		qsort(x.types, x.n_types, sizeof(x.types[0]), by_rows);
		kr_digest__csv_end(&x);
		kr_digest__subject(&x);
		r = kr_digest__text(&x, reterr);
	}
	if (!r && (ret->subject.err || ret->text.err || ret->csv.err))
		r = kr_fault_set(reterr, -KR_ELIMIT, "the message is too large");
	kr_buf_done(&x.lines);
	kr_buf_done(&x.cells);
	kr_buf_done(&x.cell);
	return r;
}

void kr_digest_done(struct kr_digest *d)
{
	kr_buf_done(&d->subject);
	kr_buf_done(&d->text);
	kr_buf_done(&d->csv);
}
