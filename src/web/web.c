/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: kr_web holds what every page needs and never changes while it serves, so that
 * handlers on any thread read it without locks. A page reads the store, writes HTML into one
 * bounded buffer, and gives the buffer to the server. Work is bounded: counters come from stats.db,
 * lists have limits, and an expression looks at scan_max rows at most and hands out a cursor to go
 * on.
 */
#include "web/web.h"

#include <stdlib.h>

#include "web/page.h"
#include "web/routes.h"

static const char *keep(struct kr_arena *a, const char *text, const char *fallback)
{
	return kr_arena_dup(a, kr_str_c(text && text[0] ? text : fallback)).p;
}

static void copy_opts(struct kr_web *w, const struct kr_web_opts *o)
{
	const char **lines = kr_arena_calloc(w->arena, o->n_attribution + 1, sizeof(*lines));

	w->o = *o;
	w->o.node_name = keep(w->arena, o->node_name, "karaula");
	w->o.lang = keep(w->arena, o->lang, "en");
	w->o.public_url = keep(w->arena, o->public_url, "");
	for (size_t i = 0; i < o->n_attribution; i++)
		lines[i] = keep(w->arena, o->attribution[i], "");
	w->o.attribution = lines;
	if (!w->o.scan_max)
		w->o.scan_max = 500000;
	if (!w->o.query_us)
		w->o.query_us = 20000000;
	if (!w->o.export_max)
		w->o.export_max = 100000;
	if (w->o.pap_open == KR_PAP_NONE)
		w->o.pap_open = KR_PAP_GREEN;
	if (w->o.pap_default == KR_PAP_NONE)
		w->o.pap_default = KR_PAP_AMBER;
}

struct kr_web *kr_web_new(const struct kr_web_opts *o)
{
	struct kr_web *w = kr_xcalloc(1, sizeof(*w));

	w->arena = kr_arena_new(0);
	w->store = o->store;
	copy_opts(w, o);
	kr_web__assets_init(&w->assets);
	kr_web__metrics_init(w);
	return w;
}

struct kr_http_mount kr_web_mount(struct kr_web *w)
{
	struct kr_http_mount m = {.ctx = w, .error = kr_web__error};

	m.routes = kr_web__routes(&m.n_routes);
	return m;
}

void kr_web_free(struct kr_web *w)
{
	if (!w)
		return;
	kr_metrics_free(w->own_metrics);
	kr_arena_free(w->arena);
	free(w);
}
