/* SPDX-License-Identifier: Apache-2.0 */
#include "web/rules.h"

#include <stdlib.h>

#include "model/expr.h"

struct tally {
	struct kr_page *p;
	struct kr_str constituent;
	struct kr_web_rule_hit *hits;
	size_t n;
	uint64_t of;
	int err;
};

static const char *kind_text(struct kr_page *p, enum kr_rule_kind k)
{
	switch (k) {
	case KR_RULE_PREFIX: return T(p, "prefix");
	case KR_RULE_DOMAIN: return T(p, "domain");
	case KR_RULE_ASN: return T(p, "AS");
	case KR_RULE_COUNTRY: return T(p, "country");
	}
	return "";
}

void kr_web__rule(struct kr_page *p, const struct kr_rule *rule)
{
	kr_html_open(&p->h, "span");
	kr_html_attr_c(&p->h, "class", "rule");
	kr_html_el_c(&p->h, "span", kind_text(p, rule->kind));
	kr_html_c(&p->h, " ");
	kr_html_open(&p->h, "code");
	kr_html_cut(&p->h, rule->value, 80);
	kr_html_close(&p->h, "code");
	if (rule->retired) {
		kr_html_c(&p->h, " ");
		kr_web__tag(p, "plain", T(p, "retired"));
	}
	kr_html_close(&p->h, "span");
}

/* A rule id names its constituent too, so each is asked for once. */
static void count_owner(struct tally *t, const struct kr_owner *o)
{
	struct kr_constituent c;

	for (size_t i = 0; i < t->n; i++) {
		if (t->hits[i].id == o->rule) {
			t->hits[i].rows += !t->hits[i].other;
			return;
		}
	}
	if (t->n == KR_WEB_RULE_HITS_MAX)
		return;
	if (kr_store_owner_get(t->p->w->store, o, t->p->a, &c, &t->hits[t->n].rule, NULL) < 0)
		return;
	/* Rules of other owners of the event stay at 0: kept so as not to ask again. */
	t->hits[t->n].id = o->rule;
	t->hits[t->n].other = !kr_str_eq(c.name, t->constituent);
	t->hits[t->n].rows = !t->hits[t->n].other;
	t->n++;
}

static bool count_event(void *ctx, const struct kr_stored_event *ev)
{
	struct tally *t = ctx;

	t->of++;
	for (uint32_t i = 0; i < ev->e->n_owners; i++)
		count_owner(t, &ev->e->owners[i]);
	return true;
}

static int by_rows(const void *a, const void *b)
{
	const struct kr_web_rule_hit *x = a, *y = b;

	return x->rows < y->rows ? 1 : x->rows > y->rows ? -1 : x->id < y->id ? -1 : x->id > y->id;
}

int kr_web__rule_hits(struct kr_page *p, struct kr_str constituent, uint32_t events,
		      struct kr_web_rule_hit **ret, size_t *ret_n, uint64_t *ret_of)
{
	struct tally t = {.p = p, .constituent = constituent};
	struct kr_expr_opts opts = {.now = p->now};
	struct kr_event_query q = {.limit = events,
				   .scan_max = p->w->o.scan_max,
				   .progress = kr_web__patient,
				   .ctx = &p->until_us};
	KR_AUTO(kr_arena) *scan = kr_arena_new(KR_WEB_SCAN_ARENA);
	struct kr_event_page page;
	struct kr_expr *x;
	int err = kr_expr_parse(kr_web__expr(p, KR_SUBJ_CONSTITUENT, KR_F_NONE, constituent), &opts,
				p->a, &x, p->fault);

	t.hits = kr_arena_calloc(p->a, KR_WEB_RULE_HITS_MAX, sizeof(*t.hits));
	if (err || !t.hits)
		return err ? err
			   : kr_fault_set(p->fault, -KR_ELIMIT, "the page needs too much memory");
	q.expr = x;
	err = kr_store_event_list(p->w->store, &p->scope, &q, count_event, &t, scan, &page,
				  p->fault);
	if (err < 0)
		return kr_web__too_long(err, p->fault);
	qsort(t.hits, t.n, sizeof(*t.hits), by_rows);
	while (t.n && !t.hits[t.n - 1].rows)
		t.n--;
	*ret = t.hits;
	*ret_n = t.n;
	*ret_of = t.of;
	return 0;
}
