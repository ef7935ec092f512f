/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * A batch holds some thousand events, more than the inner caches. So it is cut into runs of
 * KR_STAGE_RUN events, and each run passes all stages before the next one begins: what a stage
 * wrote is still near when the next one reads it.
 */
#include "pipe/stage.h"

#include "model/key.h"
#include "model/taxonomy.h"

/* Tables of some megabytes are asked for random addresses: what the event after the next few will
 * need is on its way while this one is worked on. */
#define AHEAD 4

static int stage_normalise(const struct kr_stage_env *env, struct kr_event **events, size_t n,
			   struct kr_arena *arena)
{
	for (size_t i = 0; i < n; i++) {
		struct kr_event *e = events[i];
		const union kr_value *v = kr_event_get(e, KR_F_TIME_SOURCE);
		kr_time t = v ? v->t : env->time;

		if (!v && kr_event_put(e, arena, KR_F_TIME_SOURCE, (union kr_value){.t = t}))
			return -KR_ELIMIT;
		e->first = e->last = t;
		if (!e->count)
			e->count = 1;
	}
	return 0;
}

static int stage_classify(const struct kr_stage_env *env, struct kr_event **events, size_t n,
			  struct kr_arena *arena)
{
	/* Events of one report are mostly of one type: the table is asked once for a run of them.
	 */
	const struct kr_type_info *info = NULL;

	(void)env;
	for (size_t i = 0; i < n; i++) {
		struct kr_event *e = events[i];
		const union kr_value *v = kr_event_get(e, KR_F_CLASS_TYPE);
		struct kr_str type = v ? v->text : KR_STR("undetermined");
		bool keep = !v && kr_event_has(e, KR_F_CLASS_TAXONOMY);

		if (!v && kr_event_put(e, arena, KR_F_CLASS_TYPE, (union kr_value){.text = type}))
			return -KR_ELIMIT;
		if (!info || !kr_str_eq(info->type, type))
			info = kr_type_find(type);
		if (info && !keep &&
		    kr_event_put(e, arena, KR_F_CLASS_TAXONOMY,
				 (union kr_value){.text = info->class_}))
			return -KR_ELIMIT;
	}
	return 0;
}

static int stage_enrich(const struct kr_stage_env *env, struct kr_event **events, size_t n,
			struct kr_arena *arena)
{
	int err = 0;

	for (size_t i = 0; !err && env->tables && i < n; i++) {
		if (i + AHEAD < n)
			kr_enrich_prefetch(env->tables, events[i + AHEAD]);
		err = kr_enrich(env->tables, env->force, events[i], arena);
	}
	return err;
}

static int stage_key(const struct kr_stage_env *env, struct kr_event **events, size_t n,
		     struct kr_arena *arena)
{
	(void)arena;
	for (size_t i = 0; i < n; i++)
		events[i]->key = kr_event_key(events[i], env->key);
	return 0;
}

static int stage_intake(const struct kr_stage_env *env, struct kr_event **events, size_t n,
			struct kr_arena *arena)
{
	int err = 0;

	for (size_t i = 0; !err && env->intake && i < n; i++)
		err = kr_intake_apply(env->intake, env->source, env->source_name, env->keep,
				      events[i], arena);
	return err;
}

static int stage_label(const struct kr_stage_env *env, struct kr_event **events, size_t n,
		       struct kr_arena *arena)
{
	(void)arena;
	for (size_t i = 0; i < n; i++) {
		const union kr_value *v = kr_event_get(events[i], KR_F_TLP);

		events[i]->label = kr_tlp_tighter(env->tlp, v ? (enum kr_tlp)v->i : KR_TLP_NONE);
	}
	return 0;
}

static int stage_route(const struct kr_stage_env *env, struct kr_event **events, size_t n,
		       struct kr_arena *arena)
{
	int err = 0;

	for (size_t i = 0; err >= 0 && env->reg && i < n; i++) {
		if (i + AHEAD < n)
			kr_register_prefetch(env->reg, events[i + AHEAD]);
		err = kr_register_route(env->reg, events[i], arena);
	}
	return err < 0 ? err : 0;
}

static const struct kr_stage stages[] = {
#define S(name, doc) {#name, doc, stage_##name},
#include "pipe/stages.def"
#undef S
};

const struct kr_stage *kr_stage_at(size_t i)
{
	return i < KR_ARRAY_LEN(stages) ? &stages[i] : NULL;
}

/* Until there are users whom a RED event can be shown to alone, it stays in the spool only. */
static void refuse_red(struct kr_batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct kr_event *e = b->events[i];

		if (e->label == KR_TLP_RED)
			kr_batch_refuse(b, e->offset, e->length, e->line, 0,
					"labelled TLP:RED, which is for named persons: not stored");
		else
			b->events[n++] = e;
	}
	b->n = n;
}

/* Take the events that rules dropped out of the list. */
static int count_dropped(struct kr_batch *b)
{
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct kr_event *e = b->events[i];

		if (!e->dropped)
			b->events[n++] = e;
		else if (!err)
			err = kr_batch_drop(b, e->dropped);
	}
	b->n = n;
	return err;
}

static int stage_fault(const struct kr_stage *stage, int err, struct kr_fault *reterr)
{
	if (err == -KR_ELIMIT) {
		kr_fault_set(reterr, err, "the records need too much memory");
		kr_fault_remedy(reterr, "cut the report into smaller ones");
	} else {
		kr_fault_set(reterr, err, "a compiled table is damaged, seen at the stage '%s'",
			     stage->name);
		kr_fault_remedy(reterr, "import the register (constituent import) and the tables "
					"(table import) again");
	}
	return err;
}

int kr_stages_run(const struct kr_stage_env *env, struct kr_batch *b, struct kr_fault *reterr)
{
	bool red = false, dropped = false;

	for (size_t from = 0; from < b->n; from += KR_STAGE_RUN) {
		size_t n = KR_MIN(b->n - from, (size_t)KR_STAGE_RUN);

		for (size_t s = 0; s < KR_ARRAY_LEN(stages); s++) {
			int err = stages[s].run(env, b->events + from, n, b->arena);

			if (err)
				return stage_fault(&stages[s], err, reterr);
		}
		for (size_t i = from; i < from + n; i++)
			red |= b->events[i]->label == KR_TLP_RED,
				dropped |= b->events[i]->dropped != 0;
	}
	if (dropped && count_dropped(b))
		return stage_fault(&stages[0], -KR_ELIMIT, reterr);
	if (red)
		refuse_red(b);
	return 0;
}
