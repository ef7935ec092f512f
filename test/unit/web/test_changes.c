/* SPDX-License-Identifier: Apache-2.0 */
/* What officers change on pages: recipients, suppression rules, answers; two at once, without a
 * right, without the token, with values that are not valid. And the pages about what nobody got. */
#include "ask.h"

#include "store/intake.h"

static struct answer a;

static int sent(const char *role, const char *target, const char *form)
{
	kr_buf_done(&a.b);
	return post(role, target, form, &a);
}

static struct kr_str location(void)
{
	return raw_header(&a, "Location");
}

/* ---- recipients ---- */

static void test_recipient(void)
{
	PAGE("/recipients/1", 200, "abuse@telco.example", "Ask it again: health 100 %",
	     "some mail came back", "name=\"revision\" value=\"1\"", "id=\"f-classes\"",
	     "for=\"f-classes\"", "aria-describedby=\"f-hour-hint\"");
	PAGE("/recipients/99", 404, "Not found");
	PAGE("/recipients/x", 404, "a recipient has a number");
	ROLE("viewer", "/recipients/1", 200, "<h2 id=\"edit-title\">", "abuse@telco.example");
	IS(sent("lead", "/recipients/1",
		CSRF "&revision=1&hour=6&zone=Europe/Skopje&classes=fraud%3Dnow+*%3Ddaily&muted="
		     "3d&quiet=22:00-06:00&language=mk&enabled=yes"),
	   303, "changed");
	IS_STR(location(), KR_STR("/recipients/1?done=changed"), "and led on");
	PAGE("/recipients/1?done=changed", 200, "The recipient is changed.", "Europe/Skopje",
	     "fraud=now *=daily", "muted", "2026-11-24", "22:00-06:00",
	     "name=\"revision\" value=\"2\"", "some mail came back");
}

/* Two officers had the page open; the second one sees both versions, and the first one's stays. */
static void test_conflict(void)
{
	IS(sent("lead", "/recipients/1", CSRF "&revision=1&hour=9&muted=none&enabled=no"), 409,
	   "of an older revision");
	OK(has(&a, "was changed by somebody else") && well_formed(&a), "it is told");
	OK(has(&a, "What you sent") && has(&a, "<dd>9</dd>") &&
		   has(&a, "id=\"f-hour\" name=\"hour\" value=\"6\"") &&
		   has(&a, "name=\"revision\" value=\"2\""),
	   "with both versions, and the form holds what is stored");
	PAGE("/recipients/1", 200, "name=\"hour\" value=\"6\"", "value=\"yes\" selected");
}

static void test_recipient_wrong(void)
{
	IS(sent("lead", "/recipients/1", CSRF "&revision=2&hour=24&zone=UTC"), 400, "no hour");
	OK(has(&a, "is no hour of a day") && has(&a, "value=\"24\"") && has(&a, "role=\"alert\""),
	   "what was typed is kept, and the reason is an alert");
	IS(sent("lead", "/recipients/1", CSRF "&revision=2&classes=%3Cb%3E%3Dnow"), 400,
	   "no class");
	OK(!has(&a, "<b>") && well_formed(&a), "nothing of it becomes markup");
	IS(sent("lead", "/recipients/1", CSRF "&revision=2&zone=Nowhere/Land"), 400, "no zone");
	IS(sent("lead", "/recipients/1", CSRF "&hour=3"), 400, "no revision");
	IS(sent("lead", "/recipients/1", "revision=2&hour=3"), 403, "no token");
	IS(sent("lead", "/recipients/1", "csrf=nonsense&revision=2&hour=3"), 403, "a wrong one");
	IS(sent("analyst", "/recipients/1", CSRF "&revision=2&hour=3"), 403, "no right");
	IS(sent("operator", "/recipients/1", CSRF "&revision=2&hour=3"), 403, "an operator");
	PAGE("/recipients/1", 200, "name=\"revision\" value=\"2\"", "value=\"6\"");
}

static void test_again(void)
{
	IS(sent("lead", "/recipients/1/again", CSRF "&revision=1"), 409, "of an older revision");
	IS(sent("lead", "/recipients/1/again", CSRF "&revision=2"), 303, "it is asked again");
	PAGE("/recipients/1?done=again", 200, "It is asked again", "100 %");
	IS(sent("lead", "/recipients/1", CSRF "&revision=3&enabled=no&muted=none"), 303,
	   "disabled");
	PAGE("/recipients/1", 200, "disabled", "value=\"no\" selected");
	PAGE("/constituents/telco", 200, "disabled");
}

/* ---- suppression ---- */

static void test_suppression(void)
{
	PAGE("/suppressions", 200, "Nothing is suppressed", "karaula suppression add",
	     "Add a rule");
	ROLE("viewer", "/suppressions", 200, "Add a rule", "Nothing is suppressed");
	IS(sent("lead", "/suppressions",
		CSRF "&expr=ip:198.51.100.7&reason=our+%3Cb%3Eown+sensor&constituent=telco&expires="
		     "30d"),
	   303, "added");
	IS_STR(location(), KR_STR("/suppressions?done=added"), "and led on");
	PAGE("/suppressions?done=added", 200, "The rule holds", "ip:198.51.100.7",
	     "our &lt;b&gt;own sensor", "telco", "2026-12-21", "aria-label=\"End rule 1\"",
	     "q=ip%3A198.51.100.7");
	ROLE("viewer", "/suppressions", 200, "End rule", "ip:198.51.100.7");
	IS(sent("lead", "/suppressions", CSRF "&expr=malwear:x&reason=y"), 400, "no expression");
	OK(has(&a, "value=\"malwear:x\""), "what was typed is kept");
	IS(sent("lead", "/suppressions", CSRF "&expr=&reason=y"), 400, "an empty one");
	IS(sent("lead", "/suppressions", CSRF "&expr=port:1&reason="), 400, "no reason");
	IS(sent("lead", "/suppressions", CSRF "&expr=port:1&reason=y&expires=soon"), 400, "no end");
	IS(sent("lead", "/suppressions", CSRF "&expr=port:1&reason=y&constituent=nobody"), 404,
	   "no such constituent");
	IS(sent("viewer", "/suppressions", CSRF "&expr=port:1&reason=y"), 403, "no right");
	IS(sent("lead", "/suppressions", "expr=port:1&reason=y"), 403, "no token");
	IS(sent("lead", "/suppressions/1/remove", ""), 403, "ending one without the token");
	IS(sent("lead", "/suppressions/1/remove", CSRF), 303, "ended");
	IS(sent("lead", "/suppressions/1/remove", CSRF), 404, "by another officer before");
	PAGE("/suppressions", 200, "Nothing is suppressed");
}

/* ---- answers ---- */

static void event_id(const char *role, const char *query, char *ret, size_t size)
{
	char header[80], target[200];
	struct answer list;
	struct kr_str id;
	ptrdiff_t at;

	snprintf(header, sizeof(header), "X-Viewer: %s\r\n", role);
	snprintf(target, sizeof(target), "/events?limit=1&q=%s", query);
	raw_get(node.port, "GET", target, header, &list);
	at = kr_str_find(list.body, KR_STR("href=\"/events/"));
	id = kr_str_from(list.body, at < 0 ? list.body.n : (size_t)at + 14);
	snprintf(ret, size, "%.*s", (int)KR_MAX(kr_str_chr(id, '"'), 0), id.p);
	kr_buf_done(&list.b);
}

static void test_answers(void)
{
	char id[KR_EVENT_ID_TEXT_MAX], own[KR_EVENT_ID_TEXT_MAX], target[200], post_to[200];

	event_id("duty", "type:infected-system", id, sizeof(id));
	event_id("operator", "type:infected-system", own, sizeof(own));
	snprintf(target, sizeof(target), "/events/%s", id);
	snprintf(post_to, sizeof(post_to), "/events/%s/feedback", id);
	PAGE(target, 200, "What the owner says", "There is no answer yet", "Note the answer");
	ROLE("viewer", target, 200, "Note the answer", "Who owns it");
	IS(sent("viewer", post_to, CSRF "&constituent=telco&verdict=fixed"), 403, "no right");
	IS(sent("duty", post_to, "constituent=telco&verdict=fixed"), 403, "no token");
	IS(sent("duty", post_to, CSRF "&constituent=telco&verdict=maybe"), 400, "no verdict");
	IS(sent("duty", post_to, CSRF "&constituent=nobody&verdict=fixed"), 400, "no owner");
	IS(sent("duty", post_to,
		CSRF "&constituent=telco&verdict=false-positive&note=%3Cb%3Ea+honeypot"),
	   303, "noted");
	snprintf(target, sizeof(target), "/events/%s?done=answer", id);
	PAGE(target, 200, "The answer is noted", "false alarm", "&lt;b&gt;a honeypot",
	     "user:somebody");
	snprintf(target, sizeof(target), "/events/%s", own);
	ROLE("operator", target, 200, "user:somebody", "a honeypot", "Note the answer");
	snprintf(post_to, sizeof(post_to), "/events/%s/feedback", own);
	IS(sent("operator", post_to, CSRF "&constituent=other&verdict=fixed"), 303,
	   "an operator answers for its own constituent, whatever the form says");
	PAGE("/constituents/telco", 200, "What it answered", "fixed", "false alarm");
	event_id("duty", "type:phishing", id, sizeof(id));
	snprintf(post_to, sizeof(post_to), "/events/%s/feedback", id);
	IS(sent("operator", post_to, CSRF "&verdict=fixed"), 404, "not about what is another's");
	snprintf(target, sizeof(target), "/constituents/telco/view/%s", own);
	ROLE("lead", target, 200, "Note the answer", "a honeypot");
}

/* ---- what nobody got ---- */

static void test_unrouted(void)
{
	PAGE("/unrouted", 200, "belong to no constituent", "karaula constituent import", "AS64500",
	     "/events?q=routed%3Ano%20source.asn%3A", "vulnerable-system", "drop-list",
	     "Newest events that nobody owns", "203.0.113.", "Owned, but nobody is told",
	     "bank &amp; &quot;&lt;b&gt;sons", "karaula recipient add");
	ROLE("viewer", "/unrouted", 200, "Not permitted", "Unrouted");
}

static void test_quarantine(void)
{
	PAGE("/quarantine", 200, "unknown-&lt;i&gt;name&lt;/i&gt;.csv",
	     "no mapping knows &lt;script", "karaula take --again", "karaula source mapping import",
	     "ip,what unknown-&lt;i&gt;", "required column &quot;ip&quot;", "Refused records",
	     "2026-11-21-drop.csv");
	PAGE("/quarantine?state=refused", 200, "short.csv", "aria-current=\"true\">refused");
	PAGE("/quarantine?state=quarantined&before=1", 200, "Nothing is held back");
	PAGE("/quarantine?state=nonsense", 200, "aria-current=\"true\">all");
}

static void test_rules(void)
{
	const struct kr_intake_rule r = {.position = 10,
					 .expr = KR_STR("type:scanner"),
					 .action = KR_INTAKE_TAG,
					 .argument = KR_STR("<b>noise"),
					 .note = KR_STR("until the sensor is moved"),
					 .enabled = false};
	struct kr_fault f;
	uint32_t id;

	PAGE("/rules", 200, "There is no rule", "karaula rule test");
	node_check(kr_store_intake_put(node.s, KR_BY_LOCAL, &r, &id, &f), &f, "rule");
	PAGE("/rules", 200, "type:scanner", "tag &lt;b&gt;noise", "disabled", "until the sensor");
}

static void test_empty(void)
{
	node_stop(&node);
	node_start(&node, true);
	PAGE("/unrouted", 200, "Every event of the last 30 days has an owner",
	     "karaula constituent");
	PAGE("/quarantine", 200, "Nothing is held back", "karaula report list");
	PAGE("/deliveries", 200, "Nothing was packed yet", "karaula delivery run --dry-run");
	PAGE("/suppressions", 200, "karaula suppression add");
	PAGE("/rules", 200, "karaula rule test");
}

int main(void)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);
	struct kr_fault f;

	node_start(&node, false);
	recipient(arena, "telco", "mail", "abuse@telco.example", "*=now");
	node_check(kr_store_recipient_health(node.s, 1, -40, NODE_NOW - KR_HOUR, &f), &f, "health");
	test_recipient();
	test_conflict();
	test_recipient_wrong();
	test_again();
	test_suppression();
	test_answers();
	test_unrouted();
	test_quarantine();
	test_rules();
	test_empty();
	kr_buf_done(&a.b);
	node_stop(&node);
	return tap_end();
}
