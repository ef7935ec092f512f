/* SPDX-License-Identifier: Apache-2.0 */
/* Every page over a small real store: status, content, and that no hostile value gets out of its
 * place. */
#include "ask.h"

#include "http/url.h"

#define DONE() kr_buf_done(&a.b)

static void test_overview(void)
{
	PAGE("/", 200, "<h1>Overview</h1>", "test-node", "drop-list", "malicious-code", "telco",
	     "198.51.100.0/24", "AS64500", "EXAMPLE-NET", "AS table: example (CC BY 4.0)",
	     "unknown-&lt;i&gt;name&lt;/i&gt;.csv", "required column &quot;ip&quot; is missing",
	     "without prejudice", "aria-current=\"page\"", "<svg role=\"img\"");
	PAGE("/?days=14&class=fraud", 200, "Events of class fraud", "All classes");
	PAGE("/?days=365", 200, "aria-current=\"true\">365 days");
	PAGE("/?days=9999&class=nonsense", 200, "aria-current=\"true\">30 days");
}

static void test_events(void)
{
	char target[200];

	PAGE("/events", 200, "infected-system", "198.51.100.1:443", "TLP:AMBER", "telco", "nobody",
	     "Older events", "Example questions", "/events.csv");
	PAGE("/events?q=type:phishing", 200, "login.bank.example", "bank%20%26%20%22%3Cb%3Esons",
	     "These are all");
	PAGE("/events?q=type:phishing+port:1", 200, "No event matches");
	PAGE("/events?limit=100", 200, "These are all");
	PAGE("/events?q=malwear:x", 400, "The expression is not understood",
	     "Column 1:", "aria-invalid=\"true\"");
	PAGE("/events?q=%3Cscript%3Ealert(1)%3C/script%3E", 400, "&lt;script&gt;");
	PAGE("/events?cursor=nonsense", 400, "cursor");
	snprintf(target, sizeof(target), "/events/%s", node.event);
	PAGE(target, 200, "Who owns it", "Fields", "As it came in", "line ", "source.ip",
	     "extra.naics", "2026-11-21-drop.csv", "&lt;script&gt;");
	PAGE("/events/nonsense", 404, "Not found");
	PAGE("/events/20200101-standard-1-1", 404, "Not found");
}

static void test_caret(void)
{
	struct answer a;

	ask("/events?q=type:phishing+%C5%A1:1", &a);
	OK(has(&a, "type:phishing \xc5\xa1:1\n              ^</pre>"),
	   "the caret is under the column");
	kr_buf_done(&a.b);
}

/* Following the links of the pages gives every event once. */
static void test_paging(void)
{
	char target[8000] = "/events?limit=10";
	unsigned seen = 0, pages = 0;

	for (;;) {
		struct answer a;
		struct kr_str s;
		ptrdiff_t at;

		ask(target, &a);
		s = a.body;
		while ((at = kr_str_find(s, KR_STR("role=\"rowheader\""))) >= 0) {
			seen += kr_str_starts(kr_str_from(s, (size_t)at),
					      KR_STR("role=\"rowheader\" scope=\"row\" "
						     "data-label=\"Last seen\""));
			s = kr_str_from(s, (size_t)at + 1);
		}
		at = kr_str_find(a.body, KR_STR("\">Older events"));
		pages++;
		if (at < 0 || pages > 20) {
			kr_buf_done(&a.b);
			break;
		}
		s = kr_str_first(a.body, (size_t)at);
		while ((at = kr_str_find(s, KR_STR("href=\""))) >= 0)
			s = kr_str_from(s, (size_t)at + 6);
		at = 0;
		for (size_t i = 0; i < s.n && at < (ptrdiff_t)sizeof(target) - 1; i++) {
			target[at++] = s.p[i];
			if (kr_str_starts(kr_str_from(s, i), KR_STR("&amp;")))
				i += 4;
		}
		target[at] = 0;
		kr_buf_done(&a.b);
	}
	IS(seen, NODE_DAYS * (NODE_LINES - 1), "every event is on one page");
	OK(pages == 6, "on %u pages of ten", pages);
}

static unsigned lines_of(struct kr_str s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static void test_downloads(void)
{
	struct answer a;

	ask("/events.csv?q=type:phishing", &a);
	IS(a.status, 200, "CSV");
	OK(kr_str_starts(raw_header(&a, "Content-Type"), KR_STR("text/csv")), "its type");
	OK(kr_str_find(raw_header(&a, "Content-Disposition"), KR_STR("events.csv")) > 0,
	   "its name");
	OK(has(&a, "time.source,source.ip") && has(&a, "login.bank.example"), "its content");
	kr_buf_done(&a.b);
	ask("/events.json?limit=7", &a);
	IS(a.status, 200, "JSON");
	OK(has(&a, "\"source.ip\"") && has(&a, "<script>"), "values as they are: it is not HTML");
	OK(kr_str_find(raw_header(&a, "X-Content-Type-Options"), KR_STR("nosniff")) == 0,
	   "and never sniffed");
	OK(lines_of(a.body) >= 7, "as many lines as asked for");
	kr_buf_done(&a.b);
	ask("/events.csv?q=malwear:x", &a);
	IS(a.status, 400, "a wrong expression is no download");
	kr_buf_done(&a.b);
	ask("/events.csv?cursor=nonsense", &a);
	IS(a.status, 400, "nor is a wrong cursor");
	kr_buf_done(&a.b);
}

static void test_others(void)
{
	char target[200];
	KR_AUTO_BUF b = KR_BUF(300);

	PAGE("/reports", 200, "2026-11-21-drop.csv", "in quarantine", "refused", "taken");
	PAGE("/reports?state=quarantined", 200, "unknown-&lt;i&gt;");
	PAGE("/reports?source=drop-list&limit=2", 200, "Older reports", "Only of source drop-list");
	snprintf(target, sizeof(target), "/reports/%llu", (unsigned long long)node.first_report);
	PAGE(target, 200, "What was refused", "is not an address", ">13</th>", "198.51.100.12,");
	snprintf(target, sizeof(target), "/reports/%llu", (unsigned long long)node.quarantined);
	PAGE(target, 200, "This report is in quarantine", "karaula source mapping import",
	     "take --again");
	snprintf(target, sizeof(target), "/reports/%llu", (unsigned long long)node.refused);
	PAGE(target, 200, "This report was refused", "required column");
	PAGE("/reports/999999", 404, "Not found");
	PAGE("/reports/x", 404, "Not found");
	PAGE("/constituents", 200, "telco", "bank &amp; &quot;&lt;b&gt;sons",
	     "Events that nobody owns");
	PAGE("/constituents/telco", 200, "Example Telecom", "198.51.100.0/24", "By which rule",
	     "drop-list");
	kr_buf_c(&b, "/constituents/");
	kr_http_encode(&b, KR_STR(NODE_SECOND));
	PAGE(kr_buf_cstr(&b), 200, "bank.example");
	PAGE("/constituents/nobody", 404, "Not found");
	PAGE("/sources", 200, "drop-list", "sinkhole", "PAP:GREEN", "PAP:AMBER", "assumed");
	PAGE("/sources/sinkhole", 200, "TLP:AMBER", "short.csv");
	PAGE("/sources/none", 404, "Not found");
	PAGE("/help", 200, "since:7d", "source.geolocation.cc", "Example questions");
	PAGE("/nothing", 404, "Not found", "request ");
	PAGE("/events/", 404, "Not found");
}

/* What each kind of viewer is shown: 200, 403 or 404, and never another's data. */
static void test_viewers(void)
{
	static const struct {
		const char *target;
		int operator, partner, viewer, none;
	} t[] = {
		{"/", 200, 200, 200, 303},
		{"/events", 200, 200, 200, 303},
		{"/events.csv", 200, 200, 200, 303},
		{"/events.json", 200, 200, 200, 303},
		{"/help", 200, 200, 200, 303},
		{"/reports", 403, 403, 200, 303},
		{"/reports/1", 403, 403, 200, 303},
		{"/sources", 403, 403, 200, 303},
		{"/sources/drop-list", 403, 403, 200, 303},
		{"/constituents", 403, 403, 200, 303},
		{"/constituents/telco", 403, 403, 200, 303},
		{"/users", 403, 403, 403, 303},
		{"/users/admin", 403, 403, 403, 303},
		{"/metrics", 403, 403, 403, 303},
		{"/login", 303, 303, 303, 200},
		{"/healthz", 200, 200, 200, 200},
		{"/nothing", 404, 404, 404, 404},
	};
	static const char *const roles[] = {"operator", "partner", "viewer", "none"};

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++)
		for (size_t r = 0; r < KR_ARRAY_LEN(roles); r++) {
			const int want[] = {t[i].operator, t[i].partner, t[i].viewer, t[i].none};
			char header[64];
			struct answer a;

			snprintf(header, sizeof(header), "X-Viewer: %s\r\n", roles[r]);
			raw_get(node.port, "GET", t[i].target, header, &a);
			OK(a.status == want[r], "%s for %s is %d, wanted %d", t[i].target, roles[r],
			   a.status, want[r]);
			OK(r == 2 || !has(&a, "drop-list"), "... no source is named");
			OK(r == 2 || !has(&a, "login.bank.example"), "... nor another's address");
			kr_buf_done(&a.b);
		}
}

/* The events of an operator are his own; a page of another's is not there. */
static void test_operator(void)
{
	const char *as = "X-Viewer: operator\r\n";
	char target[200];
	struct answer a;

	raw_get(node.port, "GET", "/events?limit=500", as, &a);
	OK(has(&a, "198.51.100.1:443") && !has(&a, "203.0.113."), "his own events");
	OK(!has(&a, "/constituents/") && !has(&a, "nobody"), "no link that leads to 403");
	DONE();
	snprintf(target, sizeof(target), "/events/%s", node.event);
	raw_get(node.port, "GET", target, as, &a);
	IS(a.status, 404, "the id that staff sees is none for him");
	DONE();
	raw_get(node.port, "GET", "/events?q=source:drop-list", as, &a);
	IS(a.status, 400, "a hidden field is an unknown one");
	DONE();
	raw_get(node.port, "GET", "/", as, &a);
	OK(!has(&a, "In quarantine") && !has(&a, "Unrouted") && !has(&a, "href=\"/users\""),
	   "the overview and the navigation hold what he may see");
	OK(well_formed(&a), "... well-formed");
	DONE();
}

/* Forms want the token of a session, which these viewers have not. */
static void test_forms(void)
{
	static const char *const targets[] = {
		"/logout",	    "/account/password",    "/account/sessions",
		"/account/keys",    "/account/keys/revoke", "/users",
		"/users/x",	    "/users/x/link",	    "/users/x/enable",
		"/users/x/sessions"};
	const char *form = "Content-Type: application/x-www-form-urlencoded\r\n"
			   "Content-Length: 8\r\n\r\nname=abc";
	struct answer a;

	for (size_t i = 0; i < KR_ARRAY_LEN(targets); i++) {
		raw_get(node.port, "POST", targets[i], form, &a);
		IS(a.status, 403, targets[i]);
		DONE();
		raw_get(node.port, "GET", targets[i], "X-Viewer: none\r\n", &a);
		OK(a.status == 405 || a.status == 303, "... GET does nothing: %d", a.status);
		DONE();
	}
}

static void test_machines(void)
{
	struct answer a;
	char target[200];
	ptrdiff_t at;

	ask("/healthz", &a);
	OK(a.status == 200 && has(&a, "ok"), "/healthz");
	kr_buf_done(&a.b);
	ask("/readyz", &a);
	OK(a.status == 200 && has(&a, "ready"), "/readyz");
	kr_buf_done(&a.b);
	ask("/metrics", &a);
	OK(a.status == 200 && kr_str_ends(a.body, KR_STR("# EOF\n")),
	   "/metrics ends as OpenMetrics wants");
	kr_buf_done(&a.b);
	ask("/", &a);
	at = kr_str_find(a.body, KR_STR("/assets/"));
	snprintf(target, sizeof(target), "%.*s",
		 (int)kr_str_chr(kr_str_from(a.body, (size_t)at), '"'), a.body.p + at);
	kr_buf_done(&a.b);
	ask(target, &a);
	OK(a.status == 200 && kr_str_find(raw_header(&a, "Cache-Control"), KR_STR("immutable")) > 0,
	   "%s is kept for good", target);
	kr_buf_done(&a.b);
	ask("/assets/0000000000000000-style.css", &a);
	IS(a.status, 404, "a style sheet of another version");
	kr_buf_done(&a.b);
	raw_get(node.port, "GET", "/", "Accept-Language: xx, en;q=0.5\r\n", &a);
	IS_STR(raw_header(&a, "Content-Language"), KR_STR("en"), "a language that there is");
	kr_buf_done(&a.b);
	raw_get(node.port, "HEAD", "/events", "", &a);
	OK(a.status == 200 && a.body.n == 0, "HEAD of a page");
	kr_buf_done(&a.b);
	raw_get(node.port, "POST", "/events", "Content-Length: 0\r\n", &a);
	OK(a.status == 405 && has(&a, "Not possible here"), "POST is refused with a page");
	kr_buf_done(&a.b);
}

static void test_empty(void)
{
	static const char *const targets[] = {"/events", "/reports", "/constituents", "/sources"};
	struct node other = node;

	node_stop(&other);
	node_start(&node, true);
	PAGE("/", 200, "Nothing has come in yet", "karaula take FILE");
	for (size_t i = 0; i < KR_ARRAY_LEN(targets); i++)
		PAGE(targets[i], 200, "karaula ");
}

int main(void)
{
	node_start(&node, false);
	test_overview();
	test_events();
	test_caret();
	test_paging();
	test_downloads();
	test_others();
	test_viewers();
	test_operator();
	test_forms();
	test_machines();
	test_empty();
	node_stop(&node);
	return tap_end();
}
