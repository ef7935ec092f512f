/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: an import file is read and checked wholly before anything changes. `who` makes an
 * event of what is asked and lets the same tables and the same register decide that decide for real
 * events, so its answer is what would happen.
 */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/node.h"
#include "desk/recipient.h"
#include "desk/register.h"
#include "pipe/enrich.h"
#include "store/read.h"

#define FILE_MAX  ((size_t)512 << 20)
#define PAGE_ROWS 1000

/* ---- import ---- */

static int file_read(struct kr_cli *c, const char *path, struct kr_buf *ret)
{
	int fd = kr_cli_open(c, path);
	ssize_t n = 1;

	if (fd < 0)
		return fd;
	while (n > 0 && kr_buf_room(ret, (size_t)64 << 10)) {
		n = read(fd, ret->p + ret->n, (size_t)64 << 10);
		ret->n += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (n < 0)
		return kr_fault_set(&c->fault, -KR_EIO, "cannot read '%s'", path);
	if (ret->err)
		return kr_fault_set(&c->fault, -KR_ELIMIT, "'%s' is larger than %zu MiB", path,
				    FILE_MAX >> 20);
	return kr_cli_cancelled(c) ? kr_cli_cancel(c) : 0;
}

static int tell_faults(struct kr_cli *c, const struct kr_fault *faults, size_t n)
{
	char text[sizeof(struct kr_fault)];

	/* All but the last here; that one is told as the command's own error. */
	for (size_t i = 0; i + 1 < n; i++)
		fprintf(c->err, "%s\n", kr_fault_text(&faults[i], text, sizeof(text)));
	if (n)
		c->fault = faults[n - 1];
	return n ? faults[n - 1].code : -KR_EINVAL;
}

/* Who is told follows the contacts. */
static int sync_recipients(struct kr_cli *c)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	struct kr_register_recipients change = {0};
	uint32_t bad = 0;
	int err = kr_desk_recipient_sync(c->node->store, conf, KR_BY_LOCAL, &change, &bad,
					 &c->fault);

	kr_conf_unref(conf);
	if (!err && (change.added || change.returned || change.removed))
		kr_cli_note(c, "recipients of the register: %u new, %u came back, %u removed",
			    change.added, change.returned, change.removed);
	if (!err && bad)
		kr_cli_note(c, "%u contacts hold no mail address: nobody is told there", bad);
	return err;
}

static int import(struct kr_cli *c)
{
	KR_AUTO_BUF text = KR_BUF(FILE_MAX);
	struct kr_fault faults[KR_REGISTER_FAULTS_MAX];
	struct kr_register_draft draft;
	struct kr_register_change change;
	struct kr_register *r;
	size_t n = 0;
	int err = file_read(c, kr_cli_arg(c, 0), &text);

	if (err)
		return err;
	if (kr_register_read(kr_buf_str(&text), kr_cli_arg(c, 0), c->arena, &draft, faults, &n)) {
		if (n == KR_REGISTER_FAULTS_MAX)
			kr_cli_note(c, "the first %zu mistakes; nothing was changed", n);
		return tell_faults(c, faults, n);
	}
	err = kr_register_replace(c->node->store, KR_BY_LOCAL, &draft, &r, &change, &c->fault);
	if (err)
		return err;
	kr_register_unref(r);
	err = KR_MIN(kr_pipe_reload(c->node->pipe, &c->fault), 0);
	if (!err)
		kr_cli_note(c,
			    "%zu constituents with %zu rules: %u new, %u changed, %u retired; "
			    "rules: %u "
			    "new, %u retired",
			    draft.n_c, draft.n_rules, change.added, change.changed, change.retired,
			    change.rules_added, change.rules_retired);
	return err ? err : sync_recipients(c);
}

/* ---- list ---- */

static const struct kr_column list_columns[] = {
	{"name", "Name", KR_LEFT, false},	  {"title", "Title", KR_LEFT, false},
	{"sector", "Sector", KR_LEFT, false},	  {"country", "Country", KR_LEFT, false},
	{"prefixes", "Prefixes", KR_RIGHT, true}, {"domains", "Domains", KR_RIGHT, true},
	{"asns", "AS", KR_RIGHT, true},		  {"countries", "Countries", KR_RIGHT, true},
	{"contact", "Contact", KR_LEFT, false},
};

static void list_row(struct kr_table *t, const struct kr_constituent *k, const uint32_t counts[5])
{
	static const enum kr_rule_kind order[] = {KR_RULE_PREFIX, KR_RULE_DOMAIN, KR_RULE_ASN,
						  KR_RULE_COUNTRY};
	struct kr_str values[KR_ARRAY_LEN(list_columns)] = {k->name, k->title, k->sector,
							    k->country, [8] = k->contact};
	char text[KR_ARRAY_LEN(order)][12];

	for (size_t i = 0; i < KR_ARRAY_LEN(order); i++) {
		snprintf(text[i], sizeof(text[i]), "%u", counts[order[i]]);
		values[4 + i] = kr_str_c(text[i]);
	}
	kr_table_row(t, values);
}

/* Rules by constituent and kind; ids are dense, since they are numbered by the store. Freed by the
 * caller. */
static int counts_make(struct kr_cli *c, const struct kr_register *r, uint32_t id_max,
		       uint32_t (**ret)[5])
{
	if (id_max >= 10 * KR_REGISTER_CONSTITUENTS_MAX)
		return kr_fault_set(&c->fault, -KR_ELIMIT, "too many constituents to list");
	*ret = kr_xcalloc((size_t)id_max + 1, sizeof(**ret));
	kr_register_counts(r, id_max, *ret);
	return 0;
}

static int list_all(struct kr_cli *c, const struct kr_register *r)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_table *t = kr_table_new(c, list_columns, KR_ARRAY_LEN(list_columns));
	uint32_t(*counts)[5] = NULL;
	struct kr_str after = KR_STR("");
	struct kr_constituent *rows;
	char last[65] = "";
	size_t n;
	int err;

	do {
		uint32_t id_max = 0;

		kr_arena_clear(a);
		err = kr_store_constituent_list(c->node->store, &c->scope, after, PAGE_ROWS, a,
						&rows, &n, &c->fault);
		for (size_t i = 0; !err && i < n; i++)
			id_max = KR_MAX(id_max, rows[i].id);
		if (!err)
			err = counts_make(c, r, id_max, &counts);
		for (size_t i = 0; !err && i < n; i++)
			list_row(t, &rows[i], counts[rows[i].id]);
		free(counts);
		counts = NULL;
		if (!err && n) {
			snprintf(last, sizeof(last), "%.*s", KR_STR_ARG(rows[n - 1].name));
			after = kr_str_c(last);
		}
	} while (!err && n == PAGE_ROWS && !kr_cli_cancelled(c));
	if (!kr_table_end(t) && !err)
		kr_cli_note(c, "no constituents yet. Next: karaula constituent import FILE.csv");
	return err;
}

struct overlap_list {
	struct kr_cli *c;
	struct kr_table *t;
	struct kr_arena *a;
	int err;
};

static bool overlap_row(void *ctx, const struct kr_register_overlap *o)
{
	struct overlap_list *l = ctx;
	struct kr_constituent outer, inner;
	struct kr_rule rule;

	kr_arena_clear(l->a);
	l->err = kr_store_owner_get(l->c->node->store, &o->outer_owner, l->a, &outer, &rule,
				    &l->c->fault);
	if (!l->err)
		l->err = kr_store_owner_get(l->c->node->store, &o->inner_owner, l->a, &inner, &rule,
					    &l->c->fault);
	if (l->err)
		return false;
	kr_table_row(l->t, (const struct kr_str[]){kr_str_c(kr_rule_kind_text(o->kind)), o->inner,
						   inner.name, o->outer, outer.name});
	return !kr_cli_cancelled(l->c);
}

static int list_overlaps(struct kr_cli *c, const struct kr_register *r)
{
	static const struct kr_column columns[] = {
		{"kind", "Kind", KR_LEFT, false},
		{"value", "Value", KR_LEFT, false},
		{"constituent", "Constituent", KR_LEFT, false},
		{"within", "Is within", KR_LEFT, false},
		{"other", "Of", KR_LEFT, false},
	};
	struct overlap_list l = {
		.c = c, .t = kr_table_new(c, columns, KR_ARRAY_LEN(columns)), .a = kr_arena_new(0)};

	kr_register_overlaps(r, overlap_row, &l);
	if (!kr_table_end(l.t) && !l.err)
		kr_cli_note(c, "no overlaps");
	kr_arena_free(l.a);
	return l.err;
}

static int list(struct kr_cli *c)
{
	struct kr_register *r = kr_pipe_register(c->node->pipe);
	int err = kr_cli_opt(c, "overlaps") ? list_overlaps(c, r) : list_all(c, r);

	kr_register_unref(r);
	return err;
}

/* ---- who ---- */

/* What is asked, as the field of an event: address, network, AS, country or name. */
static int asked_event(struct kr_cli *c, const char *text, struct kr_event *e)
{
	struct kr_str s = kr_str_trim(kr_str_c(text));
	struct kr_ip ip;
	enum kr_field f;

	if (kr_net_parse(s, &ip) >= 0)
		f = ip.plen == kr_ip_bits(&ip) ? KR_F_SRC_IP : KR_F_SRC_NETWORK;
	else if (kr_str_find(s, KR_STR("://")) > 0)
		f = KR_F_SRC_URL;
	else if (kr_str_chr(s, '@') > 0)
		f = KR_F_SRC_ACCOUNT;
	else if (s.n == 2 && kr_is_alpha(s.p[0]) && kr_is_alpha(s.p[1]))
		f = KR_F_SRC_CC;
	else if (s.n && (kr_is_digit(s.p[s.n - 1]) && kr_str_chr(s, '.') < 0))
		f = KR_F_SRC_ASN;
	else
		f = KR_F_SRC_FQDN;
	if (f == KR_F_SRC_IP && kr_str_chr(s, '/') > 0)
		s = kr_str_first(s, (size_t)kr_str_chr(s, '/'));
	if (kr_event_set(e, c->arena, f, s) == 0 && kr_event_has(e, f))
		return 0;
	kr_fault_set(&c->fault, -KR_EUSAGE,
		     "'%.80s' is not an address, network, name, AS or country", text);
	kr_fault_remedy(&c->fault,
			"e.g. 198.51.100.7, 198.51.100.0/24, www.example.org, AS64500, RS");
	return -KR_EUSAGE;
}

static int who_rows(struct kr_cli *c, struct kr_table *t, const struct kr_register_match *m,
		    size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m[i].n_owners; k++) {
			struct kr_constituent owner;
			struct kr_rule rule;
			int err = kr_store_owner_get(c->node->store, &m[i].owners[k], c->arena,
						     &owner, &rule, &c->fault);

			if (err)
				return err;
			kr_table_row(t, (const struct kr_str[]){
						owner.name, owner.title,
						kr_str_c(kr_rule_kind_text(m[i].kind)), m[i].value,
						i ? KR_STR("no") : KR_STR("yes"), owner.contact});
		}
	return 0;
}

static int who(struct kr_cli *c)
{
	static const struct kr_column columns[] = {
		{"constituent", "Constituent", KR_LEFT, false},
		{"title", "Title", KR_LEFT, false},
		{"kind", "Rule", KR_LEFT, false},
		{"value", "Value", KR_LEFT, false},
		{"decides", "Decides", KR_LEFT, false},
		{"contact", "Contact", KR_LEFT, false},
	};
	struct kr_event *e = kr_event_new(c->arena);
	struct kr_register *r;
	struct kr_tables *tables;
	struct kr_register_match *m;
	struct kr_table *t;
	size_t n = 0;
	int err = asked_event(c, kr_cli_arg(c, 0), e);

	if (err)
		return err;
	r = kr_pipe_register(c->node->pipe);
	tables = kr_pipe_tables(c->node->pipe);
	t = kr_table_new(c, columns, KR_ARRAY_LEN(columns));
	err = kr_enrich(tables, false, e, c->arena);
	if (!err)
		err = kr_register_matches(r, e, c->arena, &m, &n);
	if (err)
		kr_fault_set(&c->fault, err, "too many rules match");
	else
		err = who_rows(c, t, m, n);
	kr_table_end(t);
	if (!err && !n)
		kr_cli_note(c, "nobody: events of it are unrouted");
	kr_register_unref(r);
	kr_tables_unref(tables);
	return err;
}

const struct kr_cmd kr_cmd_constituent_import = {
	.noun = "constituent",
	.verb = "import",
	.args = "FILE.csv",
	.doc = "replace the register of constituents by a file, all or nothing",
	.help = "  karaula constituent import constituents.csv\n"
		"  karaula constituent import -        from the standard input\n"
		"  karaula constituent list --csv      what is there\n\n"
		"Columns: name title sector country contact language note prefixes asns domains "
		"countries "
		"(several\n"
		"values in a cell separated by blanks or semicolons), or name kind value with a "
		"row for "
		"each\n"
		"value. Who is not in the file any more is retired. See doc/register.md.\n",
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = import,
};

const struct kr_cmd kr_cmd_constituent_list = {
	.noun = "constituent",
	.verb = "list",
	.doc = "constituents with the number of their rules; or what overlaps",
	.help = "  karaula constituent list\n"
		"  karaula constituent list --overlaps     the same value of several, or within "
		"another's\n"
		"  karaula constituent list --json\n",
	.opts =
		(const struct kr_opt[]){
			{"overlaps", 0, NULL,
			 "prefixes, names, AS and countries that meet another's"},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_constituent_who = {
	.noun = "constituent",
	.verb = "who",
	.args = "IP|PREFIX|DOMAIN|AS|CC",
	.doc = "whose it is, and which rule decides",
	.help = "  karaula constituent who 198.51.100.7\n"
		"  karaula constituent who www.example.org\n"
		"  karaula constituent who AS64500\n\n"
		"Everything that covers it is listed in the order of decision: the most specific "
		"prefix, "
		"the\n"
		"longest name, AS, country. AS and country of an address come from the node's "
		"tables.\n",
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = who,
};
