/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small real data directory with pages over it: two constituents (one with a hostile name), two
 * sources, reports of several days, one in quarantine, one refused. The clock stands at NODE_NOW.
 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/time.h"
#include "conf/conf.h"
#include "desk/account.h"
#include "model/batch.h"
#include "model/event.h"
#include "model/key.h"
#include "raw.h"
#include "store/read.h"
#include "store/spool.h"
#include "store/store.h"
#include "store/write.h"
#include "tap.h"
#include "web/web.h"

#define NODE_NOW   ((kr_time)1795262400 * KR_SECOND) /* 2026-11-21T12:00:00Z */
#define NODE_DAYS  5
#define NODE_LINES 12
#define HOSTILE	   "<script>alert(1)</script>\"'&"
/* The token that forms carry. */
#define NODE_CSRF   "0123456789012345678901234567890123456789012"
#define NODE_SECOND "bank & \"<b>sons</b>\""

static kr_time node_clock = NODE_NOW;

static kr_time node_now(void)
{
	return node_clock;
}

struct node {
	char dir[64];
	struct kr_store *s;
	struct kr_accounts *accounts;
	const struct kr_conf *conf;
	struct kr_web *web;
	struct kr_http *http;
	uint16_t port;
	struct kr_constituent c[2];
	struct kr_rule rules[3];
	uint64_t first_report, quarantined, refused;
	char event[KR_EVENT_ID_TEXT_MAX]; /* of the newest event */
};

static void node_check(int err, const struct kr_fault *f, const char *what)
{
	char text[700];

	if (err >= 0)
		return;
	printf("Bail out! %s: %s\n", what, kr_fault_text(f, text, sizeof(text)));
	exit(1);
}

static void node_register(struct node *n)
{
	struct kr_register_change change;
	struct kr_fault f;

	n->c[0] = (struct kr_constituent){.name = KR_STR("telco"),
					  .title = KR_STR("Example Telecom"),
					  .sector = KR_STR("digital infrastructure"),
					  .country = KR_STR("RS"),
					  .contact = KR_STR("abuse@telco.example")};
	n->c[1] = (struct kr_constituent){.name = KR_STR(NODE_SECOND),
					  .title = KR_STR(HOSTILE),
					  .contact = KR_STR("cert@bank.example")};
	n->rules[0] = (struct kr_rule){
		.constituent = 0, .kind = KR_RULE_PREFIX, .value = KR_STR("198.51.100.0/24")};
	n->rules[1] =
		(struct kr_rule){.constituent = 0, .kind = KR_RULE_ASN, .value = KR_STR("64500")};
	n->rules[2] = (struct kr_rule){
		.constituent = 1, .kind = KR_RULE_DOMAIN, .value = KR_STR("bank.example")};
	node_check(kr_store_register_replace(n->s, KR_BY_LOCAL, n->c, 2, n->rules, 3, &change, &f),
		   &f, "register");
}

static uint32_t node_source(struct node *n, const char *name, enum kr_tlp tlp)
{
	struct kr_source src = {.name = kr_str_c(name),
				.provider = KR_STR(HOSTILE),
				.retention = KR_RETAIN_STANDARD,
				.tlp = tlp};
	struct kr_fault f;
	uint32_t id = 0;

	node_check(kr_store_source_put(n->s, KR_BY_LOCAL, &src, &id, &f), &f, "source");
	return id;
}

static void node_set(struct kr_event *e, struct kr_arena *a, enum kr_field f, const char *text)
{
	if (kr_event_set(e, a, f, kr_arena_dup(a, kr_str_c(text))) < 0)
		abort();
}

static struct kr_event *node_event(struct node *n, struct kr_arena *a, int i, uint64_t offset,
				   uint32_t length)
{
	static const char *const types[] = {"infected-system", "phishing", "vulnerable-system"};
	struct kr_event *e = kr_event_new(a);
	char text[64];
	int kind = i % 3;

	e->offset = offset;
	e->length = length;
	snprintf(text, sizeof(text), "%s.%d", kind == 2 ? "203.0.113" : "198.51.100", i + 1);
	node_set(e, a, KR_F_SRC_IP, text);
	node_set(e, a, KR_F_CLASS_TYPE, types[kind]);
	node_set(e, a, KR_F_CLASS_TAXONOMY,
		 kind == 0   ? "malicious-code"
		 : kind == 1 ? "fraud"
			     : "vulnerable");
	node_set(e, a, KR_F_CLASS_IDENTIFIER, HOSTILE);
	node_set(e, a, KR_F_SRC_PORT, "443");
	node_set(e, a, KR_F_SRC_ASN, "64500");
	node_set(e, a, KR_F_SRC_AS_NAME, "EXAMPLE-NET");
	node_set(e, a, KR_F_SRC_CC, kind == 1 ? "XK" : "RS");
	if (kind == 1)
		node_set(e, a, KR_F_SRC_URL, "http://login.bank.example/\"onmouseover=\"alert(1)");
	if (kr_event_add_extra(e, a, KR_STR("naics"), KR_STR(HOSTILE), false) < 0)
		abort();
	e->first = e->last = node_clock - (i + 1) * KR_MINUTE;
	e->count = 1;
	e->label = KR_TLP_AMBER;
	e->key = kr_event_key(e, kr_store_hash_key(n->s));
	if (kind < 2) {
		e->owners = kr_arena_calloc(a, 1, sizeof(*e->owners));
		e->owners[0] = (struct kr_owner){n->c[kind].id, n->rules[kind * 2].id};
		e->n_owners = 1;
	}
	return e;
}

static uint64_t node_report(struct node *n, uint32_t source, const char *name,
			    enum kr_report_state state, const char *reason)
{
	struct kr_batch *b = kr_batch_new(0);
	struct kr_buf raw = KR_BUF(1 << 20);
	struct kr_spool_writer *w;
	struct kr_spooled spooled;
	struct kr_report_new add = {.source = source,
				    .name = kr_str_c(name),
				    .format = KR_STR("csv"),
				    .observed = node_clock};
	struct kr_taking *t;
	struct kr_taken taken;
	struct kr_fault f;
	uint64_t id = 0;

	kr_buf_printf(&raw, "ip,what %s %lld\n", name, (long long)node_clock);
	for (int i = 0; i < NODE_LINES && state == KR_REPORT_TAKEN; i++) {
		size_t at = raw.n;

		kr_buf_printf(&raw, "198.51.100.%d,%s\n", i + 1, HOSTILE);
		if (i == NODE_LINES - 1)
			kr_batch_refuse(b, at, raw.n - at, 0, 7, "'%s' is not an address", HOSTILE);
		else
			kr_batch_add(b, node_event(n, b->arena, i, at, (uint32_t)(raw.n - at)));
	}
	node_check(kr_spool_begin(n->s, KR_RETAIN_STANDARD, &w, &f), &f, "spool");
	node_check(kr_spool_add(w, raw.p, raw.n, &f), &f, "spool");
	node_check(kr_spool_end(w, &spooled, &f), &f, "spool");
	node_check(kr_store_report_add(n->s, &add, &spooled, &id, &f), &f, "report");
	node_check(kr_store_take_begin(n->s, id, false, KR_STR("csv"), 0, NULL, &t, &f), &f,
		   "take");
	if (state == KR_REPORT_TAKEN)
		node_check(kr_store_batch(t, 0, b, &f), &f, "batch");
	node_check(kr_store_take_end(t, state, kr_str_c(reason), &taken, &f), &f, "end");
	node_check(kr_store_derive(n->s, &f), &f, "derive");
	kr_batch_free(b);
	kr_buf_done(&raw);
	return id;
}

static bool node_newest(void *ctx, const struct kr_stored_event *ev)
{
	kr_event_id_text(&ev->id, ctx);
	return false;
}

static void node_fill(struct node *n)
{
	uint32_t a = node_source(n, "drop-list", KR_TLP_GREEN),
		 b = node_source(n, "sinkhole", KR_TLP_AMBER);
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_event_query q = {.limit = 1};
	struct kr_event_page page;
	struct kr_fault f;

	node_register(n);
	for (int day = NODE_DAYS - 1; day >= 0; day--) {
		char name[80];

		node_clock = NODE_NOW - day * KR_DAY;
		snprintf(name, sizeof(name), "2026-11-%02d-drop.csv", 21 - day);
		n->first_report = node_report(n, a, name, KR_REPORT_TAKEN, "");
	}
	node_clock = NODE_NOW;
	n->quarantined = node_report(n, b, "unknown-<i>name</i>.csv", KR_REPORT_QUARANTINED,
				     "no mapping knows " HOSTILE);
	n->refused = node_report(n, b, "short.csv", KR_REPORT_REFUSED,
				 "required column \"ip\" is missing");
	node_check(kr_store_event_list(n->s, &KR_SCOPE_ALL, &q, node_newest, n->event, arena, &page,
				       &f),
		   &f, "list");
}

/* Who asks: X-Viewer names a role, else the owner of the directory; "none" is nobody. */
static int node_authenticate(void *ctx, struct kr_http_request *r, struct kr_fault *f)
{
	struct kr_str role = kr_http_header(r, "X-Viewer");
	struct kr_viewer *v = kr_arena_calloc(r->arena, 1, sizeof(*v));

	(void)f;
	*v = kr_viewer_local();
	v->door = KR_DOOR_PAGE;
	if (kr_str_eqc(role, "none"))
		return 0;
	if (role.n) {
		if (kr_role_parse(role, &v->role))
			abort();
		v->kind = KR_VIEWER_USER;
		v->name = KR_STR("somebody");
		v->rights = kr_role_info(v->role)->rights;
		v->constituent = kr_role_info(v->role)->bound ? *(uint32_t *)ctx : 0;
	}
	v->session = 1;
	v->csrf = KR_STR(NODE_CSRF);
	r->user = v;
	return 0;
}

static const struct kr_conf *node_conf(void *ctx)
{
	return kr_conf_ref(((struct node *)ctx)->conf);
}

/* Mail is switched on, the other ways are not. */
static void node_configure(struct node *n)
{
	char path[100];
	struct kr_fault f;
	FILE *file;

	snprintf(path, sizeof(path), "%s/karaula.conf", n->dir);
	file = fopen(path, "w");
	if (!file)
		exit(1);
	fputs("delivery {\n mail = \"yes\"\n}\nhttp {\n public_url = "
	      "\"https://node.example.org/\"\n}\n",
	      file);
	fclose(file);
	node_check(kr_conf_load(AT_FDCWD, path, &n->conf, &f), &f, "configuration");
}

/* Pages over the data directory that is open. */
static void node_serve(struct node *n)
{
	static const char *const attribution[] = {"AS table: example (CC BY 4.0)"};
	struct kr_web_opts wo = {
		.node_name = "test-node", .attribution = attribution, .n_attribution = 1};
	struct kr_http_opts ho = {.listen = "127.0.0.1:0", .n_mounts = 1};
	const struct kr_account_opts ao = {.password_min = 8,
					   .failures_max = 5,
					   .sessions_max = 10,
					   .lock = KR_MINUTE,
					   .session_idle = KR_DAY,
					   .session_max = KR_DAY,
					   .link_life = KR_DAY,
					   .key_life = KR_DAY};
	struct kr_http_mount mount;
	struct kr_fault f;

	node_configure(n);
	wo.store = n->s;
	wo.conf = node_conf;
	wo.conf_ctx = n;
	n->accounts = kr_accounts_new(n->s, &ao);
	wo.accounts = n->accounts;
	n->web = kr_web_new(&wo);
	mount = kr_web_mount(n->web);
	ho.mounts = &mount;
	ho.ctx = &n->c[0].id;
	ho.authenticate = node_authenticate;
	node_check(kr_http_start(&ho, &n->http, &f), &f, "pages");
	n->port = kr_http_port(n->http);
}

/* empty: a node that nothing has come in to yet. */
static void node_start(struct node *n, bool empty)
{
	struct kr_store_opts so = {.now = node_now};
	char data[80];
	struct kr_fault f;

	*n = (struct node){.dir = "/tmp/karaula-test-XXXXXX"};
	if (!mkdtemp(n->dir))
		exit(1);
	snprintf(data, sizeof(data), "%s/node", n->dir);
	node_check(kr_store_init(data, &f), &f, "init");
	node_check(kr_store_open(data, &so, &n->s, &f), &f, "open");
	if (!empty)
		node_fill(n);
	node_serve(n);
}

static void node_stop(struct node *n)
{
	char command[128];

	kr_http_stop(n->http);
	kr_web_free(n->web);
	kr_accounts_free(n->accounts);
	kr_conf_unref(n->conf);
	kr_store_close(n->s);
	snprintf(command, sizeof(command), "rm -rf %s", n->dir);
	if (system(command))
		exit(1);
}
