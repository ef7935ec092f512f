/* SPDX-License-Identifier: Apache-2.0 */
/* karaula backup, restore and recover (doc/backup.md). */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/node.h"
#include "cli/out.h"
#include "desk/outbox.h"
#include "store/backup.h"

#define SHOW_EVERY_US 250000

/* Where it stands, for whoever watches: the output is the archive, so it goes to the other one. */
struct watched {
	struct kr_cli *c;
	int64_t shown_us;
	bool terminal, shown;
};

static struct watched watch(struct kr_cli *c)
{
	return (struct watched){
		.c = c, .shown_us = kr_clock_us(), .terminal = !c->quiet && isatty(fileno(c->err))};
}

static bool tell(struct watched *w, uint64_t files, uint64_t all, uint64_t bytes)
{
	int64_t now = kr_clock_us();

	if (w->terminal && now - w->shown_us >= SHOW_EVERY_US) {
		fprintf(w->c->err, "\r\033[K%llu", (unsigned long long)files);
		if (all)
			fprintf(w->c->err, "/%llu", (unsigned long long)all);
		fprintf(w->c->err, ": %llu MiB", (unsigned long long)(bytes >> 20));
		fflush(w->c->err);
		w->shown = true;
		w->shown_us = now;
	}
	return !kr_cli_cancelled(w->c);
}

static void unwatch(const struct watched *w)
{
	if (w->shown)
		fputs("\r\033[K", w->c->err);
}

static bool backup_progress(void *ctx, uint64_t files, uint64_t files_all, uint64_t bytes)
{
	return tell(ctx, files, files_all, bytes);
}

static int write_out(void *ctx, const void *p, size_t n, struct kr_fault *reterr)
{
	struct kr_cli *c = ((struct watched *)ctx)->c;

	if (fwrite(p, 1, n, c->out) == n)
		return 0;
	return kr_fault_errno(reterr, c->out_state->error, "cannot write the backup");
}

/* A backup that is only in memory of the kernel is none. */
static int make_durable(struct kr_cli *c)
{
	if (fflush(c->out))
		return kr_fault_errno(&c->fault, c->out_state->error, "cannot write the backup");
	if (fsync(c->out_state->fd) && errno != EINVAL && errno != EROFS)
		return kr_fault_errno(&c->fault, errno, "cannot write the backup");
	return 0;
}

static int backup(struct kr_cli *c)
{
	const struct kr_conf *conf = kr_node_conf(c->node);
	struct watched w = watch(c);
	struct kr_backup_opts o = {
		.write = write_out,
		.progress = backup_progress,
		.ctx = &w,
		.node = kr_arena_dup(c->arena, kr_str_c(conf->node_name)),
		.by = KR_BY_LOCAL,
	};
	struct kr_backup_result done;
	int err;

	kr_conf_unref(conf);
	if (c->width) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "a backup is not written to a terminal");
		kr_fault_remedy(&c->fault, "name a file: karaula backup -o FILE.tar.zst");
		return -KR_EUSAGE;
	}
	err = kr_store_backup(c->node->store, &o, &done, &c->fault);
	unwatch(&w);
	if (!err)
		err = make_durable(c);
	if (!err)
		kr_cli_note(c, "%llu files, %llu bytes in %llu; secrets/ is not in it",
			    (unsigned long long)done.files, (unsigned long long)done.bytes,
			    (unsigned long long)done.packed);
	return err;
}

const struct kr_cmd kr_cmd_backup = {
	.noun = "backup",
	.doc = N_("write all of the node into one file, while it works"),
	.help = N_("  karaula backup -o /backup/node-$(date +%F).tar.zst\n"
		   "  karaula backup | ssh backup.example.org 'cat > node.tar.zst'\n"
		   "  karaula restore --check /backup/node-2026-11-22.tar.zst\n\n"
		   "All databases as of one moment, the raw reports, the configuration and the "
		   "tables.\n"
		   "secrets/ is never in it: keep a copy of that folder elsewhere.\n"),
	.need = KR_NEED_NODE,
	.run = backup,
};

/* ---- restore ---- */

static bool restore_progress(void *ctx, uint64_t files, uint64_t bytes)
{
	return tell(ctx, files, 0, bytes);
}

static void show_restored(struct kr_cli *c, const struct kr_restored *r, bool check)
{
	char created[KR_TIME_TEXT_MAX];
	KR_AUTO_BUF b = KR_BUF(4096);
	struct kr_json_out o = KR_JSON_OUT(&b);

	kr_time_text(r->created, created);
	if (!c->json) {
		fprintf(c->out,
			"%s: node %s, karaula %s, made %s: %llu files, %llu bytes, %llu databases, "
			"%llu reports\n",
			kr_text(c->lang, check ? N_("whole") : N_("restored")), r->node, r->version,
			created, (unsigned long long)r->files, (unsigned long long)r->bytes,
			(unsigned long long)r->databases, (unsigned long long)r->reports);
		return;
	}
	kr_json_object(&o);
	kr_json_kstr(&o, "node", kr_str_c(r->node));
	kr_json_kstr(&o, "version", kr_str_c(r->version));
	kr_json_kstr(&o, "created", kr_str_c(created));
	kr_json_kint(&o, "files", (int64_t)r->files);
	kr_json_kint(&o, "bytes", (int64_t)r->bytes);
	kr_json_kint(&o, "databases", (int64_t)r->databases);
	kr_json_kint(&o, "reports", (int64_t)r->reports);
	kr_json_object_end(&o);
	fprintf(c->out, "%.*s\n", KR_STR_ARG(kr_buf_str(&b)));
}

static int restore(struct kr_cli *c)
{
	bool check = kr_cli_opt(c, "check") != NULL;
	const char *dir = kr_cli_arg(c, 1);
	struct watched w = watch(c);
	struct kr_restore_opts o = {
		.progress = restore_progress,
		.ctx = &w,
		.now = kr_time_now(),
		.by = KR_BY_LOCAL,
	};
	struct kr_restored done;
	int fd, err;

	if (check == (dir != NULL)) {
		kr_fault_set(&c->fault, -KR_EUSAGE,
			     check ? "--check writes nothing and takes no directory"
				   : "restore needs a directory to make");
		kr_fault_remedy(&c->fault, "karaula restore FILE DIR, or karaula restore --check "
					   "FILE");
		return -KR_EUSAGE;
	}
	fd = kr_cli_open(c, kr_cli_arg(c, 0));
	if (fd < 0)
		return fd;
	err = kr_store_restore(fd, dir, &o, &done, &c->fault);
	unwatch(&w);
	close(fd);
	if (err)
		return err;
	show_restored(c, &done, check);
	if (!check)
		kr_cli_note(c,
			    "The node is in recover mode: it takes and shows, but tells nobody. "
			    "Copy secrets/ into it,\nlook, and then: karaula -C %s recover "
			    "finish",
			    dir);
	return 0;
}

const struct kr_cmd kr_cmd_restore = {
	.noun = "restore",
	.args = "FILE [DIR]",
	.doc = N_("make a data directory from a backup, or check one"),
	.help = N_(
		"  karaula restore --check node-2026-11-22.tar.zst\n"
		"  karaula restore node-2026-11-22.tar.zst /srv/karaula\n"
		"  ssh backup.example.org 'cat node.tar.zst' | karaula restore - /srv/karaula\n\n"
		"--check reads all of it: every file against its hash, every database for damage,\n"
		"every report for its raw bytes. A restored node starts in recover mode.\n"),
	.opts =
		(const struct kr_opt[]){
			{"check", 0, NULL, N_("write nothing; only say whether it is whole")},
			{NULL, 0, NULL, NULL},
		},
	.args_min = 1,
	.args_max = 2,
	.need = KR_NEED_NOTHING,
	.run = restore,
};

/* ---- recover ---- */

static int recover_status(struct kr_cli *c)
{
	kr_time t = kr_store_recovering(c->node->store);
	char text[KR_TIME_TEXT_MAX];

	kr_time_text(t, text);
	if (c->json)
		fprintf(c->out,
			t == KR_TIME_NONE ? "{\"recovering\":false}\n"
					  : "{\"recovering\":true,\"restored\":\"%s\"}\n",
			text);
	else if (t == KR_TIME_NONE)
		fprintf(c->out, "%s\n", kr_text(c->lang, N_("not in recover mode")));
	else
		fprintf(c->out, kr_text(c->lang, N_("in recover mode: restored %s\n")), text);
	return 0;
}

static int recover_finish(struct kr_cli *c)
{
	const char *text = kr_cli_opt(c, "since");
	kr_time since = KR_TIME_NONE;
	struct kr_desk_ticked sum = {0};
	const struct kr_conf *conf;
	uint64_t withheld, doubt;
	int err;

	if (text && kr_time_parse(kr_str_c(text), &since))
		return kr_fault_set(&c->fault, -KR_EUSAGE,
				    "'%s' is no time, e.g. "
				    "2026-11-22T06:00:00Z",
				    text);
	/* Rows that the backup caught before they were decided: the lost node decided and told. */
	conf = kr_node_conf(c->node);
	err = kr_desk_outbox_derive(c->node->outbox, conf, NULL, NULL, &sum, &c->fault);
	kr_conf_unref(conf);
	if (!err)
		err = kr_store_recover_finish(c->node->store, KR_BY_LOCAL, since, &withheld, &doubt,
					      &c->fault);
	if (!err)
		kr_cli_note(c, "The node tells again; %llu rows withheld, %llu deliveries in doubt",
			    (unsigned long long)withheld, (unsigned long long)doubt);
	return err;
}

const struct kr_cmd kr_cmd_recover_status = {
	.noun = "recover",
	.verb = "status",
	.doc = N_("say whether the node was restored and waits"),
	.help = N_("  karaula recover status\n"
		   "  karaula recover status --json\n"
		   "  karaula recover finish\n"),
	.need = KR_NEED_NODE,
	.run = recover_status,
};

const struct kr_cmd kr_cmd_recover_finish = {
	.noun = "recover",
	.verb = "finish",
	.doc = N_("let a restored node tell again"),
	.help = N_("  karaula recover status\n"
		   "  karaula recover finish\n"
		   "  karaula recover finish --since 2026-11-22T06:00:00Z\n\n"
		   "The lost node may have told after the backup was made. So deliveries that were "
		   "under "
		   "way go\n"
		   "into doubt, and what was due before --since (default: the restore) is "
		   "withheld; both "
		   "can be\n"
		   "looked at with karaula delivery list.\n"),
	.opts =
		(const struct kr_opt[]){
			{"since", 's', "TIME", N_("tell what was due from here on")},
			{NULL, 0, NULL, NULL},
		},
	.need = KR_NEED_NODE,
	.run = recover_finish,
};
