/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of events and refusals grows by doubling and is kept when the batch is emptied, so that
 * a batch in a loop soon allocates nothing. Events and texts are in the arena.
 */
#include "model/batch.h"

#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "model/field_parts.h"

struct kr_batch *kr_batch_new(size_t arena_max)
{
	struct kr_batch *b = kr_xcalloc(1, sizeof(*b));

	b->arena = kr_arena_new(arena_max);
	return b;
}

void kr_batch_free(struct kr_batch *b)
{
	if (!b)
		return;
	kr_arena_free(b->arena);
	free(b->events);
	free(b->refusals);
	free(b->notes);
	free(b);
}

void kr_batch_clear(struct kr_batch *b)
{
	kr_arena_clear(b->arena);
	b->n = b->n_refusals = b->n_notes = 0;
	b->refused = b->warnings = 0;
	b->dropped = 0;
	b->drops = NULL;
	b->n_drops = b->drops_cap = 0;
}

/* Room for one more of n elements; returns the list. */
static void *grow(void *list, size_t n, size_t *cap, size_t size)
{
	size_t bytes;
	bool over;

	if (KR_LIKELY(n < *cap))
		return list;
	*cap = *cap ? *cap * 2 : 64;
	over = __builtin_mul_overflow(*cap, size, &bytes);
	assert(!over);
	return kr_xrealloc(list, bytes);
}

void kr_batch_add(struct kr_batch *b, struct kr_event *e)
{
	b->events = grow(b->events, b->n, &b->cap, sizeof(struct kr_event *));
	b->events[b->n++] = e;
}

/* A message of ours with bytes of the input in it, fit to be shown; p NULL if the arena is full. */
KR_PRINTF(2, 0)
static struct kr_str message(struct kr_batch *b, const char *fmt, va_list ap)
{
	char text[256];
	size_t n;

	vsnprintf(text, sizeof(text), fmt, ap);
	n = kr_model__cut(kr_str_c(text), sizeof(text) - 2);
	kr_model__printable(text, n);
	return kr_arena_dup(b->arena, kr_str_n(text, n));
}

void kr_batch_note(struct kr_batch *b, const char *fmt, ...)
{
	struct kr_str note;
	va_list ap;

	if (b->n_notes >= KR_BATCH_NOTES_MAX)
		return;
	va_start(ap, fmt);
	note = message(b, fmt, ap);
	va_end(ap);
	if (!note.p)
		return;
	b->notes = grow(b->notes, b->n_notes, &b->notes_cap, sizeof(note));
	b->notes[b->n_notes++] = note;
}

void kr_batch_refuse(struct kr_batch *b, uint64_t offset, uint64_t length, uint32_t line,
		     uint32_t column, const char *fmt, ...)
{
	struct kr_refusal r = {.offset = offset, .line = line, .column = column};
	va_list ap;

	b->refused++;
	if (b->n_refusals >= KR_BATCH_REFUSALS_MAX)
		return;
	r.length = (uint32_t)KR_MIN(length, (uint64_t)UINT32_MAX);
	va_start(ap, fmt);
	r.reason = message(b, fmt, ap);
	va_end(ap);
	if (!r.reason.p)
		r.reason = KR_STR("refused; no memory was left in the batch for the reason");
	b->refusals = grow(b->refusals, b->n_refusals, &b->refusals_cap, sizeof(r));
	b->refusals[b->n_refusals++] = r;
}

int kr_batch_drop(struct kr_batch *b, uint32_t rule)
{
	struct kr_drop *d = NULL;

	for (size_t i = 0; i < b->n_drops && !d; i++)
		if (b->drops[i].rule == rule)
			d = &b->drops[i];
	if (!d) {
		b->drops = kr_arena_more(b->arena, b->drops, b->n_drops, &b->drops_cap,
					 sizeof(*b->drops));
		if (!b->drops) {
			b->n_drops = 0;
			return -KR_ELIMIT;
		}
		d = &b->drops[b->n_drops++];
		*d = (struct kr_drop){.rule = rule};
	}
	d->n++;
	b->dropped++;
	return 0;
}
