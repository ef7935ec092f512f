/* SPDX-License-Identifier: Apache-2.0 */
/* karaula user: who may come in, and what they are logged in with. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/time.h"
#include "cli/node.h"
#include "desk/account.h"

/* ---- showing ---- */

static struct kr_str time_cell(struct kr_cli *c, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	if (t == KR_TIME_NONE)
		return c->json ? KR_STR_NULL : KR_STR("");
	return kr_arena_dup(c->arena, kr_str_c(kr_time_text(t, text)));
}

/* Words of programs: never translated. */
static const char *state_of(const struct kr_user *u)
{
	if (u->disabled)
		return N_("disabled");
	if (u->constituent_retired)
		return N_("constituent gone");
	return u->password.n ? N_("active") : N_("invited");
}

static struct kr_str rights_of(struct kr_cli *c, enum kr_role role)
{
	const struct kr_role_info *info = kr_role_info(role);
	KR_AUTO_BUF b = KR_BUF(1000);

	if (info)
		kr_rights_text(info->rights, &b);
	return kr_arena_dup(c->arena, kr_buf_str(&b));
}

static const struct kr_column columns[] = {
	{"name", N_("User"), KR_LEFT, false},
	{"title", N_("Title"), KR_LEFT, false},
	{"role", N_("Role"), KR_LEFT, false},
	{"constituent", N_("Constituent"), KR_LEFT, false},
	{"state", N_("State"), KR_LEFT, false},
	{"language", N_("Language"), KR_LEFT, false},
	{"seen", N_("Last seen"), KR_LEFT, false},
	{"created", "", KR_LEFT, false},
	{"changed", "", KR_LEFT, false},
	{"revision", "", KR_RIGHT, true},
	{"rights", N_("Rights"), KR_LEFT, false},
	{"link", "", KR_LEFT, false},
	{"link_expires", "", KR_LEFT, false},
};
#define SHORT_COLUMNS 7
#define LIST_COLUMNS  11

/* link: of a new user; NULL: none, and no columns for it. */
static void rows(struct kr_cli *c, const struct kr_user *list, size_t n,
		 const struct kr_account_link *link, struct kr_str url)
{
	bool text = !c->json && !c->csv;
	struct kr_table *t = kr_table_new(c, columns,
					  text	 ? SHORT_COLUMNS
					  : link ? KR_ARRAY_LEN(columns)
						 : LIST_COLUMNS);
	char revision[16];

	for (size_t i = 0; i < n; i++) {
		const struct kr_user *u = &list[i];
		const struct kr_role_info *role = kr_role_info(u->role);
		const char *state = state_of(u);

		snprintf(revision, sizeof(revision), "%u", u->revision);
		kr_table_row(t, (struct kr_str[]){
					u->name,
					u->title,
					kr_str_c(role ? role->name : ""),
					u->constituent_name,
					kr_str_c(text ? kr_text(c->lang, state) : state),
					u->language,
					time_cell(c, u->seen),
					time_cell(c, u->created),
					time_cell(c, u->changed),
					kr_str_c(revision),
					rights_of(c, u->role),
					url,
					time_cell(c, link ? link->expires : KR_TIME_NONE),
				});
	}
	kr_table_end(t);
}

/* ---- list, show ---- */

static int list(struct kr_cli *c)
{
	struct kr_viewer local = kr_viewer_local();
	struct kr_user *all;
	size_t n;
	int err = kr_account_user_list(c->node->accounts, &local, c->arena, &all, &n, &c->fault);

	if (err)
		return err;
	rows(c, all, n, NULL, KR_STR_NULL);
	if (!n && !c->json && !c->csv)
		kr_cli_note(c, "No user yet: karaula user add NAME --role admin makes one");
	return 0;
}

static void line(struct kr_cli *c, const char *what, struct kr_str value)
{
	KR_AUTO_BUF b = KR_BUF(8192);

	kr_cli_shown(&b, value);
	fprintf(c->out, "%-14s%s\n", what, kr_buf_cstr(&b));
}

static int show(struct kr_cli *c)
{
	struct kr_viewer local = kr_viewer_local();
	const struct kr_role_info *role;
	struct kr_user u;
	int err = kr_account_user_get(c->node->accounts, &local, kr_str_c(kr_cli_arg(c, 0)),
				      c->arena, &u, &c->fault);

	if (err)
		return err;
	if (c->json || c->csv) {
		rows(c, &u, 1, NULL, KR_STR_NULL);
		return 0;
	}
	role = kr_role_info(u.role);
	line(c, kr_text(c->lang, N_("User")), u.name);
	line(c, kr_text(c->lang, N_("Title")), u.title);
	fprintf(c->out, "%-14s%s: %s\n", kr_text(c->lang, N_("Role")), role ? role->name : "",
		role ? kr_text(c->lang, role->doc) : "");
	line(c, kr_text(c->lang, N_("Rights")), rights_of(c, u.role));
	line(c, kr_text(c->lang, N_("Constituent")), u.constituent_name);
	line(c, kr_text(c->lang, N_("State")), kr_str_c(kr_text(c->lang, state_of(&u))));
	line(c, kr_text(c->lang, N_("Language")), u.language);
	line(c, kr_text(c->lang, N_("Created")), time_cell(c, u.created));
	line(c, kr_text(c->lang, N_("Changed")), time_cell(c, u.changed));
	line(c, kr_text(c->lang, N_("Last seen")), time_cell(c, u.seen));
	return 0;
}

/* ---- add, edit ---- */

static struct kr_user_change change(struct kr_cli *c)
{
	/* An option that is not given is NULL: it stays as it is. */
	return (struct kr_user_change){
		.title = kr_str_c(kr_cli_opt(c, "title")),
		.role = kr_str_c(kr_cli_opt(c, "role")),
		.constituent = kr_str_c(kr_cli_opt(c, "constituent")),
		.language = kr_str_c(kr_cli_opt(c, "language")),
	};
}

static struct kr_str url_of(struct kr_cli *c, const struct kr_account_link *link)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	struct kr_str url = kr_account_link_url(conf, KR_STR(""), link->token, c->arena);

	kr_conf_unref(conf);
	return url;
}

static void show_link(struct kr_cli *c, const struct kr_account_link *link, struct kr_str url)
{
	char until[KR_TIME_TEXT_MAX];

	fprintf(c->out, kr_text(c->lang, "Link for %.*s, works once, until %s:\n%.*s\n"),
		KR_STR_ARG(link->user.name), kr_time_text(link->expires, until), KR_STR_ARG(url));
}

static int add(struct kr_cli *c)
{
	struct kr_str name = kr_str_c(kr_cli_arg(c, 0)), url;
	struct kr_viewer local = kr_viewer_local();
	struct kr_user_change what = change(c);
	struct kr_account_link link;
	struct kr_user u;
	int err = kr_account_user_add(c->node->accounts, &local, name, &what, c->arena, &u,
				      &c->fault);

	if (!err)
		err = kr_account_link_new(c->node->accounts, &local, name, c->arena, &link,
					  &c->fault);
	if (err)
		return err;
	url = url_of(c, &link);
	rows(c, &u, 1, &link, url);
	if (!c->json && !c->csv)
		show_link(c, &link, url);
	return 0;
}

static int edit(struct kr_cli *c)
{
	struct kr_viewer local = kr_viewer_local();
	struct kr_user_change what = change(c);
	struct kr_user u;
	int err = kr_account_user_edit(c->node->accounts, &local, kr_str_c(kr_cli_arg(c, 0)), 0,
				       &what, c->arena, &u, &c->fault);

	if (!err)
		rows(c, &u, 1, NULL, KR_STR_NULL);
	return err;
}

static int set_enabled(struct kr_cli *c, bool enable)
{
	struct kr_str name = kr_str_c(kr_cli_arg(c, 0));
	struct kr_viewer local = kr_viewer_local();
	int err = kr_account_user_enable(c->node->accounts, &local, name, enable, &c->fault);

	if (err)
		return err;
	if (enable)
		kr_cli_note(c, "User '%.*s' may log in", KR_STR_ARG(name));
	else
		kr_cli_note(c, "User '%.*s' is out; API keys of this user do not work either",
			    KR_STR_ARG(name));
	return 0;
}

static int disable(struct kr_cli *c)
{
	return set_enabled(c, false);
}

static int enable(struct kr_cli *c)
{
	return set_enabled(c, true);
}

static int remove_user(struct kr_cli *c)
{
	struct kr_str name = kr_str_c(kr_cli_arg(c, 0));
	struct kr_viewer local = kr_viewer_local();
	int err = kr_account_user_remove(c->node->accounts, &local, name, &c->fault);

	if (!err)
		kr_cli_note(c, "User '%.*s' is removed; API keys of this user are revoked",
			    KR_STR_ARG(name));
	return err;
}

static int make_link(struct kr_cli *c)
{
	struct kr_viewer local = kr_viewer_local();
	struct kr_account_link link;
	struct kr_str url;
	int err = kr_account_link_new(c->node->accounts, &local, kr_str_c(kr_cli_arg(c, 0)),
				      c->arena, &link, &c->fault);

	if (err)
		return err;
	url = url_of(c, &link);
	if (c->json || c->csv)
		rows(c, &link.user, 1, &link, url);
	else
		show_link(c, &link, url);
	return 0;
}

/* ---- sessions ---- */

static int sessions(struct kr_cli *c)
{
	static const struct kr_column cols[] = {
		{"id", N_("Session"), KR_RIGHT, true},	  {"user", N_("User"), KR_LEFT, false},
		{"created", N_("Since"), KR_LEFT, false}, {"seen", N_("Last seen"), KR_LEFT, false},
		{"expires", N_("Ends"), KR_LEFT, false},  {"address", N_("From"), KR_LEFT, false},
		{"agent", N_("Program"), KR_LEFT, false},
	};
	struct kr_str name = kr_cli_nargs(c) ? kr_str_c(kr_cli_arg(c, 0)) : KR_STR("*");
	struct kr_viewer local = kr_viewer_local();
	struct kr_session *all;
	struct kr_table *t;
	char id[24];
	size_t n;
	int err = kr_account_session_list(c->node->accounts, &local, name, c->arena, &all, &n,
					  &c->fault);

	if (err)
		return err;
	t = kr_table_new(c, cols, KR_ARRAY_LEN(cols));
	for (size_t i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%llu", (unsigned long long)all[i].id);
		kr_table_row(t, (struct kr_str[]){
					kr_str_c(id),
					all[i].user_name,
					time_cell(c, all[i].created),
					time_cell(c, all[i].seen),
					time_cell(c, all[i].expires),
					all[i].address,
					all[i].agent,
				});
	}
	kr_table_end(t);
	return 0;
}

static int end(struct kr_cli *c)
{
	struct kr_viewer local = kr_viewer_local();
	uint64_t id;
	int n = kr_cli_number(c, "session", 1, INT64_MAX, 0, &id);

	if (!n && (id != 0) == (kr_cli_nargs(c) == 1)) {
		n = kr_fault_set(&c->fault, -KR_EUSAGE, "name a user, or a session");
		kr_fault_remedy(&c->fault,
				"karaula user end NAME, or karaula user end --session N");
	}
	if (n)
		return n;
	if (id) {
		n = kr_account_session_end(c->node->accounts, &local, id, &c->fault);
		n = n ? n : 1;
	} else {
		n = kr_account_session_end_all(c->node->accounts, &local,
					       kr_str_c(kr_cli_arg(c, 0)), &c->fault);
	}
	if (n < 0)
		return n;
	if (c->json)
		fprintf(c->out, "{\"ended\":%d}\n", n);
	else
		kr_cli_note(c, "Sessions ended: %d", n);
	return 0;
}

/* ---- tables ---- */

#define USER_OPTIONS                                                                               \
	{"role", 'r', "ROLE",                                                                      \
	 N_("viewer, duty, analyst, lead, admin, operator, partner or police")},                   \
		{"constituent", 'c', "NAME", N_("whose events an operator sees")},                 \
		{"title", 't', "TEXT", N_("who it is")},                                           \
		{"language", 0, "LANG", N_("of pages for this user")},                             \
	{                                                                                          \
		NULL, 0, NULL, NULL                                                                \
	}

const struct kr_cmd kr_cmd_user_list = {
	.noun = "user",
	.verb = "list",
	.doc = N_("who may log in"),
	.help = N_("  karaula user list\n"
		   "  karaula user list --json\n"
		   "  karaula user sessions            who is logged in\n"),
	.need = KR_NEED_NODE,
	.run = list,
};

const struct kr_cmd kr_cmd_user_show = {
	.noun = "user",
	.verb = "show",
	.args = "NAME",
	.doc = N_("one user: role, rights, last seen"),
	.help = N_("  karaula user show duty1\n"
		   "  karaula user show duty1 --json\n"
		   "  karaula user sessions duty1      where this user is logged in\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = show,
};

const struct kr_cmd kr_cmd_user_add = {
	.noun = "user",
	.verb = "add",
	.args = "NAME",
	.doc = N_("add a user; prints the link that sets the password"),
	.help = N_(
		"  karaula user add duty1 --role duty --title 'First on duty'\n"
		"  karaula user add bank-soc --role operator --constituent example-bank\n"
		"  karaula user add second-admin --role admin --language sr\n"
		"\n"
		"The link works once and for accounts.link_life (24 h). Hand it over by a way that "
		"you trust.\n"),
	.opts = (const struct kr_opt[]){USER_OPTIONS},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = add,
};

const struct kr_cmd kr_cmd_user_edit = {
	.noun = "user",
	.verb = "edit",
	.args = "NAME",
	.doc = N_("change a user; what is not named stays as it is"),
	.help = N_("  karaula user edit duty1 --role analyst\n"
		   "  karaula user edit bank-soc --constituent example-telecom\n"
		   "  karaula user edit duty1 --title '' --language ''    back to none\n"
		   "\n"
		   "It holds at once, for sessions that are open and API keys too.\n"),
	.opts = (const struct kr_opt[]){USER_OPTIONS},
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = edit,
};

const struct kr_cmd kr_cmd_user_disable = {
	.noun = "user",
	.verb = "disable",
	.args = "NAME",
	.doc = N_("keep a user out: sessions end, keys stop working"),
	.help = N_("  karaula user disable duty1\n"
		   "  karaula user enable duty1        lets in again, with the same password\n"
		   "  karaula user list\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = disable,
};

const struct kr_cmd kr_cmd_user_enable = {
	.noun = "user",
	.verb = "enable",
	.args = "NAME",
	.doc = N_("let a disabled user in again"),
	.help = N_("  karaula user enable duty1\n"
		   "  karaula user link duty1          if the password is forgotten too\n"
		   "  karaula user list\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = enable,
};

const struct kr_cmd kr_cmd_user_remove = {
	.noun = "user",
	.verb = "remove",
	.args = "NAME",
	.doc = N_("remove a user; the audit log keeps the name"),
	.help = N_("  karaula user remove duty1\n"
		   "  karaula user disable duty1       keeps the account\n"
		   "  karaula user list\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = remove_user,
};

const struct kr_cmd kr_cmd_user_link = {
	.noun = "user",
	.verb = "link",
	.args = "NAME",
	.doc = N_("make a link with which a user sets a new password, once"),
	.help = N_("  karaula user link admin\n"
		   "  karaula user link duty1 --json\n"
		   "  karaula user sessions duty1\n"
		   "\n"
		   "An earlier link of the user stops working. The address comes from "
		   "http.public_url.\n"),
	.args_min = 1,
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = make_link,
};

const struct kr_cmd kr_cmd_user_sessions = {
	.noun = "user",
	.verb = "sessions",
	.args = "[NAME]",
	.doc = N_("who is logged in, from where"),
	.help = N_("  karaula user sessions\n"
		   "  karaula user sessions duty1\n"
		   "  karaula user end --session 12    ends one\n"),
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = sessions,
};

const struct kr_cmd kr_cmd_user_end = {
	.noun = "user",
	.verb = "end",
	.args = "[NAME]",
	.doc = N_("end sessions: all of a user, or one"),
	.help = N_("  karaula user end duty1\n"
		   "  karaula user end --session 12\n"
		   "  karaula user sessions\n"),
	.opts =
		(const struct kr_opt[]){
			{"session", 's', "N", N_("number of the session")},
			{NULL, 0, NULL, NULL},
		},
	.args_max = 1,
	.need = KR_NEED_NODE,
	.run = end,
};
