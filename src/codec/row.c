/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * When a table's header is read, every entry of the mapping whose column is there becomes a step
 * (column index, target, conversion), and every column that no entry names becomes one that keeps
 * it in extra. A row then runs the steps: nothing is looked up, and a value that is clean stays the
 * slice of the input it is.
 */
#include "codec/plan.h"

#include "base/err.h"
#include "model/taxonomy.h"

bool kr_codec__wildcard(struct kr_str pattern, struct kr_str s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, mark = 0;

	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = i;
		} else if (p < pattern.n &&
			   (pattern.p[p] == '?' || kr_lower(pattern.p[p]) == kr_lower(s.p[i]))) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

enum kr_field kr_codec__field_of_extra(struct kr_str key)
{
	if (kr_str_eqc(key, "severity") || kr_str_starts(key, KR_STR("product.")))
		return kr_field_by_name(key);
	return KR_F_NONE;
}

int kr_codec__add_extra(struct kr_event *e, struct kr_arena *arena, struct kr_str key,
			struct kr_str value, bool literal)
{
	enum kr_field f = kr_codec__field_of_extra(key);
	union kr_value v;

	if (!literal && kr_field_is_nothing(value))
		return 0;
	if (f && !literal && !kr_event_has(e, f) && kr_field_parse(f, value, arena, &v, NULL) == 0)
		return kr_event_put(e, arena, f, v);
	return kr_event_add_extra(e, arena, key, value, literal);
}

static int find_column(const struct kr_plan_opts *o, struct kr_str name)
{
	for (unsigned i = 0; i < o->n_names; i++)
		if (kr_str_eq(o->names[i], name))
			return (int)i;
	return -1;
}

static int refuse_twice(const struct kr_plan_opts *o, struct kr_fault *reterr)
{
	for (unsigned i = 1; i < o->n_names; i++) {
		for (unsigned k = 0; k < i; k++) {
			if (!o->names[i].n || !kr_str_eq(o->names[i], o->names[k]))
				continue;
			return kr_fault_set(reterr, -KR_EREFUSED,
					    "columns %u and %u of the header are both \"%.*s\"",
					    k + 1, i + 1,
					    KR_STR_ARG(kr_str_first(o->names[i], 60)));
		}
	}
	return 0;
}

static void add_step(struct kr_plan *p, const struct kr_map_entry *e, unsigned column)
{
	p->steps[p->n_steps++] = (struct kr_step){.entry = e, .column = column};
	if (e->separator)
		p->split = (int)p->n_steps - 1;
}

/* Steps for the entries of the mapping; marks the columns they take. */
static int bind_entries(const struct kr_plan_opts *o, struct kr_plan *p, bool *taken,
			struct kr_fault *reterr)
{
	for (unsigned i = 0; i < o->report->n_entries; i++) {
		const struct kr_map_entry *e = &o->report->entries[i];
		int column = e->column.n ? find_column(o, e->column)
					 : (e->position < o->n_names ? (int)e->position : -1);

		if (column < 0 && e->required) {
			kr_fault_set(reterr, -KR_EREFUSED, "required column \"%.*s\" is missing",
				     KR_STR_ARG(kr_str_first(e->column, 60)));
			kr_fault_remedy(
				reterr,
				"if this is \"%.*s\", its columns changed: update the mapping",
				KR_STR_ARG(kr_str_first(o->where, 60)));
			return -KR_EREFUSED;
		}
		if (column < 0) {
			if (!e->ignore)
				p->missing[p->n_missing++] = &e->column;
			continue;
		}
		taken[column] = true;
		if (!e->ignore)
			add_step(p, e, (unsigned)column);
	}
	return 0;
}

/* Steps that keep unmapped columns; a name that is empty or a field's gets a name of its own. */
static int bind_unmapped(const struct kr_plan_opts *o, struct kr_plan *p, const bool *taken,
			 struct kr_arena *arena)
{
	for (unsigned i = 0; i < o->n_names; i++) {
		struct kr_map_entry *e;

		if (taken[i])
			continue;
		e = kr_arena_calloc(arena, 1, sizeof(*e));
		if (!e)
			return -KR_ELIMIT;
		e->key = o->names[i].n ? o->names[i] : kr_arena_printf(arena, "column_%u", i + 1);
		if (!e->key.p)
			return -KR_ELIMIT;
		add_step(p, e, i);
	}
	return 0;
}

int kr_codec__plan(const struct kr_plan_opts *opts, struct kr_arena *arena, struct kr_plan *ret,
		   struct kr_fault *reterr)
{
	struct kr_plan p = {.report = opts->report, .split = -1};
	bool *taken = kr_arena_calloc(arena, opts->n_names + 1, sizeof(*taken));
	int err;

	p.steps = kr_arena_calloc(arena, (size_t)opts->n_names + opts->report->n_entries + 1,
				  sizeof(*p.steps));
	p.missing = kr_arena_calloc(arena, (size_t)opts->report->n_entries + 1, sizeof(*p.missing));
	if (!taken || !p.steps || !p.missing)
		return kr_fault_set(reterr, -KR_ELIMIT, "the header needs too much memory");
	err = refuse_twice(opts, reterr);
	if (!err)
		err = bind_entries(opts, &p, taken, reterr);
	if (err)
		return err;
	if (opts->keep_unmapped && bind_unmapped(opts, &p, taken, arena))
		return kr_fault_set(reterr, -KR_ELIMIT, "the header needs too much memory");
	for (int i = 0; i < KR_ROW_COLUMNS; i++)
		p.columns[i] = find_column(opts, kr_str_c(kr_row_column_names[i]));
	*ret = p;
	return 0;
}

void kr_codec__note_missing(const struct kr_plan *p, struct kr_batch *out)
{
	out->warnings += p->n_missing;
	for (unsigned i = 0; i < p->n_missing; i++) {
		struct kr_str name = kr_str_first(*p->missing[i], 60);

		if (name.n)
			kr_batch_note(out, "optional column \"%.*s\" is missing", KR_STR_ARG(name));
		else
			kr_batch_note(out, "the table has fewer columns than the mapping");
	}
}

/* What one row is made of while its steps run. */
struct making {
	struct kr_plan *plan;
	struct kr_row row;
	struct kr_event *e;
	struct kr_arena *arena;
	unsigned warnings;
};

/* A time by the patterns of an entry. 0, 1 (none fits), -KR_ELIMIT. */
static int put_time(struct making *m, const struct kr_step *s, struct kr_str v)
{
	const struct kr_map_entry *e = s->entry;
	char text[KR_TIME_TEXT_MAX];
	int err = -KR_EINVAL;
	kr_time t;

	for (unsigned i = 0; err && i < e->n_times; i++) {
		if (strcmp(e->times[i], "iso") == 0)
			err = kr_time_parse(v, &t);
		else if (strcmp(e->times[i], "epoch") == 0)
			err = kr_time_parse_epoch(v, &t);
		else
			err = kr_time_parse_format(v, e->times[i], &t);
	}
	if (err) {
		struct kr_str key = e->field ? kr_field_info(e->field)->name_str : e->key;

		err = kr_event_add_extra(m->e, m->arena, key, v, false);
		return err ? err : 1;
	}
	if (e->field)
		return kr_event_put(m->e, m->arena, e->field, (union kr_value){.t = t});
	v = kr_arena_dup(m->arena, kr_str_c(kr_time_text(t, text)));
	return v.p ? kr_event_add_extra(m->e, m->arena, e->key, v, false) : -KR_ELIMIT;
}

static struct kr_str translate(const struct kr_map_entry *e, struct kr_str v)
{
	for (unsigned i = 0; i < e->n_values; i++)
		if (kr_str_ieq(e->values[i].from, v))
			return e->values[i].to;
	return e->other.p ? e->other : v;
}

/*
 * Reports come sorted by time and say the same second again and again: the last one read is kept.
 * Returns as kr_event_set().
 */
static int set_time(struct making *m, enum kr_field f, struct kr_str v)
{
	struct kr_plan *p = m->plan;
	const union kr_value *got;
	int r;

	if (p->memo.n && p->memo.n == v.n && memcmp(p->memo.text, v.p, v.n) == 0)
		return kr_event_put(m->e, m->arena, f, (union kr_value){.t = p->memo.time});
	r = kr_event_set(m->e, m->arena, f, v);
	got = r == 0 ? kr_event_get(m->e, f) : NULL;
	if (got && v.n <= sizeof(p->memo.text)) {
		memcpy(p->memo.text, v.p, v.n);
		p->memo.n = v.n;
		p->memo.time = got->t;
	}
	return r;
}

/* Run one step on a value. 0, 1 (not valid, kept in extra), -KR_ELIMIT. */
static int run_step(struct making *m, const struct kr_step *s, struct kr_str v)
{
	const struct kr_map_entry *e = s->entry;
	enum kr_converted c = KR_CONV_TEXT;
	int r;

	if (!v.n && !e->passes_row)
		return 0;
	if (e->n_values || e->other.p)
		v = translate(e, v);
	if (e->n_times)
		return kr_field_is_nothing(v) ? 0 : put_time(m, s, v);
	if (e->convert) {
		struct kr_str in = v;

		c = e->convert(&m->row, e->field, in, &v);
		if (c == KR_CONV_ABSENT)
			return 0;
		if (c == KR_CONV_LIMIT)
			return -KR_ELIMIT;
		if (c == KR_CONV_INVALID)
			v = in;
	}
	if (!v.n)
		return 0;
	if (e->field && c == KR_CONV_INVALID)
		r = kr_event_add_extra(m->e, m->arena, kr_field_info(e->field)->name_str, v, false);
	else if (e->field == KR_F_TIME_SOURCE)
		return set_time(m, e->field, v);
	else if (e->field)
		return kr_event_set(m->e, m->arena, e->field, v);
	else
		r = kr_field_is_nothing(v)
			    ? 0
			    : kr_event_add_extra(m->e, m->arena, e->key, v, c == KR_CONV_LITERAL);
	return r ? r : c == KR_CONV_INVALID;
}

static int put_constants(struct making *m, bool fallback)
{
	const struct kr_map_report *r = m->plan->report;
	int err = 0;

	for (unsigned i = 0; i < r->n_constants && !err; i++) {
		const struct kr_map_constant *c = &r->constants[i];

		if (c->fallback != fallback)
			continue;
		if (c->field) {
			if (!fallback || !kr_event_has(m->e, c->field))
				err = kr_event_put(m->e, m->arena, c->field, c->value);
		} else if (!fallback || !kr_event_extra(m->e, c->key)) {
			err = kr_event_add_extra(m->e, m->arena, c->key, c->text, c->literal);
		}
	}
	return err;
}

int kr_codec__finish_event(struct kr_event *e, struct kr_arena *arena, kr_time observed)
{
	const union kr_value *type = kr_event_get(e, KR_F_CLASS_TYPE);
	const union kr_value *class_ = kr_event_get(e, KR_F_CLASS_TAXONOMY);
	int err = 0;

	if (type) {
		const struct kr_type_info *info = kr_type_find(type->text);

		if (info && !(class_ && kr_str_eq(class_->text, info->class_)))
			err = kr_event_put(e, arena, KR_F_CLASS_TAXONOMY,
					   (union kr_value){.text = info->class_});
	}
	if (!err && observed != KR_TIME_NONE && !kr_event_has(e, KR_F_TIME_OBSERVATION))
		err = kr_event_put(e, arena, KR_F_TIME_OBSERVATION,
				   (union kr_value){.t = observed});
	return err;
}

void kr_codec__set_place(struct kr_event *e, const struct kr_place *at, uint32_t part)
{
	e->offset = at->offset;
	e->length = (uint32_t)KR_MIN(at->length, UINT32_MAX);
	e->line = (uint32_t)KR_MIN(at->line, UINT32_MAX);
	e->part = part;
}

/* One event of a row; split: the value that stands for the column of several. */
static int make_event(struct making *m, const struct kr_str *split, kr_time observed)
{
	struct kr_plan *p = m->plan;
	int err = 0;

	m->e = kr_event_new(m->arena);
	if (!m->e)
		return -KR_ELIMIT;
	for (unsigned i = 0; i < p->n_steps && err >= 0; i++) {
		const struct kr_step *s = &p->steps[i];
		bool is_split = split && (int)i == p->split;

		err = run_step(m, s, is_split ? *split : m->row.cells[s->column]);
		m->warnings += err > 0;
	}
	if (err >= 0)
		err = put_constants(m, false);
	if (!err)
		err = put_constants(m, true);
	return err < 0 ? err : kr_codec__finish_event(m->e, m->arena, observed);
}

void kr_codec__row(struct kr_plan *p, const struct kr_str *cells, const struct kr_place *at,
		   kr_time observed, struct kr_batch *out)
{
	struct making m = {
		.plan = p,
		.row = {.cells = cells, .columns = p->columns, .arena = out->arena},
		.arena = out->arena,
	};
	struct kr_str rest = KR_STR(""), piece = KR_STR("");
	uint32_t part = 0;

	if (p->split >= 0)
		rest = cells[p->steps[p->split].column];
	do {
		if (p->split >= 0) {
			char separator = p->steps[p->split].entry->separator;

			if (!kr_str_split(&rest, separator, &piece))
				break;
			piece = kr_str_trim(piece);
			if (!piece.n && (part || rest.p))
				continue;
		}
		if (make_event(&m, p->split >= 0 ? &piece : NULL, observed)) {
			kr_batch_refuse(out, at->offset, at->length, (uint32_t)at->line, 0,
					"more fields or memory than one event or batch can hold");
			break;
		}
		kr_codec__set_place(m.e, at, part++);
		kr_batch_add(out, m.e);
	} while (p->split >= 0);
	out->warnings += m.warnings;
}
