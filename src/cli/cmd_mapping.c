/* SPDX-License-Identifier: Apache-2.0 */
/* karaula source mapping import FILE | list */
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/input.h"
#include "base/time.h"
#include "cli/node.h"
#include "desk/mapping.h"
#include "store/read.h"

/* A file of the caller, decompressed if it is packed. */
static int read_file(struct kr_cli *c, const char *path, struct kr_buf *ret)
{
	static const struct kr_input_limits limits = {.bytes_max = KR_DESK_MAPPING_SIZE_MAX,
						      .ratio_max = 1000};
	int fd = kr_cli_open(c, path), err;
	struct kr_input *in = NULL;
	struct kr_str name;
	ptrdiff_t n = 1;

	if (fd < 0)
		return fd;
	err = kr_input_open(fd, path, &limits, &in, &c->fault);
	if (!err)
		err = kr_input_member(in, &name, &c->fault);
	while (err > 0 && n > 0) {
		char chunk[16384];

		n = kr_input_read(in, chunk, sizeof(chunk), &c->fault);
		if (n > 0)
			kr_buf_add(ret, chunk, (size_t)n);
	}
	kr_input_free(in);
	close(fd);
	if (err >= 0 && n < 0)
		err = (int)n;
	if (err >= 0 && ret->err)
		err = kr_fault_set(&c->fault, -KR_ELIMIT, "a mapping has at most %zu MiB",
				   KR_DESK_MAPPING_SIZE_MAX >> 20);
	if (err < 0)
		kr_fault_where(&c->fault, "%s", path);
	return err < 0 ? err : 0;
}

static int import_one(struct kr_cli *c, const char *path)
{
	KR_AUTO_BUF doc = KR_BUF(KR_DESK_MAPPING_SIZE_MAX);
	struct kr_desk_mapping_imported done;
	char place[160];
	int err = read_file(c, path, &doc);

	if (err)
		return err;
	err = kr_desk_mapping_import(c->node->store, KR_BY_LOCAL, kr_buf_str(&doc), c->arena, &done,
				     &c->fault);
	if (err) {
		/* The compiler knows the place within the document, not the file. */
		snprintf(place, sizeof(place), "%s", c->fault.where);
		kr_fault_where(&c->fault, "%s%s%s", path, place[0] ? ": " : "", place);
		return err;
	}
	for (size_t i = 0; i < done.n_warnings; i++)
		kr_cli_note(c, "%s: %.*s", path, KR_STR_ARG(done.warnings[i]));
	if (done.known)
		kr_cli_note(c, "%s: mapping '%.*s' has this content already (version %u)", path,
			    KR_STR_ARG(done.name), done.version);
	else
		kr_cli_note(
			c,
			"%s: mapping '%.*s' for the format %s, version %u, knows %zu report type%s",
			path, KR_STR_ARG(done.name), done.codec, done.version, done.reports,
			done.reports == 1 ? "" : "s");
	return 0;
}

/* Reports that wait for a mapping. */
static int tell_waiting(struct kr_cli *c)
{
	struct kr_report_query q = {.state = KR_REPORT_QUARANTINED, .limit = 10};
	struct kr_report *rows;
	size_t n;
	int err = kr_store_report_list(c->node->store, &c->scope, &q, c->arena, &rows, &n,
				       &c->fault);

	if (!err && n)
		kr_cli_note(c,
			    "Reports wait in quarantine (karaula report list --state quarantined); "
			    "take one again with: "
			    "karaula take --again %llu",
			    (unsigned long long)rows[0].id);
	return err;
}

static int import(struct kr_cli *c)
{
	int err = 0;

	if (kr_cli_nargs(c) < 2)
		return kr_fault_set(&c->fault, -KR_EUSAGE, "source mapping import needs FILE");
	for (int i = 1; !err && i < kr_cli_nargs(c); i++)
		err = import_one(c, kr_cli_arg(c, i));
	return err ? err : tell_waiting(c);
}

static int list(struct kr_cli *c)
{
	static const struct kr_column columns[] = {
		{"name", N_("Mapping"), KR_LEFT, false},
		{"version", N_("Version"), KR_RIGHT, true},
		{"format", N_("Format"), KR_LEFT, false},
		{"current", N_("Current"), KR_LEFT, false},
		{"imported", N_("Imported"), KR_LEFT, false},
		{"bytes", N_("Bytes"), KR_RIGHT, true},
		{"hash", N_("Hash"), KR_LEFT, false},
	};
	bool all = kr_cli_opt(c, "all") != NULL;
	struct kr_mapping_row *rows;
	struct kr_table *t;
	size_t n, shown = 0;
	int err = kr_store_mapping_list(c->node->store, c->arena, &rows, &n, &c->fault);

	if (err)
		return err;
	t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	for (size_t i = 0; i < n; i++) {
		char hash[KR_HASH_SIZE * 2 + 1], imported[KR_TIME_TEXT_MAX], version[16], bytes[24];
		const struct kr_mapping_row *m = &rows[i];

		if (!all && !m->current)
			continue;
		shown++;
		kr_hash_text(&m->hash, hash);
		snprintf(version, sizeof(version), "%u", m->version);
		snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)m->size);
		kr_table_row(t, (struct kr_str[]){m->name, kr_str_c(version), m->codec,
						  m->current ? KR_STR("yes") : KR_STR("no"),
						  kr_str_c(kr_time_text(m->imported, imported)),
						  kr_str_c(bytes), kr_str_n(hash, 16)});
	}
	kr_table_end(t);
	if (!shown && !c->json && !c->csv)
		kr_cli_note(c, "No mapping yet: karaula source mapping import FILE");
	return 0;
}

static int run(struct kr_cli *c)
{
	const char *what = kr_cli_arg(c, 0);

	if (!strcmp(what, "import"))
		return import(c);
	if (!strcmp(what, "list")) {
		if (kr_cli_nargs(c) == 1)
			return list(c);
		return kr_fault_set(&c->fault, -KR_EUSAGE, "source mapping list takes no argument");
	}
	kr_fault_set(&c->fault, -KR_EUSAGE, "'%.40s' is not known here", what);
	kr_fault_remedy(&c->fault,
			"karaula source mapping import FILE, or karaula source mapping list");
	return -KR_EUSAGE;
}

const struct kr_cmd kr_cmd_source_mapping = {
	.noun = "source",
	.verb = "mapping",
	.args = "import FILE... | list",
	.doc = "how the columns of tables become fields: import a document, list those that are "
	       "there",
	.help = N_(
		"  karaula source mapping import schema.json\n"
		"  karaula source mapping list\n"
		"  karaula source mapping list --all --json\n"
		"\n"
		"A document is in the published Shadowserver form, or in our own for any CSV "
		"(doc/mapping.md). It is\n"
		"compiled first: one with a mistake is refused and changes nothing. A new version "
		"of a name is in force\n"
		"with the next report; take --again brings older reports under it.\n"),
	.opts =
		(const struct kr_opt[]){
			{"all", 'a', NULL, N_("list: older versions too")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = run,
};
