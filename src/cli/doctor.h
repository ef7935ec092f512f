/* SPDX-License-Identifier: Apache-2.0 */
/* What `karaula doctor` looks at, and how it tells. Private to cli. */
#pragma once

#include "cli/cli.h"
#include "cli/node.h"

enum kr_health { KR_HEALTH_OK, KR_HEALTH_WARN, KR_HEALTH_FAIL };

/* "ok", "warn", "fail" */
const char *kr_health_text(enum kr_health h);

/* Findings on their way to the table. */
struct kr_doctor {
	struct kr_cli *c;
	struct kr_table *table; /* NULL: text, one line a finding */
	unsigned warned, failed;
	const char *dir;
	int dirfd;
};

void kr_doctor_begin(struct kr_doctor *d, struct kr_cli *c);
/* Print what is held back. Returns 0, or -KR_EUNAVAIL with the fault saying how many failed. */
KR_MUST_USE int kr_doctor_end(struct kr_doctor *d);
/* One finding; remedy may be NULL. */
void kr_doctor_say(struct kr_doctor *d, enum kr_health h, const char *check, const char *remedy,
		   const char *fmt, ...) KR_PRINTF(5, 6);
/* A fault as a finding. */
void kr_doctor_fault(struct kr_doctor *d, enum kr_health h, const char *check,
		     const struct kr_fault *f);

/* Files, rights, space, configuration, clock: without the lock. */
void kr_doctor_outside(struct kr_doctor *d);
/* Ways out that are switched on: could they be used, by the settings? */
void kr_doctor_ways(struct kr_doctor *d, const struct kr_conf *c);
/* The databases; deep: every counter against a recount. Inside the process that holds the lock. */
void kr_doctor_store(struct kr_doctor *d, struct kr_node *n, bool deep);
