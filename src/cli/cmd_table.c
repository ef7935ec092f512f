/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/node.h"
#include "pipe/lookup.h"

static int kind_of(struct kr_cli *c, enum kr_lookup_kind *ret)
{
	if (kr_lookup_parse(kr_str_c(kr_cli_arg(c, 0)), ret) == 0)
		return 0;
	kr_fault_set(&c->fault, -KR_EUSAGE, "there is no table '%.40s'", kr_cli_arg(c, 0));
	kr_fault_remedy(&c->fault, "asn or country");
	return -KR_EUSAGE;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int files_add(struct kr_cli *c, struct kr_lookup_build *b, struct kr_buf *names)
{
	for (int i = 1; i < kr_cli_nargs(c); i++) {
		const char *path = kr_cli_arg(c, i);
		int fd = kr_cli_open(c, path), err;

		if (fd < 0)
			return fd;
		err = kr_lookup_add(b, fd, path, &c->fault);
		close(fd);
		if (err)
			return err;
		if (kr_cli_cancelled(c))
			return kr_cli_cancel(c);
		kr_buf_c(names, names->n ? " " : "");
		kr_buf_c(names, base_name(path));
	}
	return 0;
}

static int import(struct kr_cli *c)
{
	KR_AUTO(kr_lookup_build) *b = NULL;
	KR_AUTO_BUF names = KR_BUF(4096);
	struct kr_lookup_about about = {
		.licence = kr_str_c(kr_cli_opt(c, "licence") ?: ""),
		.attribution = kr_str_c(kr_cli_opt(c, "attribution") ?: ""),
	};
	enum kr_lookup_kind kind;
	int err = kind_of(c, &kind);

	if (err)
		return err;
	b = kr_lookup_build_new(kind);
	err = files_add(c, b, &names);
	if (err)
		return err;
	about.files = kr_buf_str(&names);
	about.imported = kr_store_now(c->node->store);
	err = kr_lookup_write(b, c->node->dirfd, &about, &c->fault);
	if (!err)
		err = KR_MIN(kr_pipe_reload(c->node->pipe, &c->fault), 0);
	if (!err)
		kr_cli_note(c, "table %s: %llu ranges", kr_lookup_text(kind),
			    (unsigned long long)about.rows);
	return err;
}

static int list(struct kr_cli *c)
{
	static const struct kr_column columns[] = {
		{"table", "Table", KR_LEFT, false},
		{"rows", "Ranges", KR_RIGHT, true},
		{"bytes", "Bytes", KR_RIGHT, true},
		{"imported", "Imported", KR_LEFT, false},
		{"licence", "Licence", KR_LEFT, false},
		{"attribution", "Attribution", KR_LEFT, false},
		{"files", "Files", KR_LEFT, false},
	};
	struct kr_tables *tables = kr_pipe_tables(c->node->pipe);
	struct kr_table *t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	size_t n;

	for (enum kr_lookup_kind k = KR_LOOKUP_ASN; k < KR_LOOKUPS; k++) {
		const struct kr_lookup *l = kr_tables_get(tables, k);
		struct kr_lookup_about a;
		char rows[24], bytes[24], imported[KR_TIME_TEXT_MAX];

		if (!l)
			continue;
		kr_lookup_about(l, &a);
		snprintf(rows, sizeof(rows), "%llu", (unsigned long long)a.rows);
		snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)a.bytes);
		kr_time_text(a.imported - a.imported % KR_SECOND, imported);
		kr_table_row(t, (const struct kr_str[]){kr_str_c(kr_lookup_text(k)), kr_str_c(rows),
							kr_str_c(bytes), kr_str_c(imported),
							a.licence, a.attribution, a.files});
	}
	n = kr_table_end(t);
	kr_tables_unref(tables);
	if (!n)
		kr_cli_note(c, "no tables yet: events get AS and country from the reports alone\n"
			       "Next: karaula table import asn FILE...   see doc/tables.md");
	return 0;
}

const struct kr_cmd kr_cmd_table_import = {
	.noun = "table",
	.verb = "import",
	.args = "asn|country FILE...",
	.doc = "make the table of AS or countries from public files",
	.help = "  karaula table import asn asn-ipv4.csv asn-ipv6.csv --licence 'CC BY 4.0' "
		"--attribution 'AS data by ...'\n"
		"  karaula table import country countries.mmdb --licence CC0-1.0\n"
		"  karaula table import asn table.csv.gz\n\n"
		"MMDB, or CSV (plain, gz, zst) with rows START,END,ASN,NAME or PREFIX,ASN,NAME; "
		"for "
		"countries with\n"
		"the code in the place of ASN. All files given make one table, which replaces the "
		"old "
		"one at once.\n",
	.opts =
		(const struct kr_opt[]){
			{"licence", 0, "TEXT", "licence of the data, kept with the table"},
			{"attribution", 0, "TEXT", "what must be shown where the data are used"},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 2,
	.args_max = -1,
	.need = KR_NEED_NODE,
	.run = import,
};

const struct kr_cmd kr_cmd_table_list = {
	.noun = "table",
	.verb = "list",
	.doc = "tables of AS and countries: size, when imported, licence, attribution",
	.help = "  karaula table list\n"
		"  karaula table list --json\n"
		"  karaula table list --csv\n",
	.need = KR_NEED_NODE,
	.run = list,
};
