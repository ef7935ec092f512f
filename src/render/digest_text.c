/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subject and text of a digest in the language of its recipient. The first lines say everything
 * that must be known: label, how many, what, whose and when; many people read no more.
 */
#include "render/digest_internal.h"

#include <stdio.h>

#include "base/text.h"
#include "desk/feedback.h"

#define CLASSES_MAX 4	/* classes named in the subject */
#define NAME_MAX_   60	/* bytes of a name in the subject */
#define TITLE_MAX   120 /* in the text */
#define VALUE_MAX   100 /* of a row in the text */

static const char *const meanings[] = {
	[KR_TLP_CLEAR] = N_("TLP:CLEAR: this may be passed on freely."),
	[KR_TLP_GREEN] = N_("TLP:GREEN: pass this on within your community, not in public."),
	[KR_TLP_AMBER] = N_("TLP:AMBER: pass this on within your organisation and to your clients "
			    "only, as far as they need it to act."),
};

/* "7 malicious-code, 5 vulnerable": rows by class, the types being sorted by rows. */
static void classes(const struct kr_digest__sum *x, struct kr_buf *b, size_t max)
{
	struct kr_digest__type list[KR_DIGEST__TYPES];
	size_t n = 0;

	for (size_t i = 0; i < x->n_types; i++) {
		size_t k = 0;

		while (k < n && !kr_str_eq(list[k].class_, x->types[i].class_))
			k++;
		if (k == n)
			list[n++] = (struct kr_digest__type){.class_ = x->types[i].class_};
		list[k].rows += x->types[i].rows;
	}
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k && list[k].rows > list[k - 1].rows; k--) {
			struct kr_digest__type t = list[k];

			list[k] = list[k - 1];
			list[k - 1] = t;
		}
	for (size_t i = 0; i < n && i < max; i++) {
		kr_buf_printf(b, "%s%llu ", i ? ", " : "", (unsigned long long)list[i].rows);
		kr_digest_plain(b, list[i].class_, 40);
	}
	if (n > max || x->other)
		kr_buf_c(b, ", ...");
}

void kr_digest__subject(struct kr_digest__sum *x)
{
	KR_AUTO_BUF b = KR_BUF(4096);
	KR_AUTO_BUF name = KR_BUF(1024);

	kr_digest_plain(&name, x->m->to.constituent_name, NAME_MAX_);
	kr_buf_printf(&b, "[TLP:%s] ", kr_tlp_text(x->d->tlp));
	kr_buf_printf(
		&b, kr_message_n(x->m->lang, "%llu event for %s", "%llu events for %s", x->d->rows),
		(unsigned long long)x->d->rows, kr_buf_cstr(&name));
	kr_buf_c(&b, ": ");
	classes(x, &b, CLASSES_MAX);
	kr_digest_plain(&x->d->subject, kr_buf_str(&b), KR_DIGEST_SUBJECT_MAX);
}

/* ---- rows ---- */

static bool put_field(struct kr_buf *b, const struct kr_event *e, enum kr_field f,
		      const char *before)
{
	char text[64];
	struct kr_buf small = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
	const union kr_value *v = kr_event_get(e, f);

	if (!v)
		return false;
	kr_buf_c(b, before);
	if (kr_field_info(f)->rep == KR_REP_TEXT) {
		kr_digest_plain(b, v->text, VALUE_MAX);
	} else {
		kr_field_text(f, v, &small);
		kr_buf_str_add(b, kr_buf_str(&small));
	}
	return true;
}

/* "198.51.100.7:80", "[2001:db8::7]:80" */
static bool put_address(struct kr_buf *b, const struct kr_event *e)
{
	const union kr_value *ip = kr_event_get(e, KR_F_SRC_IP);
	bool bracket = ip && ip->ip.family == 6 && kr_event_has(e, KR_F_SRC_PORT);

	if (!put_field(b, e, KR_F_SRC_IP, bracket ? "  [" : "  "))
		return false;
	put_field(b, e, KR_F_SRC_PORT, bracket ? "]:" : ":");
	return true;
}

/* "2026-11-20 10:30 +01:00  198.51.100.7:80  infected-system avalanche" */
void kr_digest__line(struct kr_digest__sum *x, const struct kr_stored_event *ev)
{
	static const enum kr_field where[] = {KR_F_SRC_FQDN,	KR_F_SRC_URL, KR_F_SRC_NETWORK,
					      KR_F_SRC_ACCOUNT, KR_F_DST_IP,  KR_F_DST_FQDN,
					      KR_F_DST_URL};
	struct kr_buf *b = &x->lines;
	const struct kr_event *e = ev->e;
	char text[KR_TIME_TEXT_MAX];
	bool found;

	kr_buf_printf(b, "  %s", kr_zone_text(x->m->zone, e->first, text));
	found = put_address(b, e);
	for (size_t i = 0; i < KR_ARRAY_LEN(where) && !found; i++)
		found = put_field(b, e, where[i], "  ");
	put_field(b, e, KR_F_CLASS_TYPE, "  ");
	if (!put_field(b, e, KR_F_MALWARE_NAME, " "))
		put_field(b, e, KR_F_CLASS_IDENTIFIER, " ");
	if (e->count > 1) {
		kr_buf_c(b, ", ");
		kr_buf_printf(
			b, kr_message_n(x->m->lang, "seen %llu time", "seen %llu times", e->count),
			(unsigned long long)e->count);
	}
	kr_buf_ch(b, '\n');
	x->n_lines++;
}

/* ---- parts of the text ---- */

static void head(struct kr_digest__sum *x, struct kr_buf *b)
{
	struct kr_str title = x->m->to.constituent_title.n ? x->m->to.constituent_title
							   : x->m->to.constituent_name;
	KR_AUTO_BUF name = KR_BUF(1024);
	char from[KR_TIME_TEXT_MAX], to[KR_TIME_TEXT_MAX];

	kr_digest_plain(&name, title, TITLE_MAX);
	kr_buf_printf(b, "TLP:%s. ", kr_tlp_text(x->d->tlp));
	kr_buf_printf(
		b, kr_message_n(x->m->lang, "%llu event for %s", "%llu events for %s", x->d->rows),
		(unsigned long long)x->d->rows, kr_buf_cstr(&name));
	kr_buf_c(b, ": ");
	classes(x, b, CLASSES_MAX);
	kr_buf_c(b, ".\n");
	kr_buf_printf(b, kr_message(x->m->lang, "Seen from %s to %s."),
		      kr_zone_text(x->m->zone, x->d->first, from),
		      kr_zone_text(x->m->zone, x->d->last, to));
	kr_buf_c(b, "\n\n");
	kr_buf_c(b,
		 kr_message(x->m->lang, "These systems are yours, as far as we know. Please look "
					"into it and tell us what you found."));
	kr_buf_c(b, "\n\n");
}

static void by_type(const struct kr_digest__sum *x, struct kr_buf *b)
{
	for (size_t i = 0; i < x->n_types; i++) {
		kr_buf_printf(b, "  %6llu  ", (unsigned long long)x->types[i].rows);
		kr_digest_plain(b, x->types[i].class_, 40);
		if (x->types[i].type.n) {
			kr_buf_c(b, " / ");
			kr_digest_plain(b, x->types[i].type, 60);
		}
		kr_buf_ch(b, '\n');
	}
	if (x->other)
		kr_buf_printf(b, "  %6llu  ...\n", (unsigned long long)x->other);
	kr_buf_ch(b, '\n');
}

static void rows(const struct kr_digest__sum *x, struct kr_buf *b)
{
	const struct kr_digest *d = x->d;

	if (x->n_lines && x->n_lines < d->rows) {
		kr_buf_printf(b, kr_message(x->m->lang, "The first %llu of %llu rows:"),
			      (unsigned long long)x->n_lines, (unsigned long long)d->rows);
		kr_buf_c(b, "\n");
	}
	kr_buf_str_add(b, kr_buf_str(&x->lines));
	if (x->n_lines)
		kr_buf_ch(b, '\n');
	kr_buf_printf(b, kr_message(x->m->lang, "All rows are in the table %s."), d->csv_name);
	kr_buf_ch(b, '\n');
	if (d->not_listed) {
		kr_buf_printf(b,
			      kr_message_n(x->m->lang,
					   "%llu row did not fit into the table; ask us for it.",
					   "%llu rows did not fit into the table; ask us for "
					   "them.",
					   d->not_listed),
			      (unsigned long long)d->not_listed);
		kr_buf_ch(b, '\n');
	}
	if (d->left_out) {
		kr_buf_printf(b,
			      kr_message_n(x->m->lang,
					   "%llu row was left out, since it was withdrawn.",
					   "%llu rows were left out, since they were withdrawn.",
					   d->left_out),
			      (unsigned long long)d->left_out);
		kr_buf_ch(b, '\n');
	}
	kr_buf_ch(b, '\n');
}

/* Without the '/' that may stand at its end. */
static size_t url_length(const char *url)
{
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		n--;
	return n;
}

static void answers(const struct kr_digest__sum *x, struct kr_buf *b)
{
	struct kr_link link = {.recipient = x->m->to.id,
			       .delivery = x->m->delivery,
			       .expires = x->m->at + x->o->link_us};
	char token[KR_LINK_TOKEN_MAX], until[KR_TIME_TEXT_MAX];

	if (!x->o->url || !*x->o->url || !x->m->delivery)
		return;
	kr_buf_printf(b,
		      kr_message(x->m->lang, "Tell us what is fixed, a false alarm or not yours, "
					     "until %s:"),
		      kr_zone_text(x->m->zone, link.expires, until));
	kr_buf_printf(b, "\n  %.*s/feedback/%s\n\n", (int)url_length(x->o->url), x->o->url,
		      kr_link_write(x->o->link_key, &link, token));
}

/* The rules of the register by which these rows are theirs. */
static int reasons(struct kr_digest__sum *x, struct kr_buf *b, struct kr_fault *reterr)
{
	KR_AUTO_BUF list = KR_BUF(4096);
	int r = 0;

	for (size_t i = 0; !r && i < x->n_rules; i++) {
		struct kr_rule rule;

		r = kr_store_rule_get(x->s, x->rules[i], x->a, &rule, reterr);
		if (r == -KR_ENOENT) {
			r = 0;
			continue;
		}
		if (r)
			return r;
		kr_buf_printf(&list, "%s%s ", list.n ? ", " : "", kr_rule_kind_text(rule.kind));
		kr_digest_plain(&list, rule.value, 100);
	}
	if (!list.n)
		return r;
	kr_buf_printf(b,
		      kr_message(x->m->lang, "You are told since this is registered for you: "
					     "%s."),
		      kr_buf_cstr(&list));
	if (x->more_rules)
		b->n -= !b->err;
	kr_buf_c(b, x->more_rules ? ", ...\n" : "\n");
	return r;
}

int kr_digest__text(struct kr_digest__sum *x, struct kr_fault *reterr)
{
	struct kr_buf *b = &x->d->text;
	char at[KR_TIME_TEXT_MAX];
	int r;

	head(x, b);
	by_type(x, b);
	rows(x, b);
	answers(x, b);
	r = reasons(x, b, reterr);
	if (x->d->tlp < KR_ARRAY_LEN(meanings) && meanings[x->d->tlp]) {
		kr_buf_c(b, kr_message(x->m->lang, meanings[x->d->tlp]));
		kr_buf_ch(b, '\n');
	}
	kr_buf_c(b, "\n-- \n");
	kr_zone_text(x->m->zone, x->m->at, at);
	if (x->m->delivery)
		kr_buf_printf(b, kr_message(x->m->lang, "%s, message %llu, %s"), x->o->node,
			      (unsigned long long)x->m->delivery, at);
	else
		kr_buf_printf(b, kr_message(x->m->lang, "%s, preview of what waits, %s"),
			      x->o->node, at);
	kr_buf_ch(b, '\n');
	return r;
}
