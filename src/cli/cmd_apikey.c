/* SPDX-License-Identifier: Apache-2.0 */
/* karaula apikey: keys for programs. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/time.h"
#include "cli/node.h"
#include "desk/account.h"

static struct kr_str time_cell(struct kr_cli *c, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	if (t == KR_TIME_NONE)
		return c->json ? KR_STR_NULL : KR_STR("");
	return kr_arena_dup(c->arena, kr_str_c(kr_time_text(t, text)));
}

static const char *state_of(const struct kr_apikey *k, kr_time now)
{
	if (k->revoked != KR_TIME_NONE)
		return N_("revoked");
	if (k->expires != KR_TIME_NONE && now >= k->expires)
		return N_("expired");
	return k->constituent_retired ? N_("constituent gone") : N_("in use");
}

static struct kr_str rights_of(struct kr_cli *c, uint32_t rights)
{
	KR_AUTO_BUF b = KR_BUF(1000);

	kr_rights_text(rights, &b);
	return kr_arena_dup(c->arena, kr_buf_str(&b));
}

static const struct kr_column columns[] = {
	{"id", N_("Key"), KR_RIGHT, true},
	{"name", N_("What for"), KR_LEFT, false},
	{"owner", N_("Owner"), KR_LEFT, false},
	{"role", N_("Role"), KR_LEFT, false},
	{"rights", N_("Rights"), KR_LEFT, false},
	{"constituent", N_("Constituent"), KR_LEFT, false},
	{"tlp", N_("Up to"), KR_LEFT, false},
	{"state", N_("State"), KR_LEFT, false},
	{"expires", N_("Expires"), KR_LEFT, false},
	{"used", N_("Last used"), KR_LEFT, false},
	{"created", "", KR_LEFT, false},
	{"revoked", "", KR_LEFT, false},
	{"key", "", KR_LEFT, false},
};
#define SHORT_COLUMNS 10
#define LIST_COLUMNS  12

/* key: of a new one, which is shown this once; NULL: no column for it. */
static void rows(struct kr_cli *c, const struct kr_apikey *list, size_t n, const char *key)
{
	bool text = !c->json && !c->csv;
	kr_time now = kr_store_now(c->node->store);
	struct kr_table *t = kr_table_new(c, columns,
					  text	? SHORT_COLUMNS
					  : key ? KR_ARRAY_LEN(columns)
						: LIST_COLUMNS);
	char id[24];

	for (size_t i = 0; i < n; i++) {
		const struct kr_apikey *k = &list[i];
		const struct kr_role_info *role = kr_role_info(k->role);
		const char *state = state_of(k, now);

		snprintf(id, sizeof(id), "%llu", (unsigned long long)k->id);
		kr_table_row(
			t,
			(struct kr_str[]){
				kr_str_c(id),
				k->name,
				k->owner_name,
				kr_str_c(role ? role->name : ""),
				rights_of(c, k->rights),
				k->constituent_name,
				k->tlp ? kr_str_c(kr_tlp_text(k->tlp)) : time_cell(c, KR_TIME_NONE),
				kr_str_c(text ? kr_text(c->lang, state) : state),
				k->expires == KR_TIME_NONE && !c->json
					? kr_str_c(text ? kr_text(c->lang, N_("never")) : "")
					: time_cell(c, k->expires),
				time_cell(c, k->used),
				time_cell(c, k->created),
				time_cell(c, k->revoked),
				kr_str_c(key),
			});
	}
	kr_table_end(t);
}

static int create(struct kr_cli *c)
{
	struct kr_viewer local = kr_viewer_local();
	struct kr_key_new what = {
		.name = kr_str_c(kr_cli_arg(c, 0)),
		.role = kr_str_c(kr_cli_opt(c, "role")),
		.rights = kr_str_c(kr_cli_opt(c, "rights")),
		.constituent = kr_str_c(kr_cli_opt(c, "constituent")),
		.tlp = kr_str_c(kr_cli_opt(c, "tlp")),
		.expires = kr_str_c(kr_cli_opt(c, "expires")),
	};
	char key[KR_KEY_TEXT_MAX];
	struct kr_apikey k;
	int err = kr_account_key_new(c->node->accounts, &local, &what, c->arena, key, &k,
				     &c->fault);

	if (err)
		return err;
	if (c->json || c->csv) {
		rows(c, &k, 1, key);
	} else {
		rows(c, &k, 1, NULL);
		/* Alone on its line, so that a program can take the last line. */
		kr_cli_note(c, "The key, shown this once:");
		fprintf(c->out, "%s\n", key);
	}
	kr_secret_wipe(key, sizeof(key));
	return 0;
}

static int list(struct kr_cli *c)
{
	struct kr_viewer local = kr_viewer_local();
	struct kr_apikey *all;
	size_t n;
	int err = kr_account_key_list(c->node->accounts, &local, c->arena, &all, &n, &c->fault);

	if (err)
		return err;
	rows(c, all, n, NULL);
	if (!n && !c->json && !c->csv)
		kr_cli_note(c, "No key yet: karaula apikey create NAME makes one");
	return 0;
}

static int revoke(struct kr_cli *c)
{
	struct kr_viewer local = kr_viewer_local();
	const char *text = kr_cli_arg(c, 0);
	uint64_t id;
	int err;

	if (kr_str_u64(kr_str_c(text), &id) || !id || id > INT64_MAX) {
		err = kr_fault_set(&c->fault, -KR_EUSAGE, "'%.40s' is no number of a key", text);
		kr_fault_remedy(&c->fault, "it is in the first column of karaula apikey list");
		return err;
	}
	err = kr_account_key_revoke(c->node->accounts, &local, id, &c->fault);
	if (!err)
		kr_cli_note(c, "Key %llu does not work any more", (unsigned long long)id);
	return err;
}

const struct kr_cmd kr_cmd_apikey_create = {
	.noun = "apikey",
	.verb = "create",
	.args = "NAME",
	.doc = N_("make a key for a program; it is shown once"),
	.help = N_(
		"  karaula apikey create 'ticket system'\n"
		"  karaula apikey create bank-soc --constituent example-bank --expires 90d\n"
		"  karaula apikey create sensor --role duty --rights take --tlp green\n"
		"\n"
		"Without --role the key reads what a viewer reads; with --constituent it sees the "
		"events of that\n"
		"constituent and nothing else. It is sent as: Authorization: Bearer KEY\n"),
	.opts =
		(const struct kr_opt[]){
			{"role", 'r', "ROLE",
			 N_("viewer, duty, analyst, lead, admin, partner or police")},
			{"rights", 0, "LIST", N_("some of the role's rights, e.g. events,take")},
			{"constituent", 'c', "NAME", N_("only events of this constituent")},
			{"tlp", 0, "TLP", N_("tightest label it sees")},
			{"expires", 'e', "TIME",
			 N_("a span like 90d, a date, or never; without it accounts.key_life")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = create,
};

const struct kr_cmd kr_cmd_apikey_list = {
	.noun = "apikey",
	.verb = "list",
	.doc = N_("keys of programs, with what each may and when it was used"),
	.help = N_("  karaula apikey list\n"
		   "  karaula apikey list --json\n"
		   "  karaula audit list --action 'apikey.*'    who made and revoked them\n"),
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_apikey_revoke = {
	.noun = "apikey",
	.verb = "revoke",
	.args = "N",
	.doc = N_("make a key useless at once"),
	.help = N_("  karaula apikey revoke 12\n"
		   "  karaula apikey list              shows the numbers\n"
		   "  karaula apikey create NAME       makes another one\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = revoke,
};
