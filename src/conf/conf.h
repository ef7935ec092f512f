/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the node: one table (conf/settings.def), one file (DIR/karaula.conf), immutable
 * snapshots. A snapshot is shared between threads by counting references; a reload makes a new one.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "conf/types.h"

#define KR_CONF_FILE "karaula.conf"

/* conf->http_timeout, conf->limits_record_max, ... */
struct kr_conf {
#define S(section, name, type, standard, least, most, when, doc) kr_conf_c_##type section##_##name;
#include "conf/settings.def"
#undef S
	struct kr_conf__private *private; /* conf.c */
};

/*
 * Read a configuration file.
 *
 * dirfd  directory that path is relative to, or AT_FDCWD
 * path   the file; NULL: no file, all defaults
 *
 * Returns 0; -KR_ENOENT; -KR_ECONF with file, line, what is wrong and what was meant.
 */
KR_MUST_USE int kr_conf_load(int dirfd, const char *path, const struct kr_conf **ret,
			     struct kr_fault *reterr);
/* Count a reference; returns c. */
const struct kr_conf *kr_conf_ref(const struct kr_conf *c);
void kr_conf_unref(const struct kr_conf *c);

/* One row of the table with its value, for show, doc and doctor. */
struct kr_setting {
	const char *section, *name, *standard, *least, *most, *doc;
	enum kr_conf_type type;
	bool live;
	size_t index;
};
/* Row number i; false beyond the last. */
bool kr_setting_at(size_t i, struct kr_setting *ret);
/* The value as the file spells it, or the default. Borrowed from c. */
const char *kr_conf_value(const struct kr_conf *c, size_t index);
/* Line of the file on which it stands; 0: it is the default. */
uint64_t kr_conf_line(const struct kr_conf *c, size_t index);
/* Does a setting that needs a restart differ between two snapshots? Appends their names, separated
 * by ", ". */
bool kr_conf_needs_restart(const struct kr_conf *before, const struct kr_conf *after,
			   struct kr_buf *ret);
/* A commented file with the given values, for init. */
void kr_conf_template(struct kr_buf *ret, const char *name, const char *country);
/* doc/configuration.md. */
void kr_conf_markdown(struct kr_buf *ret);
