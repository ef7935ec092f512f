/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: files, rights and the clock are looked at from here, whatever state the directory
 * is in. The databases belong to whoever holds the lock: if it is free they are opened here, else
 * the node is asked to run `doctor store`, whose answer comes back as JSON lines through a file in
 * memory and is printed like our own.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/control.h"
#include "cli/doctor.h"
#include "store/store.h"

#define ANSWER_MAX ((size_t)1 << 20)

/* One line of the node's answer. */
static void relay(struct kr_doctor *d, struct kr_str line)
{
	struct kr_json j;
	struct kr_json_token t;
	struct kr_str status = KR_STR(""), check = KR_STR(""), detail = KR_STR(""),
		      remedy = KR_STR("");
	enum kr_health h = KR_HEALTH_FAIL;

	kr_json_init(&j, line, d->c->arena, 4, 0, NULL);
	while (!kr_json_next(&j, &t) && t.type != KR_JSON_END) {
		if (!t.has_key || t.type != KR_JSON_STRING)
			continue;
		if (kr_str_eqc(t.key, "status"))
			status = t.text;
		else if (kr_str_eqc(t.key, "check"))
			check = kr_arena_dup(d->c->arena, t.text);
		else if (kr_str_eqc(t.key, "detail"))
			detail = t.text;
		else if (kr_str_eqc(t.key, "remedy"))
			remedy = kr_arena_dup(d->c->arena, t.text);
	}
	for (h = KR_HEALTH_OK; h < KR_HEALTH_FAIL; h++)
		if (kr_str_eqc(status, kr_health_text(h)))
			break;
	kr_doctor_say(d, h, check.p, remedy.p, "%.*s", KR_STR_ARG(detail));
}

/* Have the node look at its databases. Returns 1: it does not answer. */
static int ask_node(struct kr_doctor *d, bool deep)
{
	static const char *const words[] = {"doctor", "store", "--json", "--deep"};
	KR_AUTO_BUF answer = KR_BUF(ANSWER_MAX);
	struct kr_cli asked = *d->c;
	struct kr_str rest, line;
	char path[40];
	int fd = memfd_create("doctor", MFD_CLOEXEC), err;

	if (fd < 0)
		return kr_fault_errno(&d->c->fault, errno, "cannot make a file in memory");
	asked.dir = d->dir;
	asked.width = 0;
	err = kr_control_call(&asked, fd, deep ? 4 : 3, words);
	d->c->fault = asked.fault;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (err <= 0 && !kr_file_read(AT_FDCWD, path, ANSWER_MAX, &answer, NULL)) {
		rest = kr_buf_str(&answer);
		while (kr_str_split(&rest, '\n', &line))
			if (line.n)
				relay(d, line);
	}
	close(fd);
	/* Failed checks are counted here; that the command says so too is no news. */
	return err == -KR_EUNAVAIL && d->failed ? 0 : err;
}

static void databases(struct kr_doctor *d, bool deep)
{
	struct kr_fault held = {0}, f = {0};
	struct kr_node *n;
	int err = kr_store_probe(d->dir, &held);

	if (!err) {
		err = kr_node_open(d->dir, true, &n, &f);
		kr_doctor_say(d, KR_HEALTH_OK, "lock", NULL, "free, no node runs");
		if (err) {
			kr_doctor_fault(d, KR_HEALTH_FAIL, "databases", &f);
			return;
		}
		kr_doctor_store(d, n, deep);
		kr_node_close(n);
		return;
	}
	if (err != -KR_EBUSY) {
		kr_doctor_fault(d, KR_HEALTH_FAIL, "databases", &held);
		return;
	}
	err = ask_node(d, deep);
	if (err == 1)
		kr_doctor_say(d, KR_HEALTH_WARN, "lock",
			      "another command is at work; if it never ends, end that process",
			      "%s, and does not answer on run/karaula.sock", held.message);
	else if (err)
		kr_doctor_fault(d, KR_HEALTH_FAIL, "databases", &d->c->fault);
	else
		kr_doctor_say(d, KR_HEALTH_OK, "lock", NULL, "%s, and answers", held.message);
}

static int run(struct kr_cli *c)
{
	struct kr_doctor d;
	int err;

	kr_doctor_begin(&d, c);
	d.dir = c->dir ? c->dir : ".";
	d.dirfd = open(d.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.dirfd < 0) {
		kr_doctor_say(&d, KR_HEALTH_FAIL, "directory",
			      "name it with -C DIR or KARAULA_DIR, or make it with karaula init",
			      "cannot open '%s'", d.dir);
		return kr_doctor_end(&d);
	}
	kr_doctor_outside(&d);
	databases(&d, kr_cli_opt(c, "deep") != NULL);
	close(d.dirfd);
	err = kr_doctor_end(&d);
	return err;
}

static int run_store(struct kr_cli *c)
{
	struct kr_doctor d;

	kr_doctor_begin(&d, c);
	kr_doctor_store(&d, c->node, kr_cli_opt(c, "deep") != NULL);
	return kr_doctor_end(&d);
}

static const struct kr_opt opts[] = {
	{"deep", 0, NULL, N_("recount every row and compare the counters; takes a while")},
	{NULL, 0, NULL, NULL},
};

const struct kr_cmd kr_cmd_doctor = {
	.noun = "doctor",
	.doc = N_("look whether the node is well, with a remedy for each finding"),
	.help = N_("  karaula -C /var/lib/karaula doctor\n"
		   "  karaula doctor --deep\n"
		   "  karaula doctor --quiet          only what is not well\n\n"
		   "Exit status is 5 when a check failed; warnings do not count.\n"),
	.opts = opts,
	.need = KR_NEED_NOTHING,
	.run = run,
};

const struct kr_cmd kr_cmd_doctor_store = {
	.noun = "doctor",
	.verb = "store",
	.doc = N_("only the databases; doctor does this too"),
	.help = N_("  karaula doctor store\n"
		   "  karaula doctor store --deep\n"
		   "  karaula doctor store --json\n"),
	.opts = opts,
	.need = KR_NEED_NODE,
	.run = run_store,
};
