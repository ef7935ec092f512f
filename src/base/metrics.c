/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <pthread.h>
#include <stdlib.h>

struct series {
	struct kr_metric metric;
	struct series *next;
	char labels[]; /* as written, "" or "{a=\"b\"}" */
};

struct family {
	struct family *next;
	enum kr_metric_type type;
	char *name, *help;
	struct series *first, **last;
};

struct kr_metrics {
	pthread_mutex_t lock; /* guards the lists, not the values */
	struct family *first, **last;
	size_t count, series_max;
	struct kr_metric unseen;
};

#define LABELS_MAX ((size_t)4096)

struct kr_metrics *kr_metrics_new(size_t series_max)
{
	struct kr_metrics *m = kr_xcalloc(1, sizeof(*m));

	pthread_mutex_init(&m->lock, NULL);
	m->last = &m->first;
	m->series_max = series_max;
	return m;
}

void kr_metrics_free(struct kr_metrics *m)
{
	if (!m)
		return;
	for (struct family *f = m->first, *next; f; f = next) {
		next = f->next;
		for (struct series *s = f->first, *after; s; s = after) {
			after = s->next;
			free(s);
		}
		free(f->name);
		free(f->help);
		free(f);
	}
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static bool name_ok(const char *name)
{
	if (!*name || kr_is_digit(*name))
		return false;
	for (; *name; name++)
		if (!kr_is_digit(*name) && *name != '_' && !(*name >= 'a' && *name <= 'z'))
			return false;
	return true;
}

/* Backslash, quote and newline are escaped; what is not UTF-8 is replaced. */
static void put_escaped(struct kr_buf *b, struct kr_str s)
{
	while (s.n) {
		size_t valid = kr_utf8_valid(s);

		for (size_t i = 0; i < valid; i++) {
			if (s.p[i] == '\n')
				kr_buf_c(b, "\\n");
			else if (s.p[i] == '\\' || s.p[i] == '"')
				kr_buf_printf(b, "\\%c", s.p[i]);
			else
				kr_buf_ch(b, s.p[i]);
		}
		s = kr_str_from(s, valid);
		if (s.n) {
			kr_buf_c(b, "\xef\xbf\xbd");
			s = kr_str_from(s, 1);
		}
	}
}

static void put_labels(struct kr_buf *b, const char *const *labels)
{
	if (!labels || !labels[0])
		return;
	for (size_t i = 0; labels[i]; i += 2) {
		assert(name_ok(labels[i]) && labels[i + 1]);
		kr_buf_printf(b, "%c%s=\"", i ? ',' : '{', labels[i]);
		put_escaped(b, kr_str_c(labels[i + 1]));
		kr_buf_ch(b, '"');
	}
	kr_buf_ch(b, '}');
}

static struct family *find_family_locked(struct kr_metrics *m, enum kr_metric_type type,
					 const char *name, const char *help)
{
	struct family *f;

	for (f = m->first; f; f = f->next) {
		if (strcmp(f->name, name) == 0) {
			assert(f->type == type);
			return f;
		}
	}
	f = kr_xcalloc(1, sizeof(*f));
	f->type = type;
	f->name = kr_xstrdup(name);
	f->help = kr_xstrdup(help);
	f->last = &f->first;
	*m->last = f;
	m->last = &f->next;
	return f;
}

static struct kr_metric *find_series_locked(struct kr_metrics *m, struct family *f,
					    const char *labels)
{
	size_t n = strlen(labels) + 1;
	struct series *s;

	for (s = f->first; s; s = s->next)
		if (strcmp(s->labels, labels) == 0)
			return &s->metric;
	if (m->count >= m->series_max)
		return &m->unseen;
	m->count++;
	s = kr_xcalloc(1, sizeof(*s) + n);
	memcpy(s->labels, labels, n);
	*f->last = s;
	f->last = &s->next;
	return &s->metric;
}

struct kr_metric *kr_metric_get(struct kr_metrics *m, enum kr_metric_type type, const char *name,
				const char *help, const char *const *labels)
{
	KR_AUTO_BUF b = KR_BUF(LABELS_MAX);
	struct kr_metric *metric = &m->unseen;
	const char *text;

	assert(name_ok(name));
	put_labels(&b, labels);
	text = kr_buf_cstr(&b);
	if (b.err)
		return metric;
	pthread_mutex_lock(&m->lock);
	metric = find_series_locked(m, find_family_locked(m, type, name, help), text);
	pthread_mutex_unlock(&m->lock);
	return metric;
}

void kr_metrics_text(struct kr_metrics *m, struct kr_buf *b)
{
	pthread_mutex_lock(&m->lock);
	for (const struct family *f = m->first; f; f = f->next) {
		bool counter = f->type == KR_METRIC_COUNTER;

		if (!f->first)
			continue;
		kr_buf_printf(b, "# TYPE %s %s\n# HELP %s ", f->name, counter ? "counter" : "gauge",
			      f->name);
		put_escaped(b, kr_str_c(f->help));
		kr_buf_ch(b, '\n');
		for (const struct series *s = f->first; s; s = s->next)
			kr_buf_printf(b, "%s%s%s %lld\n", f->name, counter ? "_total" : "",
				      s->labels, (long long)kr_metric_value(&s->metric));
	}
	pthread_mutex_unlock(&m->lock);
	kr_buf_c(b, "# EOF\n");
}
