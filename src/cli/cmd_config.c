/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "conf/conf.h"
#include "model/docs.h"

/* The file given, or that of the data directory. */
static int load(struct kr_cli *c, const char *file, const struct kr_conf **ret)
{
	const char *dir = c->dir ? c->dir : ".";
	int fd, err;

	if (file)
		return kr_conf_load(c->cwd_fd, file, ret, &c->fault);
	fd = openat(c->cwd_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return kr_fault_errno(&c->fault, errno, "cannot open '%s'", dir);
	err = kr_conf_load(fd, KR_CONF_FILE, ret, &c->fault);
	close(fd);
	if (err == -KR_ENOENT) {
		kr_fault_set(&c->fault, err, "no " KR_CONF_FILE " in '%s'", dir);
		kr_fault_remedy(&c->fault, "name the data directory with -C DIR, or make one with "
					   "karaula init DIR");
	}
	return err;
}

static int check(struct kr_cli *c)
{
	const struct kr_conf *conf;
	int err = load(c, kr_cli_arg(c, 0), &conf);

	if (err)
		return err;
	kr_conf_unref(conf);
	kr_cli_note(c, "%s: no mistakes", kr_cli_arg(c, 0) ? kr_cli_arg(c, 0) : KR_CONF_FILE);
	return 0;
}

static int show(struct kr_cli *c)
{
	static const struct kr_column columns[] = {
		{"setting", N_("Setting"), KR_LEFT, false},
		{"value", N_("Value"), KR_LEFT, false},
		{"effect", N_("Changes take effect"), KR_LEFT, false},
		{"origin", N_("From"), KR_LEFT, false},
	};
	bool origin = kr_cli_opt(c, "origin") != NULL;
	const struct kr_conf *conf;
	struct kr_setting s;
	struct kr_table *t;
	int err = load(c, NULL, &conf);

	if (err)
		return err;
	t = kr_table_new(c, columns, origin ? 4 : 2);
	for (size_t i = 0; kr_setting_at(i, &s); i++) {
		char name[80], from[80] = "default";

		snprintf(name, sizeof(name), "%s.%s", s.section, s.name);
		if (kr_conf_line(conf, i))
			snprintf(from, sizeof(from), KR_CONF_FILE ":%llu",
				 (unsigned long long)kr_conf_line(conf, i));
		kr_table_row(t, (struct kr_str[]){kr_str_c(name), kr_str_c(kr_conf_value(conf, i)),
						  kr_str_c(s.live ? "on reload" : "at next start"),
						  kr_str_c(from)});
	}
	kr_table_end(t);
	kr_conf_unref(conf);
	return 0;
}

static int doc(struct kr_cli *c)
{
	KR_AUTO_BUF b = KR_BUF((size_t)1 << 20);

	if (kr_cli_opt(c, "fields"))
		kr_field_docs(&b);
	else
		kr_conf_markdown(&b);
	fwrite(b.p, 1, b.n, c->out);
	return 0;
}

const struct kr_cmd kr_cmd_config_check = {
	.noun = "config",
	.verb = "check",
	.args = "[FILE]",
	.doc = N_("look for mistakes in the configuration"),
	.help = N_(
		"  karaula -C /var/lib/karaula config check\n"
		"  karaula config check new.conf\n"
		"  karaula config check new.conf && mv new.conf /var/lib/karaula/karaula.conf\n"),
	.args_max = 1,
	.need = KR_NEED_NOTHING,
	.run = check,
};

const struct kr_cmd kr_cmd_config_show = {
	.noun = "config",
	.verb = "show",
	.doc = N_("print the settings that hold"),
	.help = N_("  karaula config show\n"
		   "  karaula config show --origin\n"
		   "  karaula config show --json\n"),
	.opts =
		(const struct kr_opt[]){
			{"origin", 0, NULL,
			 N_("also whether a value is from the file, and its line")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NOTHING,
	.run = show,
};

const struct kr_cmd kr_cmd_config_doc = {
	.noun = "config",
	.verb = "doc",
	.doc = N_("print the documentation of all settings as Markdown"),
	.help = N_("  karaula config doc\n"
		   "  karaula config doc --fields | less\n"
		   "  karaula config doc -o configuration.md\n"),
	.opts =
		(const struct kr_opt[]){
			{"fields", 0, NULL, N_("of the fields of events instead")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NOTHING,
	.run = doc,
};
