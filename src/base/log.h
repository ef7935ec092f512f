/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line an entry on stderr, in logfmt or JSON, from any thread. Rooms that compute
 * (base, model, codec, store, conf) return faults and never log; those that act log a failure once.
 *
 *     kr_log(KR_LOG_WARNING, "peer is late", KR_S("peer", name), KR_I("seconds", late));
 *
 * Text is fixed, what varies is in fields. Values are hostile: they are escaped so that no value
 * can begin a line, forge a field, or act on a terminal. Personal data and secrets are never
 * logged.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

/* Numbers of syslog (RFC 5424). */
enum kr_log_level {
	KR_LOG_ERROR = 3,   /* something does not work; a person must act */
	KR_LOG_WARNING = 4, /* may become one */
	KR_LOG_NOTICE = 5,  /* started, stopped, settings read */
	KR_LOG_INFO = 6,    /* the normal way of things */
	KR_LOG_DEBUG = 7,
};

enum kr_log_type { KR_LOG_STR, KR_LOG_INT, KR_LOG_UINT, KR_LOG_DOUBLE, KR_LOG_BOOL, KR_LOG_FAULT };

struct kr_log_field {
	const char *key; /* a-z and _ */
	enum kr_log_type type;
	union {
		struct kr_str s;
		int64_t i;
		uint64_t u;
		double d;
		bool b;
		const struct kr_fault *f;
	};
};

static inline struct kr_str kr_log__same(struct kr_str s)
{
	return s;
}

/* v is a struct kr_str or a C string. */
#define KR_S(k, v)                                                                                 \
	{.key = (k),                                                                               \
	 .type = KR_LOG_STR,                                                                       \
	 .s = _Generic((v),                                                                        \
		 struct kr_str: kr_log__same,                                                      \
		 char *: kr_str_c,                                                                 \
		 const char *: kr_str_c)(v)}
#define KR_I(k, v) {.key = (k), .type = KR_LOG_INT, .i = (int64_t)(v)}
#define KR_U(k, v) {.key = (k), .type = KR_LOG_UINT, .u = (uint64_t)(v)}
#define KR_F(k, v) {.key = (k), .type = KR_LOG_DOUBLE, .d = (double)(v)}
#define KR_B(k, v) {.key = (k), .type = KR_LOG_BOOL, .b = (v)}
/* A struct kr_fault: as fields error (its text for people) and code (its name). */
#define KR_FAULT(v) {.key = "error", .type = KR_LOG_FAULT, .f = (v)}

/* level: enum kr_log_level; text: a literal; then any number of fields. */
#define kr_log(level, text, ...)                                                                   \
	do {                                                                                       \
		const struct kr_log_field kr_log_fields_[] = {{.key = NULL}, ##__VA_ARGS__};       \
		kr_log_write((level), "" text, kr_log_fields_ + 1,                                 \
			     KR_ARRAY_LEN(kr_log_fields_) - 1);                                    \
	} while (0)

void kr_log_write(enum kr_log_level level, const char *text, const struct kr_log_field *fields,
		  size_t count);

struct kr_log_options {
	enum kr_log_level level; /* entries of higher numbers are dropped */
	bool json;		 /* one object a line */
	int fd;			 /* 2; tests use another */
};

/*
 * Set how it is logged; may be called again at any time. Before the first call: level notice,
 * logfmt, descriptor 2. In logfmt, lines begin with the priority "<4>" where the descriptor is no
 * terminal, so that journald knows the level, and carry no time where it is the journal, which has
 * its own.
 */
void kr_log_setup(const struct kr_log_options *o);
/* Will entries of this level be written? For when the fields are costly to make. */
bool kr_log_on(enum kr_log_level level);
/* "error", "warning", "notice", "info", "debug"; 0 or -KR_EINVAL. */
KR_MUST_USE int kr_log_level_parse(struct kr_str s, enum kr_log_level *ret);
const char *kr_log_level_name(enum kr_log_level level);
