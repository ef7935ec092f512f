/* SPDX-License-Identifier: Apache-2.0 */
#include "model/event.h"

#include <stdio.h>

#include "prop.h"
#include "tap.h"

static void put_and_unset(struct kr_arena *arena)
{
	struct kr_event *e = kr_event_new(arena);
	int64_t want[KR_FIELD_MAX];
	bool same = true;

	for (unsigned f = 0; f < KR_FIELD_MAX; f++)
		want[f] = -1;
	for (int step = 0; step < 5000; step++) {
		enum kr_field f = (enum kr_field)(1 + prop_below(KR_EVENT_VALUES_MAX));

		if (prop_chance(40)) {
			kr_event_unset(e, f);
			want[f] = -1;
		} else {
			want[f] = (int64_t)prop_below(1000);
			same &= kr_event_put(e, arena, f, (union kr_value){.i = want[f]}) == 0;
		}
		for (unsigned g = 1; g < KR_FIELD_MAX; g++) {
			const union kr_value *v = kr_event_get(e, (enum kr_field)g);

			same &= v ? v->i == want[g] : want[g] == -1;
		}
	}
	OK(same, "5000 random puts and unsets leave what an array holds");
}

static void too_many(struct kr_arena *arena)
{
	struct kr_event *e = kr_event_new(arena);
	unsigned done = 0;

	for (unsigned f = 1; f < KR_FIELD_MAX; f++)
		done += kr_event_put(e, arena, (enum kr_field)f, (union kr_value){.i = f}) == 0;
	IS(done, KR_EVENT_VALUES_MAX, "no more than the limit of fields");
	IS(kr_event_put(e, arena, KR_F_COMMENT, (union kr_value){.i = 9}), 0,
	   "but a field that is there may change");
}

static void extras(struct kr_arena *arena)
{
	struct kr_event *e = kr_event_new(arena);
	char keys[KR_EVENT_EXTRA_MAX + 1][16];
	int err = 0;

	IS(kr_event_add_extra(e, arena, KR_STR("naics"), KR_STR("541"), false), 0, "an extra pair");
	IS(kr_event_add_extra(e, arena, KR_STR("empty"), KR_STR(""), false), 0, "an empty value");
	OK(!kr_event_extra(e, KR_STR("empty")), "is dropped");
	IS(kr_event_add_extra(e, arena, KR_STR("naics"), KR_STR("518"), true), 0, "a key again");
	OK(e->n_extra == 1 && e->extra->literal, "keeps the later value");
	IS_STR(kr_event_extra(e, KR_STR("naics"))->value, KR_STR("518"), "which is this");
	OK(!kr_event_extra(e, KR_STR("naic")), "another key is not there");

	e = kr_event_new(arena);
	for (int i = 0; i <= KR_EVENT_EXTRA_MAX; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key%d", i);
		err = kr_event_add_extra(e, arena, kr_str_c(keys[i]), KR_STR("v"), false);
		if (i < KR_EVENT_EXTRA_MAX && err)
			break;
	}
	OK(e->n_extra == KR_EVENT_EXTRA_MAX && err == -KR_ELIMIT,
	   "as many pairs as the limit says");
	IS_STR(e->extra->next->key, KR_STR("key1"), "in the order of the input");
	OK(kr_event_extra(e, KR_STR("key511")) != NULL, "all are found");
}

static void sets(struct kr_arena *arena)
{
	struct kr_event *e = kr_event_new(arena);
	KR_AUTO(kr_arena) *small =
		kr_arena_new(sizeof(struct kr_event) + 24 * sizeof(union kr_value) + 32);
	char long_text[300];
	struct kr_event *tight;

	IS(kr_event_set(e, arena, KR_F_SRC_PORT, KR_STR("443")), 0, "set from text");
	IS(kr_event_get(e, KR_F_SRC_PORT)->i, 443, "its value");
	IS(kr_event_set(e, arena, KR_F_DST_PORT, KR_STR(" - ")), 0, "nothing");
	OK(!kr_event_has(e, KR_F_DST_PORT), "is absent");
	IS(kr_event_set(e, arena, KR_F_DST_PORT, KR_STR("65536")), 1, "not valid");
	OK(!kr_event_has(e, KR_F_DST_PORT) && kr_event_extra(e, KR_STR("destination.port")),
	   "goes to extra");
	memset(long_text, 'x', sizeof(long_text));
	IS(kr_event_set(e, arena, KR_F_MALWARE_NAME, kr_str_n(long_text, sizeof(long_text))), 1,
	   "too long");
	IS(kr_event_extra(e, KR_STR("malware.name"))->value.n, 300, "is kept whole in extra");
	tight = kr_event_new(small);
	IS(kr_event_set(tight, small, KR_F_MALWARE_NAME,
			KR_STR("UPPER-CASE NAME LONGER THAN WHAT IS LEFT")),
	   -KR_ELIMIT, "a full arena is an error");
}

int main(void)
{
	KR_AUTO(kr_arena) *arena = kr_arena_new(0);

	prop_begin(0);
	put_and_unset(arena);
	too_many(arena);
	extras(arena);
	sets(arena);
	return tap_end();
}
