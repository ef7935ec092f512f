/* SPDX-License-Identifier: Apache-2.0 */
/* A real store in a folder of its own, for tests of the desk. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/read.h"
#include "store/spool.h"
#include "store/write.h"

static char store_folder[] = "/tmp/karaula-test-XXXXXX";

static void store_must(int err, const struct kr_fault *f, const char *what)
{
	char text[700];

	if (err >= 0)
		return;
	printf("Bail out! %s: %s\n", what, kr_fault_text(f, text, sizeof(text)));
	exit(1);
}

static struct kr_store *store_make(void)
{
	struct kr_fault f = {0};
	struct kr_store *s = NULL;
	char dir[100];

	if (!mkdtemp(store_folder))
		exit(1);
	snprintf(dir, sizeof(dir), "%s/node", store_folder);
	store_must(kr_store_init(dir, &f), &f, "init");
	store_must(kr_store_open(dir, NULL, &s, &f), &f, "open");
	return s;
}

static void store_drop(struct kr_store *s)
{
	char command[100];

	kr_store_close(s);
	snprintf(command, sizeof(command), "rm -rf %s", store_folder);
	if (system(command))
		printf("# %s stays\n", store_folder);
}

/* A file of these bytes. */
__attribute__((unused)) static int store_file(struct kr_str bytes)
{
	int fd = memfd_create("sample", MFD_CLOEXEC);

	if (write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n || lseek(fd, 0, SEEK_SET))
		exit(1);
	return fd;
}

/* Spool and acknowledge a report of a source that is there. */
__attribute__((unused)) static uint64_t store_report(struct kr_store *s, uint32_t source,
						     const char *name, struct kr_str bytes)
{
	struct kr_report_new fresh = {.source = source,
				      .name = kr_str_c(name),
				      .format = KR_STR("idf"),
				      .observed = KR_TIME_NONE};
	struct kr_spool_writer *w;
	struct kr_spooled spooled;
	struct kr_fault f = {0};
	uint64_t id;

	store_must(kr_spool_begin(s, KR_RETAIN_STANDARD, &w, &f), &f, "spool");
	store_must(kr_spool_add(w, bytes.p, bytes.n, &f), &f, "spool");
	store_must(kr_spool_end(w, &spooled, &f), &f, "spool");
	store_must(kr_store_report_add(s, &fresh, &spooled, &id, &f), &f, "report");
	return id;
}
