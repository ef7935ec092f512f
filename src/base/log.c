/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a line is built in a buffer of its own and written with one write(2) under a
 * lock, so lines never mix. How it is logged is the one piece of process-wide state in base, since
 * there is one stderr: three numbers, read and written atomically.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"

#define LINE_ROOM  ((size_t)512 << 10) /* all fields with every byte escaped fit */
#define VALUE_MAX  ((size_t)1024)      /* bytes of one value before it is escaped */
#define FIELDS_MAX ((size_t)32)

enum form { FORM_TERMINAL, FORM_PRIORITY, FORM_JOURNAL, FORM_JSON };

static struct {
	int level, form, fd;  /* form -1: not looked at yet */
	pthread_mutex_t lock; /* one line at a time */
} state = {KR_LOG_NOTICE, -1, 2, PTHREAD_MUTEX_INITIALIZER};

static const struct {
	enum kr_log_level level;
	const char *name;
} levels[] = {
	{KR_LOG_ERROR, "error"}, {KR_LOG_WARNING, "warning"}, {KR_LOG_NOTICE, "notice"},
	{KR_LOG_INFO, "info"},	 {KR_LOG_DEBUG, "debug"},
};

/* systemd names device and inode of the journal's stream; others may have inherited the variable.
 */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(fd, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == ino;
}

static int form_of(int fd)
{
	return isatty(fd) ? FORM_TERMINAL : is_journal(fd) ? FORM_JOURNAL : FORM_PRIORITY;
}

void kr_log_setup(const struct kr_log_options *o)
{
	__atomic_store_n(&state.fd, o->fd, __ATOMIC_RELAXED);
	__atomic_store_n(&state.level, (int)o->level, __ATOMIC_RELAXED);
	__atomic_store_n(&state.form, o->json ? FORM_JSON : form_of(o->fd), __ATOMIC_RELEASE);
}

bool kr_log_on(enum kr_log_level level)
{
	return (int)level <= __atomic_load_n(&state.level, __ATOMIC_RELAXED);
}

int kr_log_level_parse(struct kr_str s, enum kr_log_level *ret)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(levels); i++) {
		if (kr_str_eqc(s, levels[i].name)) {
			*ret = levels[i].level;
			return 0;
		}
	}
	return -KR_EINVAL;
}

const char *kr_log_level_name(enum kr_log_level level)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(levels); i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "unknown";
}

/* May the text stand without quotes? */
static bool is_bare(struct kr_str s)
{
	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && !(s.p[i] && strchr("_-./:@%+,*#()[]", s.p[i])))
			return false;
	return true;
}

/* One character of valid UTF-8 above ASCII. */
static unsigned decode(const unsigned char *p, size_t *ret_n)
{
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	unsigned v = p[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		v = v << 6 | (p[i] & 0x3f);
	*ret_n = n;
	return v;
}

/* Acts on a terminal or on the order in which text is shown: C1, marks and overrides of direction,
 * line ends. */
static bool is_active(unsigned v)
{
	return (v >= 0x80 && v < 0xa0) || v == 0x061c || (v >= 0x200b && v <= 0x200f) ||
	       (v >= 0x2028 && v <= 0x202e) || (v >= 0x2066 && v <= 0x2069) || v == 0xfeff ||
	       (v >= 0xe0000 && v <= 0xe007f);
}

/* Text between quotes, valid for logfmt and for JSON. */
static void put_escaped(struct kr_buf *b, struct kr_str s)
{
	for (size_t i = 0; i < s.n;) {
		struct kr_str rest = kr_str_from(s, i);
		size_t n = 1;
		unsigned v;

		if ((unsigned char)s.p[i] < 0x7f) {
			while (n < rest.n && (unsigned char)rest.p[n] < 0x7f)
				n++;
			kr_json_escape(b, kr_str_first(rest, n));
		} else if (s.p[i] == 0x7f) {
			kr_buf_c(b, "\\u007f");
		} else if (!kr_utf8_valid(kr_str_first(rest, 4))) {
			kr_buf_c(b, "\xef\xbf\xbd");
		} else {
			v = decode((const unsigned char *)rest.p, &n);
			if (!is_active(v))
				kr_buf_add(b, rest.p, n);
			else if (v < 0x10000)
				kr_buf_printf(b, "\\u%04x", v);
			else
				kr_buf_printf(b, "\\u%04x\\u%04x", 0xd7c0 + (v >> 10),
					      0xdc00 + (v & 0x3ff));
		}
		i += n;
	}
}

static void put_text(struct kr_buf *b, struct kr_str s, bool json)
{
	bool cut = s.n > VALUE_MAX;

	if (cut)
		s.n = VALUE_MAX;
	if (!json && !cut && is_bare(s)) {
		kr_buf_str_add(b, s);
		return;
	}
	kr_buf_ch(b, '"');
	put_escaped(b, s);
	kr_buf_c(b, cut ? "...\"" : "\"");
}

/* Only the brackets before the first key stand at the end of what is there. */
static void put_key(struct kr_buf *b, const char *key, bool json)
{
	if (b->n && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '>')
		kr_buf_ch(b, json ? ',' : ' ');
	kr_buf_printf(b, json ? "\"%s\":" : "%s=", key);
}

static void put_field(struct kr_buf *b, const struct kr_log_field *f, bool json)
{
	char text[700];

	put_key(b, f->key, json);
	switch (f->type) {
	case KR_LOG_STR: put_text(b, f->s, json); break;
	case KR_LOG_INT: kr_buf_i64(b, f->i); break;
	case KR_LOG_UINT: kr_buf_u64(b, f->u); break;
	case KR_LOG_DOUBLE: kr_json_double(&KR_JSON_OUT(b), f->d); break;
	case KR_LOG_BOOL: kr_buf_c(b, f->b ? "true" : "false"); break;
	case KR_LOG_FAULT:
		put_text(b, kr_str_c(kr_fault_text(f->f, text, sizeof(text))), json);
		put_key(b, "code", json);
		put_text(b, kr_str_c(kr_err_name(f->f->code)), json);
		break;
	}
}

void kr_log_write(enum kr_log_level level, const char *text, const struct kr_log_field *fields,
		  size_t count)
{
	KR_AUTO_BUF b = KR_BUF(LINE_ROOM);
	int form = __atomic_load_n(&state.form, __ATOMIC_ACQUIRE);
	int fd = __atomic_load_n(&state.fd, __ATOMIC_RELAXED);
	char time[KR_TIME_TEXT_MAX];
	bool json;

	if (!kr_log_on(level))
		return;
	if (form < 0)
		form = form_of(fd);
	json = form == FORM_JSON;
	if (json)
		kr_buf_ch(&b, '{');
	else if (form != FORM_TERMINAL)
		kr_buf_printf(&b, "<%d>", (int)level);
	if (form != FORM_JOURNAL) {
		put_key(&b, "time", json);
		put_text(&b, kr_str_c(kr_time_text(kr_time_now(), time)), json);
	}
	put_key(&b, "level", json);
	put_text(&b, kr_str_c(kr_log_level_name(level)), json);
	put_key(&b, "msg", json);
	put_text(&b, kr_str_c(text), json);
	for (size_t i = 0; i < KR_MIN(count, FIELDS_MAX); i++)
		put_field(&b, &fields[i], json);
	kr_buf_c(&b, json ? "}\n" : "\n");
	pthread_mutex_lock(&state.lock);
	/* Where the log cannot be written, there is nobody to tell. */
	(void)!kr_write_all(fd, b.p, b.n, NULL);
	pthread_mutex_unlock(&state.lock);
}
