/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rest/encode.h"

#include "codec/codec.h"
#include "desk/report.h"
#include "model/audience.h"

#include <stdio.h>

/* Names of events' own members stand first, ready to be copied; the codec writes the fields. */
static void event_head(struct kr_buf *b, const struct kr_scope *scope,
		       const struct kr_stored_event *ev)
{
	char id[KR_EVENT_ID_TEXT_MAX];

	kr_buf_c(b, "{\"id\":\"");
	kr_buf_c(b, kr_stored_event_id(ev, id));
	if (kr_scope_subject(scope, KR_SUBJ_SOURCE)) {
		kr_buf_c(b, "\",\"source\":\"");
		kr_json_escape(b, ev->source);
	}
	kr_buf_ch(b, '"');
	if (kr_scope_subject(scope, KR_SUBJ_REPORT) && ev->report) {
		kr_buf_c(b, ",\"report\":");
		kr_buf_u64(b, ev->report);
	}
	kr_buf_c(b, ",\"constituents\":[");
	for (size_t i = 0; i < ev->n_constituents; i++) {
		kr_buf_c(b, i ? ",\"" : "\"");
		kr_json_escape(b, ev->constituents[i]);
		kr_buf_ch(b, '"');
	}
	kr_buf_c(b, "],\"label\":\"");
	kr_buf_c(b, kr_tlp_text(kr_tlp_effective(ev->e->label)));
	kr_buf_ch(b, '"');
}

void kr_rest__event(const struct kr_rest *rest, struct kr_buf *b, const struct kr_scope *scope,
		    const struct kr_stored_event *ev, bool open)
{
	size_t at;

	event_head(b, scope, ev);
	/* The codec writes "{...}\n": its brace becomes a comma, so that there is one object. */
	at = b->n;
	rest->json->item(b, ev->e, true, NULL);
	if (b->err)
		return;
	b->p[at] = ',';
	b->n -= open ? 2 : 1;
}

void kr_rest__report(struct kr_json_out *o, const struct kr_report *r)
{
	char hash[KR_HASH_SIZE * 2 + 1];

	kr_json_object(o);
	kr_rest__kuint(o, "id", r->id);
	kr_json_kstr(o, "source", r->source);
	kr_json_kstr(o, "name", r->name);
	kr_rest__knull(o, "format", r->format);
	kr_json_kstr(o, "state", kr_str_c(kr_desk_report_state_text(r->state)));
	kr_rest__knull(o, "reason", r->reason);
	kr_json_kstr(o, "hash", kr_str_c(kr_hash_text(&r->hash, hash)));
	kr_json_kstr(o, "retention", kr_str_c(kr_retention_text(r->class_)));
	kr_rest__kday(o, "day", r->day);
	kr_rest__ktime(o, "spooled", r->spooled);
	kr_rest__ktime(o, "taken", r->taken);
	kr_rest__ktime(o, "observed", r->observed);
	kr_rest__kuint(o, "bytes", r->bytes);
	kr_rest__kuint(o, "records", r->total.read);
	kr_rest__kuint(o, "new", r->total.fresh);
	kr_rest__kuint(o, "aggregated", r->total.aggregated);
	kr_rest__kuint(o, "refused", r->total.refused);
	kr_rest__kuint(o, "unrouted", r->total.unrouted);
	kr_json_object_end(o);
}

static struct kr_str span(int64_t us, char text[KR_TIME_TEXT_MAX])
{
	return us < 0 ? KR_STR("never") : us ? kr_str_c(kr_span_text(us, text)) : KR_STR("");
}

void kr_rest__source(struct kr_json_out *o, const struct kr_source *s)
{
	char text[KR_TIME_TEXT_MAX];

	kr_json_object(o);
	kr_json_kstr(o, "name", s->name);
	kr_rest__knull(o, "format", s->format);
	kr_rest__knull(o, "mapping", s->mapping);
	kr_rest__knull(o, "provider", s->provider);
	kr_rest__knull(o, "url", s->url);
	kr_rest__knull(o, "note", s->note);
	kr_json_kstr(o, "retention", kr_str_c(kr_retention_text(s->retention)));
	kr_json_kstr(o, "tlp", kr_str_c(kr_tlp_text(s->tlp)));
	kr_rest__knull(o, "pap", kr_str_c(kr_pap_text(s->pap)));
	kr_rest__knull(o, "kind", s->kind);
	kr_rest__knull(o, "interval", span(s->interval_us, text));
	kr_rest__knull(o, "silent_after", span(s->silent_after_us, text));
	kr_json_kbool(o, "enabled", !s->disabled);
	kr_rest__ktime(o, "created", s->created);
	kr_rest__ktime(o, "changed", s->changed);
	kr_rest__kuint(o, "revision", s->revision);
	kr_json_object_end(o);
}

void kr_rest__constituent(struct kr_json_out *o, const struct kr_constituent *c)
{
	kr_json_object(o);
	kr_json_kstr(o, "name", c->name);
	kr_rest__knull(o, "title", c->title);
	kr_rest__knull(o, "sector", c->sector);
	kr_rest__knull(o, "country", c->country);
	kr_rest__knull(o, "contact", c->contact);
	kr_rest__knull(o, "language", c->language);
	kr_rest__knull(o, "note", c->note);
	kr_json_kbool(o, "retired", c->retired);
}
