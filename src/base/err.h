/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: functions return 0 or a positive count on success and -KR_E* on failure. Position and
 * detail travel in an explicit struct kr_fault, the last parameter of a function, which may be
 * NULL.
 */
#pragma once

#include "base/base.h"

enum kr_err {
	KR_OK = 0,
#define E(name, number, text, http, exit, retry) KR_E##name = number,
#include "base/err.def"
#undef E
};

/* What went wrong, where, and how to mend it. All texts are complete without each other. */
struct kr_fault {
	int code;	   /* -KR_E*, 0: nothing set */
	uint64_t line;	   /* 1-based, 0: does not apply */
	uint64_t column;   /* 1-based, 0: does not apply */
	uint64_t byte;	   /* 0-based offset in the input */
	char where[160];   /* file name, field name or JSON path; may be empty */
	char message[256]; /* what is wrong */
	char remedy[200];  /* what to do about it; may be empty */
};

/* Text of an error code, e.g. "invalid value" for -KR_EINVAL. */
const char *kr_err_text(int code);
/* Name of an error code without prefix, e.g. "INVAL"; stable, for --json and APIs. */
const char *kr_err_name(int code);
int kr_err_http(int code);
int kr_err_exit(int code);
bool kr_err_retry(int code);
/* The code for an errno value: ENOSPC gives -KR_EFULL, ENOENT -KR_ENOENT, others -KR_EIO. */
int kr_err_errno(int errnum);

/*
 * Fill a fault's code and message; where, position and remedy are cleared.
 *
 * f     may be NULL
 * code  -KR_E*
 *
 * Returns code, so that a function can end with it.
 */
int kr_fault_set(struct kr_fault *f, int code, const char *fmt, ...) KR_PRINTF(3, 4);
/* The same for an errno value; the message ends with its text. Returns the code. */
int kr_fault_errno(struct kr_fault *f, int errnum, const char *fmt, ...) KR_PRINTF(3, 4);
/* Say where. f may be NULL. */
void kr_fault_where(struct kr_fault *f, const char *fmt, ...) KR_PRINTF(2, 3);
/* Say how to mend it. f may be NULL. */
void kr_fault_remedy(struct kr_fault *f, const char *fmt, ...) KR_PRINTF(2, 3);
void kr_fault_at(struct kr_fault *f, uint64_t line, uint64_t column, uint64_t byte);
/*
 * One line for people: "where:line:column: message (remedy)".
 *
 * buf, size  receives the text, cut to size - 1 bytes
 *
 * Returns buf.
 */
char *kr_fault_text(const struct kr_fault *f, char *buf, size_t size);
