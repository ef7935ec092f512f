/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/intake.h"

#include "store.h"
#include "tap.h"

static struct kr_store *store;
static struct kr_arena *arena;

static uint32_t add(const char *expr, const char *action)
{
	struct kr_desk_intake_change c = {.expr = kr_str_c(expr), .action = kr_str_c(action)};
	struct kr_intake_rule r;
	struct kr_fault f = {0};

	store_must(kr_desk_intake_add(store, KR_BY_LOCAL, &c, arena, &r, &f), &f, "a rule");
	return r.id;
}

static struct kr_event *event(const char *type, const char *ip)
{
	struct kr_event *e = kr_event_new(arena);

	if (kr_event_set(e, arena, KR_F_CLASS_TYPE, kr_str_c(type)) ||
	    kr_event_set(e, arena, KR_F_SRC_IP, kr_str_c(ip)))
		exit(1);
	return e;
}

static struct kr_intake *load(int want)
{
	struct kr_intake *i = NULL;
	struct kr_fault f = {0};
	int r = kr_intake_load(store, &i, &f);

	store_must(r, &f, "rules");
	IS(r, want, "rules are read");
	return i;
}

static struct kr_str tag(const struct kr_event *e)
{
	const struct kr_extra *x = kr_event_extra(e, KR_STR("tag"));

	return x ? x->value : KR_STR("");
}

static void test_apply(void)
{
	uint32_t drop = add("ip:192.0.2.9", "drop");
	struct kr_intake *i;
	struct kr_event *e;

	add("type:scanner", "tag one");
	add("type:scanner", "tag one");
	add("type:scanner", "tag two");
	add("extra.tag:*two*", "set type=brute-force");
	add("source:other", "set extra.from=there");
	i = load(0);
	e = event("scanner", "192.0.2.1");
	IS(kr_intake_apply(i, 1, KR_STR("s"), false, e, arena), 0, "an event");
	IS(e->dropped, 0, "is kept");
	IS_STR(tag(e), KR_STR("one,two"), "a tag is added once");
	IS_STR(kr_event_get(e, KR_F_CLASS_TYPE)->text, KR_STR("brute-force"),
	       "a later rule sees what an earlier one set");
	IS_STR(kr_event_get(e, KR_F_CLASS_TAXONOMY)->text, KR_STR("intrusion-attempts"),
	       "the class follows");
	OK(!kr_event_extra(e, KR_STR("from")), "another source");
	e = event("phishing", "192.0.2.2");
	IS(kr_intake_apply(i, 1, KR_STR("other"), false, e, arena), 0, "an event of it");
	OK(kr_event_extra(e, KR_STR("from")) != NULL, "is matched by its name");
	e = event("scanner", "192.0.2.9");
	IS(kr_intake_apply(i, 1, KR_STR("s"), false, e, arena), 0, "an event to drop");
	IS(e->dropped, drop, "says by which rule");
	IS(tag(e).n, 0, "nothing comes after that");
	e = event("scanner", "192.0.2.9");
	IS(kr_intake_apply(i, 1, KR_STR("s"), true, e, arena), 0, "for a row that is there");
	IS(e->dropped, 0, "it is not dropped");
	IS_STR(tag(e), KR_STR("one,two"), "and the others hold");
	kr_intake_unref(i);
}

static void test_tags(void)
{
	struct kr_intake *i = load(0);
	struct kr_event *e = event("scanner", "192.0.2.1");
	char big[1001];

	memset(big, 'x', sizeof(big));
	OK(!kr_event_add_extra(e, arena, KR_STR("tag"), kr_str_n(big, 1000), false), "a long text");
	IS(kr_intake_apply(i, 1, KR_STR("s"), false, e, arena), 0, "under the name of tags");
	IS(tag(e).n, 1000, "stays as it is");
	e = event("scanner", "192.0.2.1");
	OK(!kr_event_add_extra(e, arena, KR_STR("tag"), KR_STR("onetwo"), false), "a word");
	IS(kr_intake_apply(i, 1, KR_STR("s"), false, e, arena), 0, "that holds others");
	IS_STR(tag(e), KR_STR("onetwo,one,two"), "is another word");
	kr_intake_unref(i);
}

static void test_versions(void)
{
	struct kr_intake *i = load(0);
	uint64_t before = kr_intake_version(i);
	struct kr_desk_intake_change off = {.enabled = KR_STR("no")};
	struct kr_intake_rule r, stale;
	struct kr_fault f = {0};
	uint32_t id;

	IS(kr_intake_count(i, 1), 6, "rules for a source");
	kr_intake_unref(i);
	store_must(kr_desk_intake_edit(store, KR_BY_LOCAL, 1, &off, arena, &r, &f), &f, "edit");
	OK(!r.enabled && r.revision == 2, "a rule is disabled");
	OK(kr_store_intake_version(store) != before, "the number changes with it");
	i = load(0);
	IS(kr_intake_count(i, 1), 5, "it is not in the set any more");
	kr_intake_unref(i);
	stale = r;
	stale.revision = 1;
	IS(kr_store_intake_put(store, KR_BY_LOCAL, &stale, &id, &f), -KR_EEXIST,
	   "a change of what somebody else changed is refused");
	/* What a later version wrote, or an expression that is no more: left out and told. */
	r.enabled = true;
	r.expr = KR_STR("nosuchfield:1");
	store_must(kr_store_intake_put(store, KR_BY_LOCAL, &r, &id, &f), &f, "put");
	i = load(1);
	IS(kr_intake_count(i, 1), 5, "a rule that cannot be read is left out");
	kr_intake_unref(i);
	before = kr_store_intake_version(store);
	store_must(kr_store_intake_remove(store, KR_BY_LOCAL, 1, &f), &f, "remove");
	OK(kr_store_intake_version(store) != before, "removing is a change");
	IS(kr_store_intake_remove(store, KR_BY_LOCAL, 1, &f), -KR_ENOENT, "and happens once");
}

static void test_batch(void)
{
	KR_AUTO(kr_batch) *b = kr_batch_new(1 << 20);

	for (uint32_t i = 0; i < 1000; i++)
		if (kr_batch_drop(b, i % 7 + 1))
			exit(1);
	IS(b->dropped, 1000, "events that were dropped");
	IS(b->n_drops, 7, "by rule");
	IS(b->drops[0].n, 143, "as many as it were");
	kr_batch_clear(b);
	IS(b->dropped + b->n_drops, 0, "an empty batch");
}

int main(void)
{
	arena = kr_arena_new(1 << 22);
	store = store_make();
	test_apply();
	test_tags();
	test_versions();
	test_batch();
	store_drop(store);
	kr_arena_free(arena);
	return tap_end();
}
