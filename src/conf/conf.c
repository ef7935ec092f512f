/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: libconfuse gets a table made of settings.def in which every setting is a string,
 * and calls checked() for each as it is read; there the line is known and our own types are
 * stricter than its own. Its lexer is global and its callbacks carry no pointer of ours, so a load
 * runs under one lock and finds its state in `loading`; that and the lock are the only variables of
 * this room. A snapshot is never changed after it is made.
 */
#include "conf/conf.h"

#include <confuse.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/near.h"
#include "conf/scan.h"

#define FILE_MAX     ((size_t)1 << 20)
#define SECTIONS_MAX 32
#define LIVE	     true
#define RESTART	     false

static const struct row {
	struct kr_setting s;
	size_t offset; /* of the member in struct kr_conf */
} rows[] = {
#define S(section_, name_, type_, standard_, least_, most_, when_, doc_)                           \
	{{.section = #section_,                                                                    \
	  .name = #name_,                                                                          \
	  .standard = standard_,                                                                   \
	  .least = least_,                                                                         \
	  .most = most_,                                                                           \
	  .doc = doc_,                                                                             \
	  .type = KR_CONF_##type_,                                                                 \
	  .live = when_},                                                                          \
	 offsetof(struct kr_conf, section_##_##name_)},
#include "conf/settings.def"
#undef S
};
#define ROWS KR_ARRAY_LEN(rows)

struct kr_conf__private {
	atomic_uint refs;
	struct kr_arena *arena;
	const char *text[ROWS]; /* as written, or the default */
	uint64_t line[ROWS];	/* 0: the default */
};

struct load {
	struct kr_conf *conf;
	struct kr_fault *fault;
	const char *where;
	int err;
};

static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER; /* guards loading and libconfuse */
static struct load *loading;

bool kr_setting_at(size_t i, struct kr_setting *ret)
{
	if (i >= ROWS)
		return false;
	*ret = rows[i].s;
	ret->index = i;
	return true;
}

static const struct row *row_of(const char *section, const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].s.section, section) && !strcmp(rows[i].s.name, name))
			return &rows[i];
	return NULL;
}

static int assign(struct kr_conf *c, const struct row *r, struct kr_str value,
		  struct kr_fault *reterr)
{
	int err = kr_conf__parse(r->s.type, value, r->s.least, r->s.most, c->private->arena,
				 (char *)c + r->offset, reterr);

	if (!err)
		c->private->text[r - rows] = kr_arena_dup(c->private->arena, value).p;
	return err;
}

/* Only the first error counts; libconfuse may report what follows from it. */
static int report(struct load *l, int err, uint64_t line)
{
	if (!l->err) {
		kr_fault_where(l->fault, "%s", l->where);
		kr_fault_at(l->fault, line, 0, 0);
		l->err = err;
	}
	return -1;
}

/* libconfuse read a value: check and take it. */
static int checked(cfg_t *cfg, cfg_opt_t *opt)
{
	struct load *l = loading;
	const struct row *r = row_of(cfg_name(cfg), cfg_opt_name(opt));
	const char *value = cfg_opt_getnstr(opt, 0);
	uint64_t line = (uint64_t)cfg->line, *seen;
	struct kr_fault f = {0};

	assert(r);
	seen = &l->conf->private->line[r - rows];
	if (*seen) {
		kr_fault_set(l->fault, -KR_ECONF, "'%s' is set a second time, after line %llu",
			     r->s.name, (unsigned long long)*seen);
		return report(l, -KR_ECONF, line);
	}
	*seen = line;
	if (!assign(l->conf, r, kr_str_c(value ? value : ""), &f))
		return 0;
	kr_fault_set(l->fault, f.code, "%s.%s: %s", r->s.section, r->s.name, f.message);
	kr_fault_remedy(l->fault, "%s", f.remedy);
	return report(l, f.code, line);
}

static int unknown(struct load *l, const char *section, const char *word)
{
	struct kr_near near = KR_NEAR(kr_str_c(word));
	bool top = !strcmp(section, "root");

	for (size_t i = 0; i < ROWS; i++) {
		if (top)
			kr_near_offer(&near, kr_str_c(rows[i].s.section));
		else if (!strcmp(rows[i].s.section, section))
			kr_near_offer(&near, kr_str_c(rows[i].s.name));
	}
	kr_fault_set(l->fault, -KR_ECONF, "no such %s '%.60s'%s%s", top ? "section" : "setting",
		     word, top ? "" : " in section ", top ? "" : section);
	if (near.best.p)
		kr_fault_remedy(l->fault, "did you mean '%.*s'?", KR_STR_ARG(near.best));
	for (size_t i = 0; i < ROWS && !near.best.p; i++) {
		if (strcmp(rows[i].s.name, word) != 0)
			continue;
		kr_fault_remedy(l->fault, "it stands in a section: %s { %s = ... }",
				rows[i].s.section, word);
		break;
	}
	return -KR_ECONF;
}

static void KR_PRINTF(2, 0)
failed(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct load *l = loading;

	if (l->err)
		return;
	if (strstr(fmt, "no such option") && strchr(fmt, '%')) {
		unknown(l, cfg->name, va_arg(ap, const char *));
	} else {
		char text[200];

		vsnprintf(text, sizeof(text), fmt, ap);
		kr_fault_set(l->fault, -KR_ECONF, "%s", text);
		kr_fault_remedy(l->fault, "settings look like: http { timeout = 30s }");
	}
	report(l, -KR_ECONF, (uint64_t)cfg->line);
}

/* The table for libconfuse. sections and opts have one place more than rows, for their ends. */
static size_t build(cfg_opt_t *sections, cfg_opt_t *opts)
{
	size_t n = 0, o = 0;

	for (size_t i = 0; i < ROWS; i++) {
		if (!i || strcmp(rows[i].s.section, rows[i - 1].s.section) != 0) {
			if (i)
				opts[o++] = (cfg_opt_t)CFG_END();
			assert(n < SECTIONS_MAX);
			sections[n++] = (cfg_opt_t)CFG_SEC(rows[i].s.section, &opts[o], CFGF_NONE);
		}
		opts[o++] = (cfg_opt_t)CFG_STR(rows[i].s.name, NULL, CFGF_NONE);
	}
	opts[o] = (cfg_opt_t)CFG_END();
	sections[n] = (cfg_opt_t)CFG_END();
	return n;
}

static int parse_locked(struct load *l, const char *text)
{
	cfg_opt_t sections[SECTIONS_MAX + 1], opts[ROWS + SECTIONS_MAX + 1];
	char path[128];
	cfg_t *cfg;
	int status;

	build(sections, opts);
	cfg = cfg_init(sections, CFGF_NONE);
	if (!cfg)
		return kr_fault_set(l->fault, -KR_EINTERNAL, "libconfuse refuses its table");
	cfg_set_error_function(cfg, failed);
	for (size_t i = 0; i < ROWS; i++) {
		snprintf(path, sizeof(path), "%s|%s", rows[i].s.section, rows[i].s.name);
		cfg_set_validate_func(cfg, path, checked);
	}
	loading = l;
	status = cfg_parse_buf(cfg, text);
	loading = NULL;
	cfg_free(cfg);
	if (status != CFG_SUCCESS && !l->err)
		l->err = kr_fault_set(l->fault, -KR_ECONF, "%s cannot be parsed", l->where);
	return l->err;
}

static int load_file(int dirfd, const char *path, struct kr_conf *c, struct kr_fault *reterr)
{
	KR_AUTO_BUF text = KR_BUF(FILE_MAX + 1);
	struct load l = {.conf = c, .fault = reterr, .where = path};
	int err = kr_file_read(dirfd, path, FILE_MAX, &text, reterr);

	if (err)
		return err;
	err = kr_conf__scan(&text, reterr);
	if (err) {
		kr_fault_where(reterr, "%s", l.where);
		return err;
	}
	pthread_mutex_lock(&load_lock);
	err = parse_locked(&l, kr_buf_cstr(&text));
	pthread_mutex_unlock(&load_lock);
	return err;
}

static struct kr_conf *defaults(void)
{
	struct kr_conf *c = kr_xcalloc(1, sizeof(*c));

	c->private = kr_xcalloc(1, sizeof(*c->private));
	atomic_init(&c->private->refs, 1);
	c->private->arena = kr_arena_new(8 * FILE_MAX);
	for (size_t i = 0; i < ROWS; i++) {
		/* A text that may be absent has "" as its default, which no file may write. */
		if (rows[i].s.standard[0]) {
			int err = assign(c, &rows[i], kr_str_c(rows[i].s.standard), NULL);

			assert(!err);
			(void)err;
		} else {
			*(const char **)((char *)c + rows[i].offset) = "";
			c->private->text[i] = "";
		}
	}
	return c;
}

int kr_conf_load(int dirfd, const char *path, const struct kr_conf **ret, struct kr_fault *reterr)
{
	struct kr_conf *c = defaults();
	int err = path ? load_file(dirfd, path, c, reterr) : 0;

	if (err) {
		kr_conf_unref(c);
		return err;
	}
	*ret = c;
	return 0;
}

const struct kr_conf *kr_conf_ref(const struct kr_conf *c)
{
	atomic_fetch_add_explicit(&c->private->refs, 1, memory_order_relaxed);
	return c;
}

void kr_conf_unref(const struct kr_conf *c)
{
	struct kr_conf *own;

	if (!c || atomic_fetch_sub(&c->private->refs, 1) != 1)
		return;
	kr_arena_free(c->private->arena);
	free(c->private);
	memcpy(&own, &c, sizeof(own));
	free(own);
}

const char *kr_conf_value(const struct kr_conf *c, size_t index)
{
	return c->private->text[index];
}

uint64_t kr_conf_line(const struct kr_conf *c, size_t index)
{
	return c->private->line[index];
}

bool kr_conf_needs_restart(const struct kr_conf *before, const struct kr_conf *after,
			   struct kr_buf *ret)
{
	bool any = false;

	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].s.live || !strcmp(before->private->text[i], after->private->text[i]))
			continue;
		if (ret)
			kr_buf_printf(ret, "%s%s.%s", any ? ", " : "", rows[i].s.section,
				      rows[i].s.name);
		any = true;
	}
	return any;
}
