/* SPDX-License-Identifier: Apache-2.0 */
/* karaula event show: all that is known of one event, who owns it by which rule, and the raw line
 * it came from. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/event_out.h"
#include "cli/node.h"
#include "desk/report.h"
#include "model/label.h"

#define RAW_MAX		  ((size_t)64 << 10)
#define CONTRIBUTIONS_MAX 1000
#define SHOWN_MAX	  ((size_t)16 << 20)

struct owner {
	struct kr_constituent constituent;
	struct kr_rule rule;
};

struct showing {
	struct kr_stored_event ev;
	struct owner *owners;
	size_t n_owners;
	struct kr_report report;
	struct kr_desk_piece raw;
	struct kr_fault raw_fault; /* code set: why there are no raw bytes */
	struct kr_contribution *contributions;
	size_t n_contributions;
};

/* ---- reading ---- */

static int read_owners(struct kr_cli *c, struct showing *s)
{
	const struct kr_event *e = s->ev.e;

	s->owners = kr_arena_calloc(c->arena, e->n_owners + 1, sizeof(*s->owners));
	for (uint32_t i = 0; s->owners && i < e->n_owners; i++) {
		struct owner *o = &s->owners[s->n_owners];
		int err = kr_store_owner_get(c->node->store, &e->owners[i], c->arena,
					     &o->constituent, &o->rule, &c->fault);

		if (err && err != -KR_ENOENT)
			return err;
		s->n_owners += err == 0;
	}
	return 0;
}

static int read_all(struct kr_cli *c, struct showing *s)
{
	struct kr_store *store = c->node->store;
	struct kr_event_id id;
	int err;

	if (kr_store_event_id_parse(store, &c->scope, kr_str_c(kr_cli_arg(c, 0)), &id) < 0) {
		kr_fault_set(&c->fault, -KR_EINVAL, "'%.60s' is no id of an event",
			     kr_cli_arg(c, 0));
		kr_fault_remedy(&c->fault,
				"karaula event list shows ids, e.g. 20261121-standard-1-48213");
		return -KR_EINVAL;
	}
	err = kr_store_event_get(store, &c->scope, &id, c->arena, &s->ev, &c->fault);
	if (!err)
		err = read_owners(c, s);
	if (!err)
		err = kr_store_event_contributions(store, &c->scope, &id, CONTRIBUTIONS_MAX,
						   c->arena, &s->contributions, &s->n_contributions,
						   &c->fault);
	if (!err)
		err = kr_store_report_get(store, &c->scope, s->ev.report, c->arena, &s->report,
					  &c->fault);
	if (err)
		return err;
	/* An event is shown even if its raw line is gone. */
	s->raw.offset = s->ev.e->offset;
	s->raw.length = s->ev.e->length;
	if (kr_desk_report_pieces(store, &c->scope, s->ev.report, &s->raw, 1, RAW_MAX, c->arena,
				  &s->raw_fault) == 0)
		s->raw_fault.code = 0;
	return 0;
}

/* ---- JSON ---- */

static void json_owners(struct kr_json_out *o, const struct showing *s)
{
	kr_json_key(o, KR_STR("owners"));
	kr_json_array(o);
	for (size_t i = 0; i < s->n_owners; i++) {
		kr_json_object(o);
		kr_json_kstr(o, "constituent", s->owners[i].constituent.name);
		kr_json_kstr(o, "title", s->owners[i].constituent.title);
		kr_json_kstr(o, "rule", kr_str_c(kr_rule_kind_text(s->owners[i].rule.kind)));
		kr_json_kstr(o, "value", s->owners[i].rule.value);
		kr_json_object_end(o);
	}
	kr_json_array_end(o);
}

static void json_contributions(struct kr_json_out *o, const struct showing *s)
{
	char text[KR_TIME_TEXT_MAX];

	kr_json_key(o, KR_STR("contributions"));
	kr_json_array(o);
	for (size_t i = 0; i < s->n_contributions; i++) {
		const struct kr_contribution *k = &s->contributions[i];

		kr_json_object(o);
		kr_json_kint(o, "report", (int64_t)k->report);
		kr_json_kint(o, "offset", (int64_t)k->offset);
		kr_json_kint(o, "length", k->length);
		kr_json_kint(o, "part", k->part);
		kr_json_kstr(o, "time", kr_str_c(kr_time_text(k->time, text)));
		kr_json_object_end(o);
	}
	kr_json_array_end(o);
}

static void print_json(struct kr_cli *c, const struct showing *s)
{
	KR_AUTO_BUF b = KR_BUF(SHOWN_MAX), more = KR_BUF(SHOWN_MAX);
	struct kr_json_out o = KR_JSON_OUT(&more);

	kr_event_out_json(&b, &s->ev, true);
	kr_json_object(&o);
	kr_json_kstr(&o, "report_name", s->report.name);
	kr_json_kint(&o, "line", (int64_t)s->raw.line);
	kr_json_kint(&o, "offset", (int64_t)s->raw.offset);
	if (!s->raw_fault.code) {
		kr_json_kstr(&o, "raw", s->raw.bytes);
		kr_json_kbool(&o, "raw_cut", s->raw.cut);
	}
	json_owners(&o, s);
	json_contributions(&o, s);
	kr_json_object_end(&o);
	/* Two objects into one. */
	kr_buf_ch(&b, ',');
	kr_buf_str_add(&b, kr_str_from(kr_buf_str(&more), 1));
	kr_buf_ch(&b, '\n');
	if (!b.err && !more.err)
		fwrite(b.p, 1, b.n, c->out);
}

/* ---- text and CSV ---- */

struct lines {
	struct kr_cli *c;
	struct kr_table *table; /* for --csv */
	struct kr_buf shown;
};

static void heading(struct lines *l, const char *title)
{
	if (!l->table)
		fprintf(l->c->out, "\n%s%s%s\n", l->c->colour ? "\033[1m" : "",
			kr_text(l->c->lang, title), l->c->colour ? "\033[0m" : "");
}

static void line(struct lines *l, struct kr_str name, struct kr_str value)
{
	if (l->table) {
		kr_table_row(l->table, (struct kr_str[]){name, value});
		return;
	}
	kr_buf_clear(&l->shown);
	kr_cli_shown(&l->shown, name);
	/* At least two blanks between name and value. */
	kr_buf_c(&l->shown, "  ");
	while (l->shown.n < 28)
		kr_buf_ch(&l->shown, ' ');
	kr_cli_shown(&l->shown, value);
	fprintf(l->c->out, "  %s\n", kr_buf_cstr(&l->shown));
}

static void number_line(struct lines *l, const char *name, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	line(l, kr_str_c(name), kr_str_c(text));
}

static void time_line(struct lines *l, const char *name, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	if (t != KR_TIME_NONE)
		line(l, kr_str_c(name), kr_str_c(kr_time_text(t, text)));
}

static void print_fields(struct lines *l, const struct kr_event *e)
{
	KR_AUTO_BUF b = KR_BUF(SHOWN_MAX), key = KR_BUF(65536);

	heading(l, N_("Fields"));
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		const union kr_value *v = kr_event_get(e, f);

		if (!v)
			continue;
		kr_buf_clear(&b);
		kr_field_text(f, v, &b);
		line(l, kr_field_info(f)->name_str, kr_buf_str(&b));
	}
	for (const struct kr_extra *x = e->extra; x; x = x->next) {
		kr_buf_clear(&key);
		kr_buf_c(&key, "extra.");
		kr_buf_str_add(&key, x->key);
		line(l, kr_buf_str(&key), x->value);
	}
}

static void print_owners(struct lines *l, const struct showing *s)
{
	KR_AUTO_BUF b = KR_BUF(65536);

	heading(l, N_("Owners"));
	if (!s->n_owners && !l->table)
		fprintf(l->c->out, "  %s\n",
			kr_text(l->c->lang, "nobody: no prefix, domain, AS or country of a "
					    "constituent covers it"));
	for (size_t i = 0; i < s->n_owners; i++) {
		const struct owner *o = &s->owners[i];

		kr_buf_clear(&b);
		kr_buf_printf(&b, kr_text(l->c->lang, "by %s %.*s%s"),
			      kr_rule_kind_text(o->rule.kind), KR_STR_ARG(o->rule.value),
			      o->constituent.title.n ? ", " : "");
		kr_buf_str_add(&b, o->constituent.title);
		line(l, o->constituent.name, kr_buf_str(&b));
	}
}

static void print_raw(struct lines *l, const struct showing *s)
{
	char title[128], why[400];

	if (s->raw_fault.code) {
		heading(l, N_("Raw record"));
		if (!l->table)
			fprintf(l->c->out, "  %s\n",
				kr_fault_text(&s->raw_fault, why, sizeof(why)));
		return;
	}
	if (l->table) {
		line(l, KR_STR("raw"), s->raw.bytes);
		return;
	}
	snprintf(title, sizeof(title), kr_text(l->c->lang, "Raw record (line %llu)"),
		 (unsigned long long)s->raw.line);
	heading(l, title);
	kr_buf_clear(&l->shown);
	kr_cli_shown(&l->shown, s->raw.bytes);
	fprintf(l->c->out, "  %s%s\n", kr_buf_cstr(&l->shown), s->raw.cut ? " ..." : "");
}

static void print_contributions(struct lines *l, const struct showing *s)
{
	char text[128], when[KR_TIME_TEXT_MAX];

	if (s->n_contributions < 2)
		return;
	heading(l, N_("Contributions"));
	for (size_t i = 0; i < s->n_contributions; i++) {
		const struct kr_contribution *k = &s->contributions[i];

		snprintf(text, sizeof(text),
			 kr_text(l->c->lang, "report %llu, offset %llu, %u bytes"),
			 (unsigned long long)k->report, (unsigned long long)k->offset, k->length);
		line(l, kr_str_c(k->time == KR_TIME_NONE ? "" : kr_time_text(k->time, when)),
		     kr_str_c(text));
	}
	if (s->n_contributions == CONTRIBUTIONS_MAX)
		kr_cli_note(l->c, "(only the first %d contributions are shown)", CONTRIBUTIONS_MAX);
}

static void print_text(struct kr_cli *c, const struct showing *s)
{
	static const struct kr_column columns[] = {
		{"field", N_("Field"), KR_LEFT, false},
		{"value", N_("Value"), KR_LEFT, false},
	};
	struct lines l = {.c = c, .shown = KR_BUF(SHOWN_MAX)};
	const struct kr_event *e = s->ev.e;
	char id[KR_EVENT_ID_TEXT_MAX];

	if (c->csv)
		l.table = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	line(&l, KR_STR("id"), kr_str_c(kr_stored_event_id(&s->ev, id)));
	line(&l, KR_STR("source"), s->ev.source);
	number_line(&l, "report", s->ev.report);
	line(&l, KR_STR("report_name"), s->report.name);
	time_line(&l, "first_seen", e->first);
	time_line(&l, "last_seen", e->last);
	number_line(&l, "count", e->count);
	line(&l, KR_STR("label"), kr_str_c(kr_tlp_text(e->label)));
	print_owners(&l, s);
	print_fields(&l, e);
	print_raw(&l, s);
	print_contributions(&l, s);
	if (l.table)
		kr_table_end(l.table);
	kr_buf_done(&l.shown);
}

static int show(struct kr_cli *c)
{
	struct showing s = {0};
	int err = read_all(c, &s);

	if (err)
		return err;
	if (c->json)
		print_json(c, &s);
	else
		print_text(c, &s);
	return 0;
}

const struct kr_cmd kr_cmd_event_show = {
	.noun = "event",
	.verb = "show",
	.args = "ID",
	.doc = N_(
		"one event: fields, raw record, owners with the rule that decided, contributions"),
	.help = N_("  karaula event show 20261121-standard-1-48213\n"
		   "  karaula event show 20261121-standard-1-48213 --json\n"
		   "  karaula event list ip:198.51.100.7    shows ids\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = show,
};
