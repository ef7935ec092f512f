/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "conf/conf.h"
#include "desk/account.h"
#include "store/store.h"

/* A folder that holds anything is somebody's; a data directory is made once. */
static int check_empty(struct kr_cli *c, const char *dir)
{
	int fd = openat(c->cwd_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	struct dirent *e;
	DIR *d;

	if (fd < 0 && errno == ENOENT)
		return 0;
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return kr_fault_errno(&c->fault, errno, "cannot open '%s'", dir);
	while (!err && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (faccessat(fd, KR_CONF_FILE, F_OK, 0) == 0) {
			err = kr_fault_set(&c->fault, -KR_EEXIST,
					   "'%s' is a data directory already", dir);
			kr_fault_remedy(&c->fault,
					"karaula -C %.60s doctor looks whether it is well", dir);
		} else {
			err = kr_fault_set(&c->fault, -KR_EEXIST,
					   "'%s' is not empty: it holds '%.60s'", dir, e->d_name);
			kr_fault_remedy(&c->fault, "name a folder that is empty or does not exist");
		}
	}
	closedir(d);
	return err;
}

/* The values are checked as the file's would be, so that what is written loads. */
static int check_values(struct kr_cli *c, const char *name, const char *country)
{
	const char *text;
	int err;

	if (!name || !country) {
		err = kr_fault_set(&c->fault, -KR_EUSAGE, "init needs --%s",
				   name ? "country CC" : "name NAME");
		kr_fault_remedy(&c->fault,
				"e.g. karaula init DIR --name example-csirt --country RS");
		return err;
	}
	err = kr_conf__parse(KR_CONF_NAME, kr_str_c(name), "", "", c->arena, &text, &c->fault);
	if (err) {
		kr_fault_where(&c->fault, "--name");
		return err;
	}
	err = kr_conf__parse(KR_CONF_COUNTRY, kr_str_c(country), "", "", c->arena, &text,
			     &c->fault);
	if (err)
		kr_fault_where(&c->fault, "--country");
	return err;
}

static int write_conf(struct kr_cli *c, const char *dir, const char *name, const char *country)
{
	KR_AUTO_BUF text = KR_BUF((size_t)1 << 20);
	int fd = openat(c->cwd_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return kr_fault_errno(&c->fault, errno, "cannot open '%s'", dir);
	kr_conf_template(&text, name, country);
	err = kr_file_replace(fd, KR_CONF_FILE, kr_buf_str(&text), 0640, &c->fault);
	close(fd);
	return err;
}

/* ---- the first administrator ---- */

struct first {
	struct kr_account_link link;
	struct kr_str url;
};

/* With a link that sets the password, kept in a file too: the screen is soon gone. */
static int add_admin(struct kr_cli *c, struct kr_store *store, const char *admin, struct first *ret)
{
	struct kr_user_change what = {.role = KR_STR("admin")};
	struct kr_viewer local = kr_viewer_local();
	struct kr_account_opts opts;
	const struct kr_conf *conf;
	struct kr_accounts *a;
	struct kr_user u;
	int err = kr_conf_load(AT_FDCWD, NULL, &conf, &c->fault);

	if (err)
		return err;
	opts = kr_account_opts_of(conf);
	a = kr_accounts_new(store, &opts);
	err = kr_account_user_add(a, &local, kr_str_c(admin), &what, c->arena, &u, &c->fault);
	if (!err)
		err = kr_account_link_new(a, &local, u.name, c->arena, &ret->link, &c->fault);
	if (!err) {
		ret->url = kr_account_link_url(conf, KR_STR(""), ret->link.token, c->arena);
		err = kr_account_link_write(a, ret->url, &c->fault);
	}
	kr_accounts_free(a);
	kr_conf_unref(conf);
	return err;
}

static int make_admin(struct kr_cli *c, const char *dir, const char *admin, struct first *ret)
{
	struct kr_store *store;
	int err = kr_store_open(dir, NULL, &store, &c->fault);

	if (err)
		return err;
	err = add_admin(c, store, admin, ret);
	kr_store_close(store);
	return err;
}

static void tell(struct kr_cli *c, const char *dir, const struct first *f)
{
	KR_AUTO_BUF b = KR_BUF(16384);
	struct kr_json_out o = KR_JSON_OUT(&b);
	char until[KR_TIME_TEXT_MAX];

	kr_time_text(f->link.expires, until);
	if (!c->json) {
		fprintf(c->out,
			kr_text(c->lang, "Administrator %.*s sets the password here, once, until "
					 "%s:\n%.*s\n"),
			KR_STR_ARG(f->link.user.name), until, KR_STR_ARG(f->url));
		kr_cli_note(c, "The link is in %s/secrets/admin-link too, until it is used.", dir);
		return;
	}
	kr_json_object(&o);
	kr_json_kstr(&o, "dir", kr_str_c(dir));
	kr_json_kstr(&o, "admin", f->link.user.name);
	kr_json_kstr(&o, "link", f->url);
	kr_json_kstr(&o, "link_expires", kr_str_c(until));
	kr_json_object_end(&o);
	fprintf(c->out, "%s\n", kr_buf_cstr(&b));
}

static int run(struct kr_cli *c)
{
	const char *dir = kr_cli_nargs(c) ? kr_cli_arg(c, 0) : c->dir;
	const char *name = kr_cli_opt(c, "name"), *country = kr_cli_opt(c, "country");
	const char *admin = kr_cli_opt(c, "admin") ? kr_cli_opt(c, "admin") : "admin";
	struct first first;
	int err;

	if (!dir)
		return kr_fault_set(&c->fault, -KR_EUSAGE, "init needs DIR");
	err = check_values(c, name, country);
	if (!err && !kr_user_name_ok(kr_str_c(admin))) {
		err = kr_fault_set(&c->fault, -KR_EUSAGE, "'%.60s' is no name for a user", admin);
		kr_fault_where(&c->fault, "--admin");
		kr_fault_remedy(&c->fault, "use letters, digits, '-', '_', '.' and '@', at most "
					   "64, starting with a letter or digit");
	}
	if (!err)
		err = check_empty(c, dir);
	/* The configuration comes last: a directory without one is not a node yet. */
	if (!err)
		err = kr_store_init(dir, &c->fault);
	if (!err)
		err = make_admin(c, dir, admin, &first);
	if (!err)
		err = write_conf(c, dir, name, country);
	if (err)
		return err;
	kr_cli_note(c,
		    "%s is ready. Settings: %s/" KR_CONF_FILE "\n"
		    "Next: karaula -C %s take FILE...    then: karaula -C %s serve",
		    dir, dir, dir, dir);
	tell(c, dir, &first);
	return 0;
}

const struct kr_cmd kr_cmd_init = {
	.noun = "init",
	.args = "DIR",
	.doc = N_("make a data directory: configuration with comments, databases, secrets"),
	.help = N_(
		"  karaula init /var/lib/karaula --name example-csirt --country RS\n"
		"  karaula init var --name test --country XK\n"
		"  karaula -C /srv/karaula init --name example-csirt --country MK --admin chief\n"
		"\n"
		"Prints a link with which the administrator sets a password; it works once, for a "
		"day.\n"
		"karaula user link NAME makes another one.\n"),
	.opts =
		(const struct kr_opt[]){
			{"name", 'n', "NAME", N_("short name of the node")},
			{"country", 'c', "CC", N_("country of the team, two letters")},
			{"admin", 0, "NAME", N_("name of the first administrator; else admin")},
			{NULL, 0, NULL, NULL},
		},
	.args_max = 1,
	.need = KR_NEED_NOTHING,
	.run = run,
};
