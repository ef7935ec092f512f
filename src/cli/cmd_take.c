/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: files are opened with the caller's rights, one after the other, and handed to the
 * pipe; each report gives one row of the table. What is wrong with one file (cut short, a bomb, not
 * there) is told and the next one is taken; what is wrong with the node ends the command. Reports
 * that an earlier command did not finish come first.
 */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/node.h"
#include "pipe/take.h"

static const struct kr_column columns[] = {
	{"report", "Report", KR_RIGHT, true},	{"name", "Name", KR_LEFT, false},
	{"source", "Source", KR_LEFT, false},	{"format", "Format", KR_LEFT, false},
	{"state", "State", KR_LEFT, false},	{"read", "Read", KR_RIGHT, true},
	{"new", "New", KR_RIGHT, true},		{"aggregated", "Aggregated", KR_RIGHT, true},
	{"refused", "Refused", KR_RIGHT, true}, {"unrouted", "Unrouted", KR_RIGHT, true},
	{"ms", "ms", KR_RIGHT, true},
};

struct run {
	struct kr_cli *c;
	struct kr_table *table;
	struct kr_take_opts opts;
	unsigned reports, not_taken;
	int err; /* the first error about a file */
	struct kr_fault fault;
};

static const char *state_text(const struct kr_take_result *r)
{
	switch (r->state) {
	case KR_REPORT_TAKEN: return r->known ? "known" : "taken";
	case KR_REPORT_QUARANTINED: return "quarantined";
	case KR_REPORT_REFUSED: return "refused";
	default: return "";
	}
}

static void remarks(struct run *x, const struct kr_take_result *r)
{
	struct kr_cli *c = x->c;

	if (r->source_assumed)
		kr_cli_note(c, "no --source given: %s '%.*s'",
			    r->format.n ? "took the name of the format,"
					: "the format is not known, took",
			    KR_STR_ARG(r->source));
	if (r->source_made)
		kr_cli_note(c, "made the source '%.*s'", KR_STR_ARG(r->source));
	if (r->known)
		kr_cli_note(c, "%.*s was taken before as report %llu: nothing changed",
			    KR_STR_ARG(r->name), (unsigned long long)r->report);
	if (r->state != KR_REPORT_TAKEN) {
		x->not_taken++;
		kr_cli_note(c, "report %llu, %.*s, is kept but was not taken: %.*s",
			    (unsigned long long)r->report, KR_STR_ARG(r->name),
			    KR_STR_ARG(r->reason));
	}
	for (size_t i = 0; i < r->n_notes; i++)
		kr_cli_note(c, "%.*s: %.*s", KR_STR_ARG(r->name), KR_STR_ARG(r->notes[i]));
	if (r->taken.dropped)
		kr_cli_note(c, "%llu records of %.*s were dropped by rules",
			    (unsigned long long)r->taken.dropped, KR_STR_ARG(r->name));
	if (r->taken.refused)
		kr_cli_note(c, "karaula report show %llu lists what was refused",
			    (unsigned long long)r->report);
}

static void done(void *ctx, const struct kr_take_result *r)
{
	struct run *x = ctx;
	const uint64_t numbers[] = {r->taken.read,    r->taken.fresh,	 r->taken.aggregated,
				    r->taken.refused, r->taken.unrouted, r->ms};
	char text[KR_ARRAY_LEN(numbers) + 1][24];
	struct kr_str values[KR_ARRAY_LEN(columns)] = {
		[1] = r->name, [2] = r->source, [3] = r->format, [4] = kr_str_c(state_text(r))};

	snprintf(text[0], sizeof(text[0]), "%llu", (unsigned long long)r->report);
	values[0] = kr_str_c(text[0]);
	for (size_t i = 0; i < KR_ARRAY_LEN(numbers); i++) {
		snprintf(text[i + 1], sizeof(text[0]), "%llu", (unsigned long long)numbers[i]);
		values[5 + i] = kr_str_c(text[i + 1]);
	}
	kr_table_row(x->table, values);
	x->reports++;
	remarks(x, r);
}

static bool cancelled(void *ctx)
{
	struct run *x = ctx;

	return kr_cli_cancelled(x->c);
}

/* Is it about the file, so that the next one may be taken? */
static bool about_file(int err)
{
	switch (err) {
	case -KR_ENOENT:
	case -KR_ECORRUPT:
	case -KR_ELIMIT:
	case -KR_EFORMAT:
	case -KR_EDENIED: return true;
	default: return false;
	}
}

/* Keep the first error about a file, tell of the others; 0 to go on. */
static int file_failed(struct run *x, int err, bool last)
{
	char text[sizeof(struct kr_fault)];

	if (!err || !about_file(err))
		return err;
	if (x->err || !last)
		kr_cli_note(x->c, "%s", kr_fault_text(&x->c->fault, text, sizeof(text)));
	if (!x->err) {
		x->err = err;
		x->fault = x->c->fault;
	}
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!strcmp(path, "-"))
		return "stdin";
	return slash && slash[1] ? slash + 1 : path;
}

static int take_fd(struct run *x, int fd, const char *path)
{
	int err = kr_take_file(x->c->node->pipe, fd, base_name(path), &x->opts, &x->c->fault);

	close(fd);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the regular files in a folder, sorted; hidden ones are passed over. Closes fd. */
static int folder_list(struct run *x, int fd, const char *path, char ***ret, size_t *ret_n)
{
	DIR *d = fdopendir(fd);
	char **names = NULL;
	size_t n = 0, cap = 0;
	struct dirent *e;
	struct stat st;

	if (!d) {
		close(fd);
		return kr_fault_errno(&x->c->fault, errno, "cannot read the folder '%s'", path);
	}
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, 0) ||
		    !S_ISREG(st.st_mode))
			continue;
		if (n == cap) {
			cap = cap ? cap * 2 : 64;
			names = kr_xrealloc(names, cap * sizeof(*names));
		}
		names[n++] = kr_xstrdup(e->d_name);
	}
	closedir(d);
	if (n)
		qsort(names, n, sizeof(*names), by_name);
	*ret = names;
	*ret_n = n;
	return 0;
}

static int take_folder(struct run *x, int fd, const char *path, bool last)
{
	char **names = NULL;
	size_t n = 0;
	int err = folder_list(x, fd, path, &names, &n);

	for (size_t i = 0; i < n; i++) {
		char *file = kr_xmalloc(strlen(path) + strlen(names[i]) + 2);
		int one = 0;

		sprintf(file, "%s/%s", path, names[i]);
		if (!err) {
			one = kr_cli_open(x->c, file);
			one = one < 0 ? one : take_fd(x, one, file);
			err = file_failed(x, one, last && i + 1 == n);
		}
		free(file);
		free(names[i]);
	}
	free(names);
	return err;
}

static int take_path(struct run *x, const char *path, bool last)
{
	int fd = kr_cli_open(x->c, path);
	struct stat st;

	if (fd < 0)
		return file_failed(x, fd, last);
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return take_folder(x, fd, path, last);
	return file_failed(x, take_fd(x, fd, path), last);
}

static int take_again(struct run *x, const char *what)
{
	uint64_t id;

	if (kr_str_u64(kr_str_c(what), &id) == 0)
		return kr_take_again(x->c->node->pipe, id, &x->opts, &x->c->fault);
	return kr_take_source_again(x->c->node->pipe, kr_str_c(what), &x->opts, &x->c->fault);
}

static int parse_opts(struct run *x)
{
	struct kr_cli *c = x->c;
	const char *retention = kr_cli_opt(c, "retention"), *tlp = kr_cli_opt(c, "tlp");
	const char *observed = kr_cli_opt(c, "observed");

	x->opts = (struct kr_take_opts){
		.source = kr_str_c(kr_cli_opt(c, "source")),
		.format = kr_str_c(kr_cli_opt(c, "format")),
		.report = kr_str_c(kr_cli_opt(c, "report")),
		.mapping = kr_str_c(kr_cli_opt(c, "mapping")),
		.observed = KR_TIME_NONE,
		.by = KR_BY_LOCAL,
		.cancelled = cancelled,
		.done = done,
		.ctx = x,
	};
	if (retention && kr_retention_parse(kr_str_c(retention), &x->opts.retention)) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "--retention %s is no class", retention);
		kr_fault_remedy(&c->fault, "short, standard or long");
		return -KR_EUSAGE;
	}
	if (tlp && kr_tlp_parse(kr_str_c(tlp), &x->opts.tlp)) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "--tlp %s is no label", tlp);
		kr_fault_remedy(&c->fault, "CLEAR, GREEN, AMBER or AMBER+STRICT");
		return -KR_EUSAGE;
	}
	if (observed && kr_time_parse(kr_str_c(observed), &x->opts.observed)) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "--observed %s is no time", observed);
		kr_fault_remedy(&c->fault, "e.g. 2026-11-20T06:00:00Z");
		return -KR_EUSAGE;
	}
	return 0;
}

/* What the command as a whole ends with. */
static int verdict(struct run *x, int err)
{
	struct kr_cli *c = x->c;

	if (err)
		return err;
	if (x->err) {
		c->fault = x->fault;
		return x->err;
	}
	if (x->not_taken)
		return kr_fault_set(&c->fault, -KR_EREFUSED,
				    "%u of %u reports were kept, but not taken", x->not_taken,
				    x->reports);
	return 0;
}

static int run(struct kr_cli *c)
{
	struct run x = {.c = c};
	bool again = kr_cli_opt(c, "again") != NULL;
	int n = kr_cli_nargs(c), err = parse_opts(&x);

	if (err)
		return err;
	x.table = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	/* A running node has a thread for it; here it would take reports of other commands away. */
	err = c->node->serving ? 0 : kr_take_resume(c->node->pipe, &x.opts, &c->fault);
	if (err > 0)
		kr_cli_note(c, "finished %d reports that were begun before", err);
	x.reports = x.not_taken = 0;
	err = KR_MIN(err, 0);
	for (int i = 0; !err && i < n; i++)
		err = again ? take_again(&x, kr_cli_arg(c, i))
			    : take_path(&x, kr_cli_arg(c, i), i + 1 == n);
	kr_table_end(x.table);
	return verdict(&x, err);
}

const struct kr_cmd kr_cmd_take = {
	.noun = "take",
	.args = "FILE...|DIR|-",
	.doc = "take in reports: keep the raw bytes, store the events, say whose they are",
	.help = "  karaula take --source shadowserver 2026-11-20-event4_sinkhole_http-example.csv\n"
		"  curl -s URL | karaula take --source ipsum --report levels.txt -\n"
		"  karaula take --again 17            from the archive, under the mapping of "
		"today\n\n"
		"Files may be plain, gz, zst or zip (each file in it is a report). The format is "
		"seen "
		"from the\n"
		"content, or given. An unknown source is made (class standard, TLP AMBER, or as "
		"the "
		"options say).\n"
		"A report that is not understood is kept: karaula report list. The same report "
		"again "
		"changes\n"
		"nothing. --again takes numbers of reports, or the name of a source for all of its "
		"reports.\n",
	.opts =
		(const struct kr_opt[]){
			{"source", 's', "NAME",
			 "where it comes from; default: the name of the format"},
			{"format", 'f', "NAME",
			 "idf, shadowserver, csv, list...; default: seen from the content"},
			{"report", 'r', "NAME", "name of the report; default: the file's"},
			{"mapping", 'm', "NAME",
			 "mapping to use; default: the newest that knows the report"},
			{"observed", 0, "TIME", "when it was collected"},
			{"retention", 0, "CLASS", "of a new source: short, standard or long"},
			{"tlp", 0, "TLP", "of a new source: CLEAR, GREEN, AMBER or AMBER+STRICT"},
			{"again", 0, NULL,
			 "take stored reports again: arguments are REPORT or SOURCE"},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = run,
};
