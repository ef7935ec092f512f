/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * A report that is being taken holds counted references to the snapshots it began with. An import
 * makes new ones and exchanges the pointers under a lock; the old ones go when the last report lets
 * go of them. The lock is taken once a report, never for an event. Compiled mappings are immutable
 * and named by their row in the store, so they never become stale; the oldest leave when there are
 * many.
 */
#include "pipe/pipe.h"

#include "store/read.h"

#include <pthread.h>
#include <stdlib.h>

#define MAPPINGS_MAX 16

struct kept {
	uint32_t id;
	struct kr_mapping *mapping;
};

struct kr_pipe {
	struct kr_store *store;
	pthread_mutex_t lock; /* guards all that follows */
	struct kr_register *reg;
	struct kr_tables *tables;
	struct kr_pipe_limits limits;
	struct kept kept[MAPPINGS_MAX]; /* newest first */
	size_t n_kept;
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
	for (size_t i = 0; i < p->n_kept; i++)
		kr_mapping_unref(p->kept[i].mapping);
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

static struct kr_mapping *kept_find(struct kr_pipe *p, uint32_t id)
{
	struct kr_mapping *m = NULL;

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n_kept && !m; i++)
		if (p->kept[i].id == id)
			m = kr_mapping_ref(p->kept[i].mapping);
	pthread_mutex_unlock(&p->lock);
	return m;
}

static void kept_add(struct kr_pipe *p, uint32_t id, struct kr_mapping *m)
{
	pthread_mutex_lock(&p->lock);
	if (p->n_kept == MAPPINGS_MAX)
		kr_mapping_unref(p->kept[--p->n_kept].mapping);
	memmove(p->kept + 1, p->kept, p->n_kept * sizeof(*p->kept));
	p->kept[0] = (struct kept){id, kr_mapping_ref(m)};
	p->n_kept++;
	pthread_mutex_unlock(&p->lock);
}

int kr_pipe_mapping(struct kr_pipe *p, uint32_t id, struct kr_mapping **ret,
		    struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = NULL;
	struct kr_mapping *m = kept_find(p, id);
	struct kr_str doc;
	int err;

	if (!m) {
		a = kr_arena_new(0);
		err = kr_store_mapping_doc(p->store, id, a, &doc, reterr);
		if (!err)
			err = kr_mapping_compile(doc, &m, reterr);
		if (err)
			return err;
		kept_add(p, id, m);
	}
	*ret = m;
	return 0;
}

static int no_mapping(const struct kr_codec *codec, struct kr_str name, struct kr_str report,
		      struct kr_fault *reterr)
{
	if (name.n) {
		kr_fault_set(reterr, -KR_EMAPPING, "there is no mapping '%.*s' for the format %s",
			     (int)KR_MIN(name.n, (size_t)64), name.p, codec->name);
		kr_fault_remedy(reterr, "karaula source mapping list shows all");
	} else {
		kr_fault_set(reterr, -KR_EMAPPING,
			     "no mapping for the format %s knows the report '%.*s'", codec->name,
			     (int)KR_MIN(report.n, (size_t)100), report.p);
		kr_fault_remedy(reterr,
				"import one: karaula source mapping import FILE; then: karaula "
				"take --again REPORT");
	}
	return -KR_EMAPPING;
}

int kr_pipe_mapping_for(struct kr_pipe *p, const struct kr_codec *codec, struct kr_str name,
			struct kr_str report, struct kr_mapping **ret, uint32_t *ret_id,
			struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_mapping_row *rows;
	struct kr_mapping *best = NULL;
	kr_time best_time = 0;
	size_t n;
	int err = kr_store_mapping_list(p->store, a, &rows, &n, reterr);

	for (size_t i = 0; !err && i < n; i++) {
		struct kr_mapping *m;

		if (!rows[i].current || !kr_str_eqc(rows[i].codec, codec->name) ||
		    (name.n && !kr_str_eq(rows[i].name, name)) ||
		    (best && rows[i].imported <= best_time))
			continue;
		err = kr_pipe_mapping(p, rows[i].id, &m, reterr);
		if (err)
			break;
		if (!name.n && !kr_mapping_knows(m, report)) {
			kr_mapping_unref(m);
			continue;
		}
		kr_mapping_unref(best);
		best = m;
		best_time = rows[i].imported;
		*ret_id = rows[i].id;
	}
	if (!err && !best)
		err = no_mapping(codec, name, report, reterr);
	if (err)
		kr_mapping_unref(best);
	else
		*ret = best;
	return err;
}
