/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text, *colour;
} healths[] = {
	[KR_HEALTH_OK] = {"ok", "\033[32m"},
	[KR_HEALTH_WARN] = {"warn", "\033[33m"},
	[KR_HEALTH_FAIL] = {"fail", "\033[31m"},
};

static const struct kr_column columns[] = {
	{"status", N_("Status"), KR_LEFT, false},
	{"check", N_("Check"), KR_LEFT, false},
	{"detail", N_("Detail"), KR_LEFT, false},
	{"remedy", N_("Remedy"), KR_LEFT, false},
};

const char *kr_health_text(enum kr_health h)
{
	return healths[h].text;
}

void kr_doctor_begin(struct kr_doctor *d, struct kr_cli *c)
{
	*d = (struct kr_doctor){.c = c, .dirfd = -1};
	if (c->json || c->csv)
		d->table = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
}

int kr_doctor_end(struct kr_doctor *d)
{
	if (d->table)
		kr_table_end(d->table);
	if (!d->failed)
		return 0;
	return kr_fault_set(&d->c->fault, -KR_EUNAVAIL, "%u %s failed", d->failed,
			    d->failed == 1 ? "check" : "checks");
}

void kr_doctor_say(struct kr_doctor *d, enum kr_health h, const char *check, const char *remedy,
		   const char *fmt, ...)
{
	char detail[600];
	FILE *out = d->c->out;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	/* Names in it may be anybody's: nothing of them steers the terminal. */
	for (char *p = detail; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	d->warned += h == KR_HEALTH_WARN;
	d->failed += h == KR_HEALTH_FAIL;
	if (d->table) {
		kr_table_row(d->table,
			     (struct kr_str[]){kr_str_c(healths[h].text), kr_str_c(check),
					       kr_str_c(detail), kr_str_c(remedy ? remedy : "")});
		return;
	}
	if (h == KR_HEALTH_OK && d->c->quiet)
		return;
	fprintf(out, "%s%-4s%s  %s: %s%s%s%s\n", d->c->colour ? healths[h].colour : "",
		healths[h].text, d->c->colour ? "\033[0m" : "", check, detail,
		remedy && *remedy ? " (" : "", remedy ? remedy : "", remedy && *remedy ? ")" : "");
	fflush(out);
}

void kr_doctor_fault(struct kr_doctor *d, enum kr_health h, const char *check,
		     const struct kr_fault *f)
{
	struct kr_fault without = *f;
	char text[sizeof(*f)];

	without.remedy[0] = '\0';
	kr_doctor_say(d, h, check, f->remedy, "%s", kr_fault_text(&without, text, sizeof(text)));
}
