/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * A report that is being taken holds counted references to the snapshots it began with. An import
 * makes new ones and exchanges the pointers under a lock; the old ones go when the last report lets
 * go of them. The lock is taken once a report, never for an event.
 */
#include "pipe/pipe.h"

#include "base/log.h"
#include "store/read.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct kr_pipe {
	struct kr_store *store;
	struct kr_desk_mappings *mappings;
	pthread_mutex_t lock; /* guards all that follows */
	struct kr_register *reg;
	struct kr_tables *tables;
	struct kr_intake *intake;
	struct kr_pipe_limits limits;
	struct kr_metrics *metrics;
};

static struct kr_pipe_limits limits_of(const struct kr_conf *c)
{
	struct kr_pipe_limits l = {
		.record_max = c->limits_record_max,
		.depth_max = (unsigned)c->limits_depth_max,
		.columns_max = (unsigned)c->limits_columns_max,
		.input_max = c->limits_input_max,
		.ratio_max = c->limits_ratio_max,
		.members_max = (uint32_t)c->limits_members_max,
		.enrich_force = c->take_enrich_force,
		.tlp_default = KR_TLP_AMBER,
	};

	if (kr_tlp_parse(kr_str_c(c->labels_tlp_default), &l.tlp_default))
		l.tlp_default = KR_TLP_AMBER;
	return l;
}

int kr_pipe_open(struct kr_store *s, const struct kr_conf *conf, struct kr_pipe **ret,
		 struct kr_fault *reterr)
{
	struct kr_pipe *p = kr_xcalloc(1, sizeof(*p));
	int err;

	p->store = s;
	p->mappings = kr_desk_mappings_new(s);
	pthread_mutex_init(&p->lock, NULL);
	p->limits = limits_of(conf);
	err = kr_pipe_reload(p, reterr);
	if (err < 0) {
		kr_pipe_close(p);
		return err;
	}
	*ret = p;
	return err;
}

void kr_pipe_close(struct kr_pipe *p)
{
	if (!p)
		return;
	kr_register_unref(p->reg);
	kr_tables_unref(p->tables);
	kr_intake_unref(p->intake);
	kr_desk_mappings_free(p->mappings);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void kr_pipe_configure(struct kr_pipe *p, const struct kr_conf *conf)
{
	pthread_mutex_lock(&p->lock);
	p->limits = limits_of(conf);
	pthread_mutex_unlock(&p->lock);
}

int kr_pipe_reload(struct kr_pipe *p, struct kr_fault *reterr)
{
	struct kr_register *reg, *old_reg;
	struct kr_tables *tables, *old_tables;
	int err = kr_register_sync(p->store, &reg, reterr), bad;

	if (err < 0)
		return err;
	bad = kr_tables_open(kr_store_dirfd(p->store), &tables, reterr);
	pthread_mutex_lock(&p->lock);
	old_reg = p->reg;
	old_tables = p->tables;
	p->reg = reg;
	p->tables = tables;
	pthread_mutex_unlock(&p->lock);
	kr_register_unref(old_reg);
	kr_tables_unref(old_tables);
	return bad;
}

struct kr_register *kr_pipe_register(struct kr_pipe *p)
{
	struct kr_register *r;

	pthread_mutex_lock(&p->lock);
	r = kr_register_ref(p->reg);
	pthread_mutex_unlock(&p->lock);
	return r;
}

struct kr_tables *kr_pipe_tables(struct kr_pipe *p)
{
	struct kr_tables *t;

	pthread_mutex_lock(&p->lock);
	t = kr_tables_ref(p->tables);
	pthread_mutex_unlock(&p->lock);
	return t;
}

/* A rule that cannot be used any more is left out and told, once a change. */
static void intake_refresh_locked(struct kr_pipe *p)
{
	struct kr_intake *fresh = NULL;
	struct kr_fault f = {0};
	int r;

	if (p->intake && kr_intake_version(p->intake) == kr_store_intake_version(p->store))
		return;
	r = kr_intake_load(p->store, &fresh, &f);
	if (r)
		kr_log(r < 0 ? KR_LOG_ERROR : KR_LOG_WARNING,
		       "rules for events cannot be used as they are", KR_FAULT(&f));
	/* Old rules are better than none. */
	if (!fresh)
		return;
	kr_intake_unref(p->intake);
	p->intake = fresh;
}

struct kr_intake *kr_pipe_intake(struct kr_pipe *p)
{
	struct kr_intake *i;

	pthread_mutex_lock(&p->lock);
	intake_refresh_locked(p);
	i = kr_intake_ref(p->intake);
	pthread_mutex_unlock(&p->lock);
	return i;
}

struct kr_store *kr_pipe_store(struct kr_pipe *p)
{
	return p->store;
}

struct kr_pipe_limits kr_pipe_limits(struct kr_pipe *p)
{
	struct kr_pipe_limits l;

	pthread_mutex_lock(&p->lock);
	l = p->limits;
	pthread_mutex_unlock(&p->lock);
	return l;
}

struct kr_desk_mappings *kr_pipe_mappings(struct kr_pipe *p)
{
	return p->mappings;
}

void kr_pipe_count_in(struct kr_pipe *p, struct kr_metrics *m)
{
	pthread_mutex_lock(&p->lock);
	p->metrics = m;
	pthread_mutex_unlock(&p->lock);
}

static void count(struct kr_metrics *m, const char *name, const char *help, struct kr_str source,
		  uint64_t n)
{
	char text[72];
	const char *labels[] = {"source", text, NULL};

	snprintf(text, sizeof(text), "%.*s", (int)KR_MIN(source.n, sizeof(text) - 1), source.p);
	kr_metric_add(kr_metric_get(m, KR_METRIC_COUNTER, name, help, labels), (int64_t)n);
}

void kr_pipe__count(struct kr_pipe *p, struct kr_str source, const struct kr_taken *t)
{
	pthread_mutex_lock(&p->lock);
	if (p->metrics) {
		count(p->metrics, "karaula_reports", "Reports that were taken, by source.", source,
		      1);
		count(p->metrics, "karaula_records", "Records that were read, by source.", source,
		      t->read);
		count(p->metrics, "karaula_rows", "New rows that were stored, by source.", source,
		      t->fresh);
		count(p->metrics, "karaula_records_dropped",
		      "Records that rules dropped, by source.", source, t->dropped);
		count(p->metrics, "karaula_records_refused",
		      "Records that could not become events, by source.", source, t->refused);
	}
	pthread_mutex_unlock(&p->lock);
}
