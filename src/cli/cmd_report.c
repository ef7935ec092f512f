/* SPDX-License-Identifier: Apache-2.0 */
/* karaula report list, karaula report show */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/node.h"
#include "desk/report.h"

#define LIMIT_DEFAULT	50
#define REFUSED_DEFAULT 100
#define PAGE		1000 /* reports read at a time */

/* ---- cells ---- */

static struct kr_str number(struct kr_arena *a, uint64_t n)
{
	return kr_arena_printf(a, "%llu", (unsigned long long)n);
}

static struct kr_str time_text(struct kr_arena *a, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	return t == KR_TIME_NONE || !t ? KR_STR_NULL
				       : kr_arena_dup(a, kr_str_c(kr_time_text(t, text)));
}

/* "2026-11-20 10:30" */
static struct kr_str minute_text(struct kr_arena *a, kr_time t)
{
	struct kr_str s = time_text(a, t);
	KR_AUTO_BUF b = KR_BUF(64);

	if (s.n < 16)
		return s;
	kr_buf_add(&b, s.p, 10);
	kr_buf_ch(&b, ' ');
	kr_buf_add(&b, s.p + 11, 5);
	return kr_arena_dup(a, kr_buf_str(&b));
}

/* ---- list ---- */

static const struct kr_column text_columns[] = {
	{"id", N_("Report"), KR_RIGHT, true},
	{"spooled", N_("Came (UTC)"), KR_LEFT, false},
	{"source", N_("Source"), KR_LEFT, false},
	{"name", N_("Name"), KR_LEFT, false},
	{"state", N_("State"), KR_LEFT, false},
	{"read", N_("Read"), KR_RIGHT, true},
	{"new", N_("New"), KR_RIGHT, true},
	{"aggregated", N_("Aggregated"), KR_RIGHT, true},
	{"refused", N_("Refused"), KR_RIGHT, true},
	{"warnings", N_("Warnings"), KR_RIGHT, true},
	{"reason", N_("Reason"), KR_LEFT, false},
};

static const struct kr_column all_columns[] = {
	{"id", "", KR_LEFT, true},	   {"source", "", KR_LEFT, false},
	{"name", "", KR_LEFT, false},	   {"format", "", KR_LEFT, false},
	{"state", "", KR_LEFT, false},	   {"reason", "", KR_LEFT, false},
	{"spooled", "", KR_LEFT, false},   {"taken", "", KR_LEFT, false},
	{"observed", "", KR_LEFT, false},  {"retention", "", KR_LEFT, false},
	{"bytes", "", KR_LEFT, true},	   {"stored", "", KR_LEFT, true},
	{"read", "", KR_LEFT, true},	   {"new", "", KR_LEFT, true},
	{"aggregated", "", KR_LEFT, true}, {"refused", "", KR_LEFT, true},
	{"warnings", "", KR_LEFT, true},   {"unrouted", "", KR_LEFT, true},
	{"ms", "", KR_LEFT, true},	   {"dropped", "", KR_LEFT, true},
};

static void text_row(struct kr_table *t, struct kr_arena *a, const struct kr_report *r)
{
	kr_table_row(t, (struct kr_str[]){
				number(a, r->id),
				minute_text(a, r->spooled),
				r->source,
				r->name,
				kr_str_c(kr_desk_report_state_text(r->state)),
				number(a, r->total.read),
				number(a, r->total.fresh),
				number(a, r->total.aggregated),
				number(a, r->total.refused),
				number(a, r->total.warnings),
				r->reason,
			});
}

static void all_row(struct kr_table *t, struct kr_arena *a, const struct kr_report *r)
{
	kr_table_row(t, (struct kr_str[]){
				number(a, r->id),
				r->source,
				r->name,
				r->format,
				kr_str_c(kr_desk_report_state_text(r->state)),
				r->reason,
				time_text(a, r->spooled),
				time_text(a, r->taken),
				time_text(a, r->observed),
				kr_str_c(kr_retention_text(r->class_)),
				number(a, r->bytes),
				number(a, r->stored),
				number(a, r->total.read),
				number(a, r->total.fresh),
				number(a, r->total.aggregated),
				number(a, r->total.refused),
				number(a, r->total.warnings),
				number(a, r->total.unrouted),
				number(a, r->ms),
				number(a, r->total.dropped),
			});
}

static int query(struct kr_cli *c, struct kr_report_query *q, uint64_t *limit)
{
	const char *state = kr_cli_opt(c, "state");
	int err = kr_cli_number(c, "limit", 0, UINT32_MAX, LIMIT_DEFAULT, limit);

	if (!err)
		err = kr_cli_number(c, "before", 1, UINT64_MAX >> 1, 0, &q->before);
	if (!err && state && kr_desk_report_state_parse(kr_str_c(state), &q->state) < 0) {
		err = kr_fault_set(&c->fault, -KR_EUSAGE, "'%.40s' is no state of a report", state);
		kr_fault_remedy(&c->fault, "write spooled, taken, quarantined, refused or dropped");
	}
	q->source = kr_str_c(kr_cli_opt(c, "source"));
	return err;
}

static int list(struct kr_cli *c)
{
	bool all = c->json || c->csv;
	struct kr_report_query q = {0};
	struct kr_report *rows;
	struct kr_table *t;
	uint64_t limit, shown = 0;
	size_t n;
	int err = query(c, &q, &limit);

	if (err)
		return err;
	t = all ? kr_table_new(c, all_columns, KR_ARRAY_LEN(all_columns))
		: kr_table_new(c, text_columns, KR_ARRAY_LEN(text_columns));
	do {
		KR_AUTO(kr_arena) *a = kr_arena_new((size_t)64 << 20);

		q.limit = (uint32_t)(limit ? KR_MIN(limit - shown, (uint64_t)PAGE) : PAGE);
		err = kr_store_report_list(c->node->store, &c->scope, &q, a, &rows, &n, &c->fault);
		if (!err && kr_cli_cancelled(c))
			err = kr_cli_cancel(c);
		if (err)
			break;
		for (size_t i = 0; i < n; i++)
			(all ? all_row : text_row)(t, a, &rows[i]);
		shown += n;
		if (n)
			q.before = rows[n - 1].id;
	} while (n == q.limit && (!limit || shown < limit));
	kr_table_end(t);
	if (!err && limit && shown == limit)
		kr_cli_note(c, "There may be more: add --before %llu, or --limit 0 for all",
			    (unsigned long long)q.before);
	else if (!err && !shown && !all)
		kr_cli_note(c, "No report yet: karaula take FILE takes one in");
	return err;
}

/* ---- show ---- */

static void json_drops(struct kr_json_out *o, const struct kr_desk_report *d)
{
	kr_json_key(o, KR_STR("drops"));
	kr_json_array(o);
	for (size_t i = 0; i < d->n_drops; i++) {
		kr_json_object(o);
		kr_json_kint(o, "rule", d->drops[i].rule);
		kr_json_kint(o, "events", (int64_t)d->drops[i].n);
		if (d->drops[i].expr.n)
			kr_json_kstr(o, "expr", d->drops[i].expr);
		kr_json_object_end(o);
	}
	kr_json_array_end(o);
}

static void json_refused(struct kr_json_out *o, const struct kr_desk_report *d)
{
	kr_json_key(o, KR_STR("refusals"));
	kr_json_array(o);
	for (size_t i = 0; i < d->n_refused; i++) {
		const struct kr_desk_refused *r = &d->refused[i];

		kr_json_object(o);
		kr_json_kint(o, "line", (int64_t)r->piece.line);
		kr_json_kint(o, "column", r->row.column);
		kr_json_kint(o, "offset", (int64_t)r->row.offset);
		kr_json_kint(o, "length", (int64_t)r->row.length);
		kr_json_kstr(o, "reason", r->row.reason);
		kr_json_kstr(o, "text", r->piece.bytes);
		kr_json_object_end(o);
	}
	kr_json_array_end(o);
}

static void json_time(struct kr_json_out *o, const char *key, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	kr_json_key(o, kr_str_c(key));
	if (t == KR_TIME_NONE || !t)
		kr_json_null(o);
	else
		kr_json_str(o, kr_str_c(kr_time_text(t, text)));
}

static void print_json(struct kr_cli *c, const struct kr_desk_report *d)
{
	KR_AUTO_BUF b = KR_BUF((size_t)64 << 20);
	struct kr_json_out o = KR_JSON_OUT(&b);
	const struct kr_report *r = &d->row;
	char hash[KR_HASH_SIZE * 2 + 1];

	kr_json_object(&o);
	kr_json_kint(&o, "id", (int64_t)r->id);
	kr_json_kstr(&o, "source", r->source);
	kr_json_kstr(&o, "name", r->name);
	kr_json_kstr(&o, "format", r->format);
	kr_json_kstr(&o, "mapping", d->mapping);
	kr_json_kint(&o, "mapping_version", d->mapping_version);
	kr_json_kstr(&o, "state", kr_str_c(kr_desk_report_state_text(r->state)));
	kr_json_kstr(&o, "reason", r->reason);
	json_time(&o, "spooled", r->spooled);
	json_time(&o, "taken", r->taken);
	json_time(&o, "observed", r->observed);
	kr_json_kstr(&o, "retention", kr_str_c(kr_retention_text(r->class_)));
	kr_json_kstr(&o, "hash", kr_str_c(kr_hash_text(&r->hash, hash)));
	kr_json_kint(&o, "bytes", (int64_t)r->bytes);
	kr_json_kint(&o, "stored", (int64_t)r->stored);
	kr_json_kint(&o, "generation", r->generation);
	kr_json_kint(&o, "read", (int64_t)r->total.read);
	kr_json_kint(&o, "new", (int64_t)r->total.fresh);
	kr_json_kint(&o, "aggregated", (int64_t)r->total.aggregated);
	kr_json_kint(&o, "refused", (int64_t)r->total.refused);
	kr_json_kint(&o, "warnings", (int64_t)r->total.warnings);
	kr_json_kint(&o, "unrouted", (int64_t)r->total.unrouted);
	kr_json_kint(&o, "ms", (int64_t)r->ms);
	kr_json_kint(&o, "dropped", (int64_t)r->total.dropped);
	json_drops(&o, d);
	json_refused(&o, d);
	kr_json_object_end(&o);
	kr_buf_ch(&b, '\n');
	if (!b.err)
		fwrite(b.p, 1, b.n, c->out);
}

static void fact(struct kr_cli *c, const char *name, struct kr_str value)
{
	KR_AUTO_BUF b = KR_BUF((size_t)1 << 20);
	int width = 12;

	if (!value.n)
		return;
	kr_cli_shown(&b, value);
	name = kr_text(c->lang, name);
	/* As wide as it is in characters, not bytes. */
	for (const char *p = name; *p; p++)
		width -= ((unsigned char)*p & 0xc0) != 0x80;
	fprintf(c->out, "%s%*s %s\n", name, KR_MAX(width, 0), "", kr_buf_cstr(&b));
}

/* What rules dropped, one line a rule. */
static void drop_facts(struct kr_cli *c, const struct kr_desk_report *d)
{
	for (size_t i = 0; i < d->n_drops; i++) {
		const struct kr_report_drop *p = &d->drops[i];

		fact(c, N_("Dropped"),
		     kr_arena_printf(c->arena, kr_text(c->lang, "%llu by rule %u: %.*s"),
				     (unsigned long long)p->n, p->rule,
				     KR_STR_ARG(p->expr.n ? p->expr : KR_STR("(removed)"))));
	}
}

static void facts(struct kr_cli *c, const struct kr_desk_report *d)
{
	const struct kr_report *r = &d->row;
	struct kr_arena *a = c->arena;

	fact(c, N_("Report"), number(a, r->id));
	fact(c, N_("Source"), r->source);
	fact(c, N_("Name"), r->name);
	fact(c, N_("Format"), r->format);
	if (d->mapping.n)
		fact(c, N_("Mapping"),
		     kr_arena_printf(a, kr_text(c->lang, "%.*s, version %u"),
				     KR_STR_ARG(d->mapping), d->mapping_version));
	fact(c, N_("State"), kr_str_c(kr_desk_report_state_text(r->state)));
	fact(c, N_("Reason"), r->reason);
	fact(c, N_("Came"), time_text(a, r->spooled));
	fact(c, N_("Taken"), time_text(a, r->taken));
	fact(c, N_("Observed"), time_text(a, r->observed));
	fact(c, N_("Kept"), kr_str_c(kr_retention_text(r->class_)));
	fact(c, N_("Bytes"),
	     kr_arena_printf(a, kr_text(c->lang, "%llu, %llu in the archive"),
			     (unsigned long long)r->bytes, (unsigned long long)r->stored));
	fact(c, N_("Records"),
	     kr_arena_printf(
		     a,
		     kr_text(c->lang, "%llu read: %llu new, %llu aggregated, %llu refused; %llu "
				      "values kept in "
				      "extra; %llu "
				      "new rows that nobody owns"),
		     (unsigned long long)r->total.read, (unsigned long long)r->total.fresh,
		     (unsigned long long)r->total.aggregated, (unsigned long long)r->total.refused,
		     (unsigned long long)r->total.warnings, (unsigned long long)r->total.unrouted));
	drop_facts(c, d);
}

static void refused_table(struct kr_cli *c, const struct kr_desk_report *d)
{
	static const struct kr_column columns[] = {
		{"line", N_("Line"), KR_RIGHT, true},
		{"column", N_("Column"), KR_RIGHT, true},
		{"offset", N_("Offset"), KR_RIGHT, true},
		{"length", N_("Bytes"), KR_RIGHT, true},
		{"reason", N_("Refused because"), KR_LEFT, false},
		{"text", N_("Record"), KR_LEFT, false},
	};
	struct kr_table *t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));

	for (size_t i = 0; i < d->n_refused; i++) {
		const struct kr_desk_refused *r = &d->refused[i];

		kr_table_row(t,
			     (struct kr_str[]){
				     r->piece.line ? number(c->arena, r->piece.line) : KR_STR(""),
				     r->row.column ? number(c->arena, r->row.column) : KR_STR(""),
				     number(c->arena, r->row.offset),
				     number(c->arena, r->row.length),
				     r->row.reason,
				     r->piece.bytes,
			     });
	}
	kr_table_end(t);
}

static int write_raw(void *ctx, struct kr_str bytes)
{
	struct kr_cli *c = ctx;

	fwrite(bytes.p, 1, bytes.n, c->out);
	return kr_cli_cancelled(c) ? kr_cli_cancel(c) : 0;
}

static int show(struct kr_cli *c)
{
	struct kr_desk_report d;
	uint64_t id, limit;
	int err = kr_cli_number(c, "limit", 0, 1000000, REFUSED_DEFAULT, &limit);

	if (err)
		return err;
	if (kr_str_u64(kr_str_c(kr_cli_arg(c, 0)), &id) || !id || id > INT64_MAX) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "'%.40s' is no number of a report",
			     kr_cli_arg(c, 0));
		kr_fault_remedy(&c->fault, "karaula report list shows them");
		return -KR_EUSAGE;
	}
	if (kr_cli_opt(c, "raw"))
		return kr_desk_report_raw(c->node->store, &c->scope, id, write_raw, c, &c->fault);
	err = kr_desk_report_show(c->node->store, &c->scope, id, (uint32_t)limit, c->arena, &d,
				  &c->fault);
	if (err)
		return err;
	if (c->json) {
		print_json(c, &d);
		return 0;
	}
	if (!c->csv)
		facts(c, &d);
	if (d.n_refused && !c->csv)
		fputs("\n", c->out);
	if (d.n_refused || c->csv)
		refused_table(c, &d);
	if (d.n_refused < d.row.total.refused && limit)
		kr_cli_note(c, "%llu refused records in all%s",
			    (unsigned long long)d.row.total.refused,
			    d.n_refused == limit ? "; --limit shows more"
						 : "; details of the others were not kept");
	if (d.n_refused && d.raw_gone)
		kr_cli_note(c, "The raw records are not in the archive any more");
	return 0;
}

const struct kr_cmd kr_cmd_report_list = {
	.noun = "report",
	.verb = "list",
	.doc = N_("what came: when, from where, how many rows, what was refused; newest first"),
	.help = N_(
		"  karaula report list\n"
		"  karaula report list --state quarantined\n"
		"  karaula report list --source sensor-a --limit 0 --json\n"
		"\n"
		"quarantined: kept, but no format or mapping fits: import one, then karaula take "
		"--again REPORT.\n"
		"refused: wrong as a whole; the reason says why. spooled: being taken, or to be "
		"taken.\n"),
	.opts =
		(const struct kr_opt[]){
			{"source", 's', "NAME", N_("only of this source")},
			{"state", 0, "STATE",
			 N_("only spooled, taken, quarantined, refused or dropped ones")},
			{"limit", 'n', "N", N_("at most N reports (50; 0: all)")},
			{"before", 0, "REPORT", N_("go on with reports older than this one")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_report_show = {
	.noun = "report",
	.verb = "show",
	.args = "REPORT",
	.doc = N_("one report: what became of it, and each refused record with line and reason"),
	.help = N_(
		"  karaula report show 17\n"
		"  karaula report show 17 --limit 1000 --csv -o refused.csv\n"
		"  karaula report show 17 --raw > report.csv\n"
		"\n"
		"--csv prints only the refused records. Details of the first 1,000 of each batch "
		"are kept.\n"),
	.opts =
		(const struct kr_opt[]){
			{"raw", 0, NULL, N_("print the report as it came, decompressed")},
			{"limit", 'n', "N", N_("list at most N refused records (100; 0: none)")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = show,
};
