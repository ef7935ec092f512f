/* SPDX-License-Identifier: Apache-2.0 */
/* Pages about owners who are told: deliveries, what waits, what a constituent sees; and who may. */
#include "ask.h"

#include "desk/outbox.h"
#include "http/url.h"
#include "store/backup.h"

#define AMBER_STRICT_ROWS 2

static void tick(kr_time after)
{
	struct kr_desk_outbox *o = kr_desk_outbox_new(node.s);
	struct kr_desk_ticked sum = {0};
	struct kr_fault f;

	node_clock += after;
	node_check(kr_desk_outbox_tick(o, node.conf, node_clock, NULL, NULL, &sum, &f), &f, "tick");
	kr_desk_outbox_free(o);
}

static void test_waiting(void)
{
	PAGE("/deliveries", 200, "Nothing was packed yet", "karaula delivery run --dry-run",
	     "aria-current=\"page\"");
	tick(KR_MINUTE);
	PAGE("/deliveries", 200, "Switched off: webhook", "delivery { webhook = &quot;yes&quot; }",
	     "What waits", "https://soc.bank.example/hook", "bank &amp; &quot;&lt;b&gt;sons",
	     "abuse@telco.example");
	tick(2 * KR_MINUTE);
}

static void test_list(void)
{
	PAGE("/deliveries", 200, "abuse@telco.example", "waits for its turn", "TLP:AMBER",
	     "/recipients/");
	PAGE("/deliveries?state=queued&constituent=telco", 200, "abuse@telco.example",
	     "aria-current=\"true\">waits");
	PAGE("/deliveries?state=sent", 200, "There is no such delivery");
	PAGE("/deliveries?constituent=nobody", 200, "There is no such delivery",
	     "value=\"nobody\"");
	PAGE("/deliveries?state=nonsense&before=x&limit=0", 200, "abuse@telco.example");
	PAGE("/deliveries?constituent=%3Cscript%3E", 200, "value=\"&lt;script&gt;\"");
}

static void test_one(void)
{
	struct answer a;

	PAGE("/deliveries/1", 200, "The message as it would be sent now", "198.51.100.0/24",
	     "Its rows", "infected-system", "[TLP:AMBER]", "Download the table", "Do not send it",
	     "/feedback/\xe2\x80\xa6", "without its secret");
	PAGE("/deliveries/99", 404, "Not found");
	PAGE("/deliveries/x", 404, "a delivery has a number");
	PAGE("/deliveries/99999999999999999999", 404, "Not found");
	ask("/deliveries/1/table.csv", &a);
	OK(a.status == 200 && kr_str_starts(a.body, KR_STR("time.source,")), "its table as a file");
	OK(kr_str_find(raw_header(&a, "Content-Disposition"), KR_STR("attachment")) == 0,
	   "which is not shown as a page");
	kr_buf_done(&a.b);
}

/* Two officers: what the second one decides is told to be too late. */
static void test_decide(void)
{
	struct answer a;

	IS(post("lead", "/deliveries/1/drop", "drop=told+by+telephone", &a), 403,
	   "a form without the token of the session");
	kr_buf_done(&a.b);
	IS(post("viewer", "/deliveries/1/drop", CSRF, &a), 403, "who may not decide");
	kr_buf_done(&a.b);
	IS(post("operator", "/deliveries/1/drop", CSRF, &a), 403, "an operator decides nothing");
	kr_buf_done(&a.b);
	IS(post("lead", "/deliveries/1/drop", CSRF "&drop=told+by+%3Cb%3Etelephone", &a), 303,
	   "dropped");
	IS_STR(raw_header(&a, "Location"), KR_STR("/deliveries/1?done=drop"), "and led on");
	kr_buf_done(&a.b);
	PAGE("/deliveries/1?done=drop", 200, "It is dropped", "told by &lt;b&gt;telephone",
	     "Send it again");
	IS(post("lead", "/deliveries/1/drop", CSRF, &a), 409, "the second officer is too late");
	OK(has(&a, "is dropped and cannot be dropped") && well_formed(&a), "and is told");
	kr_buf_done(&a.b);
	IS(post("lead", "/deliveries/1/retry", CSRF, &a), 303, "sent after all");
	kr_buf_done(&a.b);
	IS(post("lead", "/deliveries/99/retry", CSRF, &a), 404, "one that there is not");
	kr_buf_done(&a.b);
}

static void test_constituent(void)
{
	KR_AUTO_BUF b = KR_BUF(300);

	PAGE("/constituents/telco", 200, "Who is told", "abuse@telco.example", "is told",
	     "What was sent", "/constituents/telco/view", "What would telco see");
	kr_buf_c(&b, "/constituents/");
	kr_http_encode(&b, KR_STR(NODE_SECOND));
	PAGE(kr_buf_cstr(&b), 200, "https://soc.bank.example/hook", "switched off");
	kr_buf_c(&b, "/view");
	PAGE(kr_buf_cstr(&b), 200, "This is what an operator of bank &amp; &quot;&lt;b&gt;sons",
	     "login.bank.example");
}

/* The view is what the operator gets, to the last id. */
static void test_view(void)
{
	struct answer view, own;
	struct kr_str id;
	char target[200];
	ptrdiff_t at;

	PAGE("/constituents/telco/view", 200, "This is what an operator of telco sees",
	     "What is withheld from it", "TLP:AMBER+STRICT", "2 events of the last 30 days",
	     "Fields that it does not see", "<code>feed.name</code>",
	     "action=\"/constituents/telco/view\"", "infected-system");
	PAGE("/constituents/telco/view?q=type:phishing", 200, "No event matches");
	PAGE("/constituents/telco/view?q=source:drop-list", 400,
	     "The expression is not understood");
	PAGE("/constituents/nobody/view", 404, "Not found");
	raw_get(node.port, "GET", "/constituents/telco/view?q=type:infected-system", "", &view);
	raw_get(node.port, "GET", "/events?q=type:infected-system", "X-Viewer: operator\r\n", &own);
	at = kr_str_find(view.body, KR_STR("href=\"/constituents/telco/view/e"));
	if (at < 0)
		at = kr_str_find(view.body, KR_STR("<td")) >= 0
			     ? kr_str_find(view.body, KR_STR("\"/constituents/telco/view/"))
			     : -1;
	OK(at > 0, "events lead on within the view");
	id = kr_str_from(view.body, (size_t)at);
	id = kr_str_from(id, (size_t)kr_str_find(id, KR_STR("/view/")) + 6);
	id = kr_str_first(id, (size_t)kr_str_chr(id, '"'));
	snprintf(target, sizeof(target), "href=\"/events/%.*s\"", KR_STR_ARG(id));
	OK(kr_str_find(own.body, kr_str_c(target)) > 0, "the operator has the same id for it");
	OK(!has(&view, "/events.csv") && !has(&view, "drop-list"),
	   "no downloads, and no source in it");
	snprintf(target, sizeof(target), "/constituents/telco/view/%.*s", KR_STR_ARG(id));
	PAGE(target, 200, "This is what an operator of telco sees", "source.ip");
	snprintf(target, sizeof(target), "/events/%.*s", KR_STR_ARG(id));
	PAGE(target, 404, "Not found");
	kr_buf_done(&view.b);
	kr_buf_done(&own.b);
}

/* The table of a page, with addresses as the operator has them. */
static void table_of(const struct answer *a, struct kr_buf *ret)
{
	static const char view[] = "/constituents/telco/view/";
	struct kr_str s = a->body;
	ptrdiff_t at = kr_str_find(s, KR_STR("<table"));

	s = kr_str_from(s, at < 0 ? s.n : (size_t)at);
	s = kr_str_first(s, (size_t)KR_MAX(kr_str_find(s, KR_STR("</table>")), 0));
	while ((at = kr_str_find(s, kr_str_c(view))) >= 0) {
		kr_buf_str_add(ret, kr_str_first(s, (size_t)at));
		kr_buf_c(ret, "/events/");
		s = kr_str_from(s, (size_t)at + sizeof(view) - 1);
	}
	kr_buf_str_add(ret, s);
}

/* Whatever is asked, the view shows what the operator gets, byte by byte. */
static void test_same(void)
{
	static const char *const queries[] = {"q=count:%3E0",	"q=type:infected-system&limit=3",
					      "q=not+port:1",	"q=asn:64500",
					      "q=198.51.100.1", "q=port:443&limit=7",
					      "q=since:400d"};

	for (size_t i = 0; i < KR_ARRAY_LEN(queries); i++) {
		KR_AUTO_BUF x = KR_BUF((size_t)4 << 20);
		KR_AUTO_BUF y = KR_BUF((size_t)4 << 20);
		struct answer view, own;
		char target[200];

		snprintf(target, sizeof(target), "/constituents/telco/view?%s", queries[i]);
		raw_get(node.port, "GET", target, "X-Viewer: lead\r\n", &view);
		snprintf(target, sizeof(target), "/events?%s", queries[i]);
		raw_get(node.port, "GET", target, "X-Viewer: operator\r\n", &own);
		table_of(&view, &x);
		table_of(&own, &y);
		OK(view.status == own.status && x.n && kr_str_eq(kr_buf_str(&x), kr_buf_str(&y)),
		   "%s: the view is the operator's page (%zu bytes)", queries[i], x.n);
		kr_buf_done(&view.b);
		kr_buf_done(&own.b);
	}
}

/* Who is bound to a constituent sees its own, whatever address he types. */
static void test_rights(void)
{
	static const char *const staff_only[] = {"/constituents",
						 "/constituents/telco",
						 "/constituents/telco/view",
						 "/sources",
						 "/reports",
						 "/unrouted",
						 "/quarantine",
						 "/recipients/1",
						 "/suppressions",
						 "/rules"};

	for (size_t i = 0; i < KR_ARRAY_LEN(staff_only); i++) {
		ROLE("operator", staff_only[i], 403, "abuse@", "Not permitted");
		ROLE("partner", staff_only[i], 403, "abuse@", "Not permitted");
	}
	ROLE("operator", "/deliveries", 200, "bank.example", "abuse@telco.example");
	ROLE("operator", "/deliveries?constituent=bank", 200, "bank.example",
	     "abuse@telco.example");
	ROLE("operator", "/deliveries/1", 200, "198.51.100.0/24</code>", "abuse@telco.example",
	     "/feedback/\xe2\x80\xa6");
	PAGE("/deliveries/2", 200, "cert@bank.example");
	ROLE("operator", "/", 200, "href=\"/quarantine\"", "href=\"/deliveries\"");
	ROLE("lead", "/", 200, "href=\"/users\"", "href=\"/quarantine\"", "href=\"/unrouted\"");
	ROLE("operator", "/deliveries/2", 404, "bank", "Not found");
	ROLE("partner", "/deliveries", 403, "abuse@", "Not permitted");
	ROLE("viewer", "/deliveries/1", 200, "Do not send it", "abuse@telco.example");
}

static int write_bytes(void *ctx, const void *p, size_t n, struct kr_fault *f)
{
	return write(*(int *)ctx, p, n) == (ssize_t)n ? 0 : kr_fault_set(f, -KR_EIO, "write");
}

/* A backup of the node, restored elsewhere: every page of the team says that nobody is told. */
static void test_recovering(void)
{
	struct kr_store_opts so = {.now = node_now};
	struct node other = node;
	struct kr_restored restored;
	struct kr_backup_result done;
	char path[120], dir[120];
	struct kr_fault f;
	int fd;

	ROLE("lead", "/", 200, "Restored from a backup", "Overview");
	snprintf(path, sizeof(path), "%s/backup", node.dir);
	snprintf(dir, sizeof(dir), "%s/restored", node.dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	node_check(kr_store_backup(node.s,
				   &(struct kr_backup_opts){.write = write_bytes,
							    .ctx = &fd,
							    .node = KR_STR("test"),
							    .by = KR_BY_LOCAL},
				   &done, &f),
		   &f, "backup");
	lseek(fd, 0, SEEK_SET);
	node_check(kr_store_restore(fd, dir,
				    &(struct kr_restore_opts){
					    .temp = node.dir, .now = node_clock, .by = KR_BY_LOCAL},
				    &restored, &f),
		   &f, "restore");
	close(fd);
	node_check(kr_store_open(dir, &so, &node.s, &f), &f, "open");
	node_serve(&node);
	PAGE("/", 200, "Restored from a backup: nothing is delivered", "karaula recover finish");
	ROLE("viewer", "/deliveries", 200, "nonsense", "Restored from a backup");
	ROLE("operator", "/deliveries", 200, "Restored from", "Deliveries");
	kr_http_stop(node.http);
	kr_web_free(node.web);
	kr_accounts_free(node.accounts);
	kr_conf_unref(node.conf);
	kr_store_close(node.s);
	node = other;
}

/* Rows that are the owner's, under a label that it may not see. */
static void strict_rows(void)
{
	struct kr_batch *b = kr_batch_new(0);
	uint32_t source = node_source(&node, "confidants", KR_TLP_AMBER_STRICT);
	struct kr_spool_writer *w;
	struct kr_spooled spooled;
	struct kr_report_new add = {
		.source = source, .name = KR_STR("s.csv"), .format = KR_STR("csv")};
	struct kr_taking *t;
	struct kr_taken taken;
	struct kr_fault f;
	uint64_t id = 0;

	for (int i = 0; i < AMBER_STRICT_ROWS; i++) {
		struct kr_event *e = node_event(&node, b->arena, i * 3, 0, 4);

		e->label = KR_TLP_AMBER_STRICT;
		kr_batch_add(b, e);
	}
	node_check(kr_spool_begin(node.s, KR_RETAIN_STANDARD, &w, &f), &f, "spool");
	node_check(kr_spool_add(w, "rows\n", 5, &f), &f, "spool");
	node_check(kr_spool_end(w, &spooled, &f), &f, "spool");
	node_check(kr_store_report_add(node.s, &add, &spooled, &id, &f), &f, "report");
	node_check(kr_store_take_begin(node.s, id, false, KR_STR("csv"), 0, NULL, &t, &f), &f,
		   "take");
	node_check(kr_store_batch(t, 0, b, &f), &f, "batch");
	node_check(kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &taken, &f), &f, "end");
	node_check(kr_store_derive(node.s, &f), &f, "derive");
	kr_batch_free(b);
}

int main(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);

	node_start(&node, false);
	strict_rows();
	recipient(a, "telco", "mail", "abuse@telco.example", "*=now");
	recipient(a, NODE_SECOND, "webhook", "https://soc.bank.example/hook", "*=now");
	recipient(a, NODE_SECOND, "mail", "cert@bank.example", "*=now");
	test_waiting();
	test_list();
	test_one();
	test_decide();
	test_constituent();
	test_view();
	test_same();
	test_rights();
	test_recovering();
	node_stop(&node);
	return tap_end();
}
