/* SPDX-License-Identifier: Apache-2.0 */
#include "model/batch.h"

#include "tap.h"

int main(void)
{
	KR_AUTO(kr_batch) *b = kr_batch_new(1 << 20), *small = kr_batch_new(64);
	char long_reason[400];

	for (int i = 0; i < 1000; i++)
		kr_batch_add(b, kr_event_new(b->arena));
	IS(b->n, 1000, "events are added");
	OK(b->events[999] && b->events[999]->n == 0 && b->events[999]->count == 1,
	   "they are empty, seen once");
	kr_batch_refuse(b, 7, (uint64_t)5 << 32, 3, 4, "column %d is missing", 2);
	IS(b->refused, 1, "a refusal is counted");
	IS_STR(b->refusals[0].reason, KR_STR("column 2 is missing"), "its reason");
	OK(b->refusals[0].length == UINT32_MAX && b->refusals[0].offset == 7 &&
		   b->refusals[0].line == 3 && b->refusals[0].column == 4,
	   "its place; a length over 32 bits is cut");
	memset(long_reason, 'x', sizeof(long_reason));
	memcpy(long_reason + 254, "\xc4\x8d", 2);
	long_reason[399] = '\0';
	kr_batch_refuse(b, 0, 0, 0, 0, "%s", long_reason);
	IS(b->refusals[1].reason.n, 254, "a long reason is cut between characters");
	kr_batch_refuse(b, 0, 0, 0, 0, "'%s' is wrong", "\x1b[1m\xff\xc4\x8d");
	IS_STR(b->refusals[2].reason, KR_STR("'?[1m?\xc4\x8d' is wrong"),
	       "what a terminal must not see is hidden");
	for (int i = 0; i < 2 * KR_BATCH_REFUSALS_MAX; i++)
		kr_batch_refuse(b, 0, 0, 0, 0, "again");
	IS(b->refused, 3 + 2 * KR_BATCH_REFUSALS_MAX, "all refusals are counted");
	IS(b->n_refusals, KR_BATCH_REFUSALS_MAX, "details are kept of the first");
	kr_batch_note(b, "column %s is missing", "x\x1b");
	OK(b->n_notes == 1 && kr_str_eqc(b->notes[0], "column x? is missing"),
	   "a note on the report");
	for (int i = 0; i < 2 * KR_BATCH_NOTES_MAX; i++)
		kr_batch_note(b, "again");
	IS(b->n_notes, KR_BATCH_NOTES_MAX, "notes are bounded");
	kr_batch_clear(b);
	OK(b->n == 0 && b->n_notes == 0 && b->n_refusals == 0 && b->refused == 0 &&
		   kr_arena_used(b->arena) == 0,
	   "cleared");
	OK(!kr_event_new(small->arena), "no event where the arena is full");
	kr_batch_refuse(small, 0, 0, 0, 0, "%s",
			"a reason that is longer than the sixty-four bytes that this arena may "
			"hand out in all");
	OK(small->n_refusals == 1 && small->refusals[0].reason.n > 0,
	   "a refusal without memory has a reason too");
	return tap_end();
}
