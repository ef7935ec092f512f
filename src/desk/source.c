/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/source.h"

#include <stdio.h>

#include "base/near.h"
#include "base/time.h"
#include "desk/source_kind.h"
#include "store/read.h"
#include "store/write.h"

static int unknown(const char *what, struct kr_str given, const char *valid,
		   struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no %s", (int)KR_MIN(given.n, (size_t)60),
		     given.p, what);
	kr_fault_remedy(reterr, "%s", valid);
	return -KR_EINVAL;
}

static int set_format(struct kr_str text, struct kr_source *src, struct kr_fault *reterr)
{
	const struct kr_codec *c = kr_codec_find(text);
	KR_AUTO_BUF known = KR_BUF(1000);

	if (text.n && (!c || !(c->caps & KR_CODEC_READ))) {
		kr_buf_c(&known, "formats are: ");
		for (size_t i = 0; (c = kr_codec_at(i)); i++)
			if (c->caps & KR_CODEC_READ)
				kr_buf_printf(&known, "%s%s", i ? ", " : "", c->name);
		return unknown("format that can be read", text, kr_buf_cstr(&known), reterr);
	}
	src->format = text.n ? kr_str_c(c->name) : text;
	return 0;
}

static int set_mapping(struct kr_store *s, struct kr_str text, struct kr_arena *a,
		       struct kr_source *src, struct kr_fault *reterr)
{
	struct kr_near near = KR_NEAR(text);
	struct kr_mapping_row *rows;
	char remedy[160] = "karaula source mapping list shows all";
	bool found = !text.n;
	size_t n;
	int r = kr_store_mapping_list(s, a, &rows, &n, reterr);

	for (size_t i = 0; !r && i < n; i++) {
		found |= kr_str_eq(rows[i].name, text);
		kr_near_offer(&near, rows[i].name);
	}
	if (!r && !found) {
		if (near.best.p)
			snprintf(remedy, sizeof(remedy), "did you mean '%.*s'?",
				 KR_STR_ARG(near.best));
		r = unknown("mapping of this node", text, remedy, reterr);
	}
	src->mapping = text;
	return r;
}

static int set_labels(const struct kr_desk_source_change *c, enum kr_tlp tlp_default,
		      struct kr_source *src, struct kr_fault *reterr)
{
	if (c->retention.p && !c->retention.n)
		src->retention = KR_RETAIN_STANDARD;
	else if (c->retention.p && kr_retention_parse(c->retention, &src->retention) < 0)
		return unknown("retention class", c->retention, "write short, standard or long",
			       reterr);
	if (c->tlp.p && !c->tlp.n)
		src->tlp = tlp_default;
	else if (c->tlp.p && (kr_tlp_parse(c->tlp, &src->tlp) < 0 || src->tlp == KR_TLP_NONE))
		return unknown("TLP", c->tlp, "write CLEAR, GREEN, AMBER or AMBER+STRICT", reterr);
	if (c->pap.p && !c->pap.n)
		src->pap = KR_PAP_NONE;
	else if (c->pap.p && kr_pap_parse(c->pap, &src->pap) < 0)
		return unknown("PAP", c->pap, "write CLEAR, GREEN, AMBER or RED", reterr);
	return 0;
}

/* Texts that people wrote: at most a line or two, nothing that steers a terminal. */
static int set_text(const char *what, struct kr_str text, struct kr_str *to,
		    struct kr_fault *reterr)
{
	if (!text.p)
		return 0;
	if (text.n > 1000)
		return unknown(what, kr_str_first(text, 60), "write at most 1,000 bytes", reterr);
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return unknown(what, KR_STR("(control character)"), "write it on one line",
				       reterr);
	if (kr_utf8_valid(text) != text.n)
		return unknown(what, KR_STR("(not UTF-8)"), "write it in UTF-8", reterr);
	*to = text;
	return 0;
}

/* ---- how it runs by itself ---- */

#define INTERVAL_MIN (10 * KR_SECOND)
#define SPAN_MAX     (400 * KR_DAY)

static int set_kind(struct kr_str text, struct kr_source *src, struct kr_fault *reterr)
{
	KR_AUTO_BUF known = KR_BUF(500);
	const struct kr_source_kind *k;

	if (!text.p || kr_str_eq(text, src->kind))
		return 0;
	if (text.n && !kr_source_kind_find(text)) {
		kr_buf_c(&known, "kinds are: ");
		for (size_t i = 0; (k = kr_source_kind_at(i)); i++)
			kr_buf_printf(&known, "%s%s", i ? ", " : "", k->name);
		return unknown("kind of source", text, kr_buf_cstr(&known), reterr);
	}
	src->kind = text;
	/* Options belong to a kind. */
	src->options = KR_STR_NULL;
	return 0;
}

static int set_spans(const struct kr_desk_source_change *c, struct kr_source *src,
		     struct kr_fault *reterr)
{
	int64_t us = 0;

	if (c->interval.n &&
	    (kr_span_parse(c->interval, &us) || us < INTERVAL_MIN || us > SPAN_MAX))
		return unknown("interval", c->interval, "write 10s to 400d, e.g. 15m or 1h",
			       reterr);
	if (c->interval.p)
		src->interval_us = us;
	if (!c->silent_after.p)
		return 0;
	us = 0;
	if (kr_str_eqc(c->silent_after, "never"))
		us = KR_SOURCE_NEVER;
	else if (c->silent_after.n &&
		 (kr_span_parse(c->silent_after, &us) || us < KR_SECOND || us > SPAN_MAX))
		return unknown("time of silence", c->silent_after,
			       "write a span up to 400d, e.g. 36h, or never", reterr);
	src->silent_after_us = us;
	return 0;
}

static int set_switches(const struct kr_desk_source_change *c, struct kr_source *src,
			struct kr_fault *reterr)
{
	if (c->secret.n && !kr_source_secret_valid(c->secret))
		return unknown("name of a secret", KR_STR("(as given)"),
			       "name a file below DIR/secrets/, not the secret itself: letters, "
			       "digits, '-', '_' and '.'",
			       reterr);
	if (c->secret.p)
		src->secret = c->secret;
	if (!c->enabled.p)
		return 0;
	if (c->enabled.n && !kr_str_eqc(c->enabled, "yes") && !kr_str_eqc(c->enabled, "no"))
		return unknown("yes or no", c->enabled, "write yes or no", reterr);
	src->disabled = kr_str_eqc(c->enabled, "no");
	return 0;
}

static int set_options(const struct kr_desk_source_change *c, struct kr_arena *a,
		       struct kr_source *src, struct kr_fault *reterr)
{
	const struct kr_source_kind *k = kr_source_kind_find(src->kind);
	int r = 0;

	if (c->n_options && !k) {
		kr_fault_set(reterr, -KR_EINVAL, "a source that does not run has no options");
		kr_fault_remedy(reterr, "give it a kind, e.g. --kind http");
		return -KR_EINVAL;
	}
	for (size_t i = 0; !r && i < c->n_options; i++)
		r = kr_source_option_set(k, src->options, c->options[i], a, &src->options, reterr);
	return r;
}

/* The address fits the kind; what is wrong with a URL beyond that is told when it is asked. */
static int check_address(const struct kr_source *src, struct kr_fault *reterr)
{
	struct kr_str url = kr_source_url(src);
	ptrdiff_t start = kr_str_find(url, KR_STR("://")), slash, at;

	if (!src->kind.n)
		return 0;
	if (!url.n)
		return unknown("address", KR_STR(""), "name it with --url", reterr);
	if (kr_str_eqc(src->kind, "directory"))
		return url.p[0] == '/'
			       ? 0
			       : unknown("folder", url,
					 "write its whole path, e.g. /var/spool/reports", reterr);
	if (!kr_str_istarts(url, KR_STR("http://")) && !kr_str_istarts(url, KR_STR("https://")))
		return unknown("address that can be fetched", kr_str_first(url, 40),
			       "begin it with https:// or http://", reterr);
	url = kr_str_from(url, (size_t)start + 3);
	slash = kr_str_chr(url, '/');
	at = kr_str_chr(url, '@');
	if (at >= 0 && (slash < 0 || at < slash)) {
		kr_fault_set(reterr, -KR_EINVAL, "the address holds a user or a password");
		kr_fault_remedy(reterr, "put USER:PASSWORD into a file below DIR/secrets/, mode "
					"0600, and name it with --secret and --option auth=basic");
		return -KR_EINVAL;
	}
	return 0;
}

static int apply_run(const struct kr_desk_source_change *c, struct kr_arena *a,
		     struct kr_source *src, struct kr_fault *reterr)
{
	int r = set_kind(c->kind, src, reterr);

	if (!r)
		r = set_spans(c, src, reterr);
	if (!r)
		r = set_switches(c, src, reterr);
	if (!r)
		r = set_options(c, a, src, reterr);
	return r ? r : check_address(src, reterr);
}

static int apply(struct kr_store *s, const struct kr_desk_source_change *c, enum kr_tlp tlp_default,
		 struct kr_arena *a, struct kr_source *src, struct kr_fault *reterr)
{
	int r = c->format.p ? set_format(c->format, src, reterr) : 0;

	if (!r && c->mapping.p)
		r = set_mapping(s, c->mapping, a, src, reterr);
	if (!r)
		r = set_labels(c, tlp_default, src, reterr);
	if (!r)
		r = set_text("provider", c->provider, &src->provider, reterr);
	if (!r)
		r = set_text("URL", c->url, &src->url, reterr);
	if (!r)
		r = set_text("note", c->note, &src->note, reterr);
	return r ? r : apply_run(c, a, src, reterr);
}

int kr_desk_source_add(struct kr_store *s, const struct kr_by *by, struct kr_str name,
		       const struct kr_desk_source_change *c, enum kr_tlp tlp_default,
		       struct kr_arena *a, struct kr_source *ret, struct kr_fault *reterr)
{
	struct kr_source src = {.name = name, .retention = KR_RETAIN_STANDARD, .tlp = tlp_default};
	int r = apply(s, c, tlp_default, a, &src, reterr);

	if (!r)
		r = kr_store_source_put(s, by, &src, &src.id, reterr);
	return r ? r : kr_store_source_get(s, name, a, ret, reterr);
}

int kr_desk_source_edit(struct kr_store *s, const struct kr_by *by, struct kr_str name,
			const struct kr_desk_source_change *c, enum kr_tlp tlp_default,
			struct kr_arena *a, struct kr_source *ret, struct kr_fault *reterr)
{
	struct kr_source src;
	int r = kr_store_source_get(s, name, a, &src, reterr);

	if (!r && c->revision && c->revision != src.revision)
		r = kr_fault_set(reterr, -KR_EEXIST, "source '%.*s' was changed meanwhile",
				 KR_STR_ARG(name));
	if (!r)
		r = apply(s, c, tlp_default, a, &src, reterr);
	if (!r)
		r = kr_store_source_put(s, by, &src, &src.id, reterr);
	return r ? r : kr_store_source_get(s, name, a, ret, reterr);
}
