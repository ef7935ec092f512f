/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the digest comes from the renderer that pages and `delivery show` ask too. JSON
 * and XARF are written by the codecs over the same mailing, so through the same scope: no sink sees
 * an event that the recipient may not.
 */
#include "pipe/compose.h"

#include "codec/codec.h"
#include "desk/delivery.h"
#include "model/mailaddr.h"

#define JSON_MAX ((size_t)128 << 20)
#define XARF_MAX ((size_t)16 << 20)

/* Is the word in a list like "csv,xarf"? */
static bool wishes(struct kr_str format, const char *word)
{
	struct kr_str rest = format, piece;

	while (kr_str_split(&rest, ',', &piece))
		if (kr_str_ieq(kr_str_trim(piece), kr_str_c(word)))
			return true;
	return false;
}

struct writing {
	struct kr_letter *l;
	const struct kr_codec *idf, *xarf; /* NULL: not wished */
	struct kr_codec_write_opts opts;
	struct kr_arena *a;
	size_t *ends; /* of documents in xarf_all */
	bool first;
};

static struct kr_str line(struct kr_buf *b, size_t from)
{
	return kr_str_trim(kr_str_n(b->p + from, b->n - from));
}

static void add_json(struct writing *w, const struct kr_event *e)
{
	size_t before = w->l->json.n;

	if (!w->first)
		kr_buf_ch(&w->l->json, ',');
	w->idf->item(&w->l->json, e, w->first, &w->opts);
	/* The codec ends a line; between elements of an array it is only a blank. */
	if (w->l->json.n == before)
		w->l->json.err = -KR_ELIMIT;
	w->first = false;
}

static void add_xarf(struct writing *w, const struct kr_event *e)
{
	struct kr_buf *b = &w->l->xarf_all;
	size_t before = b->n;

	if (w->l->n_xarf == KR_LETTER_XARF_MAX)
		return;
	w->xarf->item(b, e, true, &w->opts);
	/* Not every event has a form in XARF. */
	if (b->err || !line(b, before).n)
		return;
	w->ends[w->l->n_xarf++] = b->n;
}

static bool each(void *ctx, struct kr_outbox_row *row, const struct kr_stored_event *ev)
{
	struct writing *w = ctx;

	(void)row;
	if (!ev)
		return true;
	if (w->idf)
		add_json(w, ev->e);
	if (w->xarf)
		add_xarf(w, ev->e);
	return true;
}

static void cut(struct writing *w)
{
	struct kr_letter *l = w->l;
	size_t from = 0;

	l->xarf = kr_arena_calloc(w->a, l->n_xarf + 1, sizeof(*l->xarf));
	for (size_t i = 0; l->xarf && i < l->n_xarf; i++) {
		l->xarf[i] = kr_str_trim(kr_str_n(l->xarf_all.p + from, w->ends[i] - from));
		from = w->ends[i];
	}
}

static void says_who(struct writing *w, const struct kr_conf *conf)
{
	struct kr_str from;

	w->opts = kr_codec_write_opts_default();
	w->opts.plain = true;
	if (conf->reporter_org[0] && conf->reporter_contact[0] && conf->reporter_domain[0]) {
		w->opts.reporter = (struct kr_codec_org){
			.name = kr_str_c(conf->reporter_org),
			.contact = kr_str_c(conf->reporter_contact),
			.domain = kr_str_c(conf->reporter_domain),
		};
		return;
	}
	if (kr_mailaddr_parse(kr_str_c(conf->mail_from), w->a, &from, NULL))
		from = KR_STR_NULL;
	w->opts.reporter = (struct kr_codec_org){
		.name = kr_str_c(conf->mail_from_name[0] ? conf->mail_from_name : conf->node_name),
		.contact = from,
		.domain = kr_mailaddr_domain(from),
	};
}

static int write_forms(struct kr_store *s, const struct kr_conf *conf, struct kr_desk_mailing *m,
		       bool json, struct kr_arena *a, struct kr_letter *l, struct kr_fault *reterr)
{
	struct writing w = {.l = l, .a = a, .first = true};
	int err;

	if (json || wishes(m->to.format, "json"))
		w.idf = kr_codec_find(KR_STR("idf"));
	if (wishes(m->to.format, "xarf"))
		w.xarf = kr_codec_find(KR_STR("xarf"));
	w.ends = kr_arena_calloc(a, KR_LETTER_XARF_MAX, sizeof(*w.ends));
	if ((!w.idf && !w.xarf) || !w.ends)
		return 0;
	says_who(&w, conf);
	w.opts.written = m->at;
	if (w.xarf && !kr_codec_can_write(w.xarf, &w.opts))
		w.xarf = NULL; /* no reporter is named */
	if (w.idf)
		kr_buf_ch(&l->json, '[');
	err = kr_desk_mailing_each(s, m, each, &w, reterr);
	if (w.idf)
		kr_buf_ch(&l->json, ']');
	cut(&w);
	if (err < 0)
		return err;
	if (l->json.err || l->xarf_all.err || !l->xarf)
		return kr_fault_set(reterr, -KR_ELIMIT, "the events of a delivery are too many");
	return 0;
}

int kr_letter_make(struct kr_store *s, const struct kr_conf *conf, uint64_t delivery, bool json,
		   struct kr_arena *a, struct kr_letter *ret, struct kr_fault *reterr)
{
	struct kr_desk_mailing m;
	struct kr_digest_opts o;
	int err;

	*ret = (struct kr_letter){.json = KR_BUF(JSON_MAX), .xarf_all = KR_BUF(XARF_MAX)};
	err = kr_digest_opts(s, conf, &o, reterr);
	if (!err)
		err = kr_desk_mailing_of(s, conf, &KR_SCOPE_ALL, delivery, a, &m, reterr);
	if (err)
		return err;
	err = kr_digest_make(s, &m, &o, &ret->digest, reterr);
	if (!err)
		err = write_forms(s, conf, &m, json, a, ret, reterr);
	/* A report that is being taken again has no rows for a while: they are told later. */
	if (err >= 0 && kr_desk_mailing_release(s, &m, reterr))
		err = -KR_EUNAVAIL;
	kr_desk_mailing_done(&m);
	return err;
}

void kr_letter_done(struct kr_letter *l)
{
	kr_digest_done(&l->digest);
	kr_buf_done(&l->json);
	kr_buf_done(&l->xarf_all);
}
