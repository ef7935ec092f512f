/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *text;
	int http, exit;
	bool retry;
} errors[] = {
	[0] = {"OK", "no error", 200, 0, false},
#define E(name, number, text, http, exit, retry) [number] = {#name, text, http, exit, retry},
#include "base/err.def"
#undef E
};

static size_t index_of(int code)
{
	size_t i = code < 0 ? (size_t)-code : (size_t)code;

	return i < KR_ARRAY_LEN(errors) ? i : KR_EINTERNAL;
}

const char *kr_err_text(int code)
{
	return errors[index_of(code)].text;
}

const char *kr_err_name(int code)
{
	return errors[index_of(code)].name;
}

int kr_err_http(int code)
{
	return errors[index_of(code)].http;
}

int kr_err_exit(int code)
{
	return errors[index_of(code)].exit;
}

bool kr_err_retry(int code)
{
	return errors[index_of(code)].retry;
}

int kr_err_errno(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT: return -KR_EFULL;
	case ENOENT: return -KR_ENOENT;
	case EEXIST: return -KR_EEXIST;
	case EACCES:
	case EPERM:
	case EROFS: return -KR_EDENIED;
	case ECANCELED: return -KR_ECANCEL;
	default: return -KR_EIO;
	}
}

int kr_fault_set(struct kr_fault *f, int code, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return code;
	f->code = code;
	f->line = f->column = f->byte = 0;
	f->where[0] = f->remedy[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(f->message, sizeof(f->message), fmt, ap);
	va_end(ap);
	return code;
}

int kr_fault_errno(struct kr_fault *f, int errnum, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	if (!f)
		return kr_err_errno(errnum);
	kr_fault_set(f, kr_err_errno(errnum), "%s", "");
	va_start(ap, fmt);
	vsnprintf(f->message, sizeof(f->message), fmt, ap);
	va_end(ap);
	n = strlen(f->message);
	snprintf(f->message + n, sizeof(f->message) - n, ": %s", strerror(errnum));
	return f->code;
}

void kr_fault_where(struct kr_fault *f, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	vsnprintf(f->where, sizeof(f->where), fmt, ap);
	va_end(ap);
}

void kr_fault_remedy(struct kr_fault *f, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	vsnprintf(f->remedy, sizeof(f->remedy), fmt, ap);
	va_end(ap);
}

void kr_fault_at(struct kr_fault *f, uint64_t line, uint64_t column, uint64_t byte)
{
	if (!f)
		return;
	f->line = line;
	f->column = column;
	f->byte = byte;
}

char *kr_fault_text(const struct kr_fault *f, char *buf, size_t size)
{
	char pos[48] = "";

	if (f->line && f->column)
		snprintf(pos, sizeof(pos), "%s%llu:%llu", f->where[0] ? ":" : "line ",
			 (unsigned long long)f->line, (unsigned long long)f->column);
	else if (f->line)
		snprintf(pos, sizeof(pos), "%s%llu", f->where[0] ? ":" : "line ",
			 (unsigned long long)f->line);
	snprintf(buf, size, "%s%s%s%s%s%s%s", f->where, pos, f->where[0] || pos[0] ? ": " : "",
		 f->message[0] ? f->message : kr_err_text(f->code), f->remedy[0] ? " (" : "",
		 f->remedy, f->remedy[0] ? ")" : "");
	return buf;
}
