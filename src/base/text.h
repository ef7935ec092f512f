/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts for people in their language. Messages are English in the source; translations come from
 * po/ and are embedded at build time (po/README). Not libintl, which follows the locale of the
 * process, while here each request and each command may be in a language of its own.
 */
#pragma once

#include "base/base.h"

/* Marks a text for translation where it is defined; it is translated where it is used, by
 * kr_text(). */
#define N_(s) s

/*
 * A text in a language.
 *
 * lang   "hr", "sr", "sr@latin", also as locale or BCP 47 tag ("hr_HR.UTF-8", "sr-Latn-RS"); NULL
 * or a language that is not there: English msgid  the English text, a literal (or marked by N_
 * where it is defined)
 *
 * Returns the translation, or msgid itself. Both stay for ever. Any thread.
 */
const char *kr_text(const char *lang, const char *msgid) __attribute__((format_arg(2)));
/* The same for a number of things: "%llu row", "%llu rows". The caller formats n into it. */
const char *kr_text_n(const char *lang, const char *msgid, const char *plural, uint64_t n)
	__attribute__((format_arg(2), format_arg(3)));
/* Languages that are there besides English, ended by NULL. */
const char *const *kr_text_langs(void);

/*
 * The same for what owners read, messages and the page behind their link: their catalogue is one
 * of its own (po/messages), so that it is there in languages in which the pages are not.
 */
const char *kr_message(const char *lang, const char *msgid) __attribute__((format_arg(2)));
const char *kr_message_n(const char *lang, const char *msgid, const char *plural, uint64_t n)
	__attribute__((format_arg(2), format_arg(3)));
const char *const *kr_message_langs(void);
