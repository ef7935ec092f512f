/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open-addressing table of 128-bit keys serves counters and postings. A key says which counter
 * (pair, TLP) or posting (kind) and the two values; texts are interned first, so a key is numbers
 * only. Posting lists are differences of ids, zigzag and LEB128; ids mostly rise by small steps.
 */
#include "store/sqlite/tally.h"

#include <stdlib.h>

#include "store/sqlite/db.h"

struct key {
	uint64_t hi, lo;
};

struct slot {
	struct key key; /* hi 0: free */
	union {
		struct {
			int64_t rows, events;
		} count;
		struct {
			char *p;
			uint32_t n, cap;
			uint64_t last;
		} list;
	} u;
};

struct kr_tally {
	struct slot *slots;
	size_t n, mask;
	struct kr_arena *arena; /* posting lists and texts */
	struct kr_str *texts;
	uint32_t n_texts, texts_cap;
	uint32_t intern[256]; /* last text by hash: most groups hold a few dozen */
	struct slot *last_post[KR_POST_REPORT + 1];
};

/* The high half: never 0. Counters: 1, pair, tlp, a. Postings: 2, kind. */
static struct key counter_key(unsigned pair, unsigned tlp, uint32_t a, uint32_t b)
{
	return (struct key){1ull << 56 | (uint64_t)pair << 48 | (uint64_t)tlp << 40 | 1,
			    (uint64_t)a << 32 | b};
}

static struct key posting_key(unsigned kind, uint64_t value)
{
	return (struct key){2ull << 56 | (uint64_t)kind << 48 | 1, value};
}

static size_t hash_of(struct key k)
{
	uint64_t h = (k.lo ^ k.hi * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

	h ^= h >> 32;
	return (size_t)(h * 0xc4ceb9fe1a85ec53u >> 20);
}

struct kr_tally *kr_tally_new(void)
{
	struct kr_tally *t = kr_xcalloc(1, sizeof(*t));

	t->mask = 4095;
	t->slots = kr_xcalloc(t->mask + 1, sizeof(*t->slots));
	t->arena = kr_arena_new(0);
	return t;
}

void kr_tally_free(struct kr_tally *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t->texts);
	kr_arena_free(t->arena);
	free(t);
}

void kr_tally_clear(struct kr_tally *t)
{
	memset(t->slots, 0, (t->mask + 1) * sizeof(*t->slots));
	memset(t->intern, 0, sizeof(t->intern));
	memset(t->last_post, 0, sizeof(t->last_post));
	t->n = 0;
	t->n_texts = 0;
	kr_arena_clear(t->arena);
}

static struct slot *probe(struct slot *slots, size_t mask, struct key k)
{
	size_t i = hash_of(k) & mask;

	while (slots[i].key.hi && (slots[i].key.hi != k.hi || slots[i].key.lo != k.lo))
		i = (i + 1) & mask;
	return &slots[i];
}

static struct slot *slot_of(struct kr_tally *t, struct key k)
{
	struct slot *s = probe(t->slots, t->mask, k);

	if (s->key.hi)
		return s;
	if (t->n * 3 >= t->mask * 2) {
		size_t mask = t->mask * 2 + 1;
		struct slot *bigger = kr_xcalloc(mask + 1, sizeof(*bigger));

		for (size_t i = 0; i <= t->mask; i++)
			if (t->slots[i].key.hi)
				*probe(bigger, mask, t->slots[i].key) = t->slots[i];
		free(t->slots);
		t->slots = bigger;
		t->mask = mask;
		memset(t->last_post, 0, sizeof(t->last_post));
		s = probe(t->slots, t->mask, k);
	}
	t->n++;
	s->key = k;
	return s;
}

uint32_t kr_tally_intern(struct kr_tally *t, struct kr_str s)
{
	uint32_t h = 0, i;

	if (!s.n)
		return 0;
	h = (uint32_t)(s.n * 31 + (unsigned char)s.p[0] * 7 + (unsigned char)s.p[s.n / 2] * 3 +
		       (unsigned char)s.p[s.n - 1]) &
	    255;
	i = t->intern[h];
	if (i && kr_str_eq(t->texts[i - 1], s))
		return i;
	for (i = 1; i <= t->n_texts; i++)
		if (kr_str_eq(t->texts[i - 1], s))
			break;
	if (i > t->n_texts) {
		if (t->n_texts == t->texts_cap) {
			t->texts_cap = t->texts_cap ? t->texts_cap * 2 : 64;
			t->texts = kr_xrealloc(t->texts, t->texts_cap * sizeof(*t->texts));
		}
		t->texts[t->n_texts++] = kr_arena_dup(t->arena, s);
	}
	t->intern[h] = i;
	return i;
}

static void count(struct kr_tally *t, struct key k, int64_t rows, int64_t events)
{
	struct slot *s = slot_of(t, k);

	s->u.count.rows += rows;
	s->u.count.events += events;
}

/* Values of one dimension of a row: several only for constituents. */
static uint32_t dim_value(const struct kr_dims *d, enum kr_dim dim, uint32_t i)
{
	switch (dim) {
	case KR_DIM_CLASS: return d->class_;
	case KR_DIM_TYPE: return d->type;
	case KR_DIM_AS: return d->asn;
	case KR_DIM_COUNTRY: return d->cc;
	case KR_DIM_SOURCE: return d->source;
	case KR_DIM_CONSTITUENT: return d->n_owners ? d->owners[i].constituent : 0;
	case KR_DIM_NONE: break;
	}
	return 0;
}

static const struct {
	enum kr_dim a, b;
} pairs[] = {
#define D(number, a, b) [number] = {KR_DIM_##a, KR_DIM_##b},
#include "store/counters.def"
#undef D
};

void kr_tally_count(struct kr_tally *t, const struct kr_dims *d, int64_t rows, int64_t events)
{
	if (!d->counted)
		return;
	for (unsigned p = 0; p < KR_ARRAY_LEN(pairs); p++) {
		bool owned = pairs[p].a == KR_DIM_CONSTITUENT || pairs[p].b == KR_DIM_CONSTITUENT;
		uint32_t times = owned && d->n_owners ? d->n_owners : 1;

		for (uint32_t i = 0; i < times; i++)
			count(t,
			      counter_key(p, d->label, dim_value(d, pairs[p].a, i),
					  dim_value(d, pairs[p].b, i)),
			      rows, events);
	}
}

/* What bind_dim() bound. */
static uint32_t read_dim(struct kr_tally *t, sqlite3_stmt *st, int i, enum kr_dim dim)
{
	struct kr_str s;

	switch (dim) {
	case KR_DIM_CLASS:
	case KR_DIM_TYPE: return kr_tally_intern(t, kr_db_text(st, i));
	case KR_DIM_COUNTRY:
		s = kr_db_text(st, i);
		return s.n == 2 ? (uint32_t)(unsigned char)s.p[0] << 8 | (unsigned char)s.p[1] : 0;
	default: return (uint32_t)sqlite3_column_int64(st, i);
	}
}

int kr_tally_add(struct kr_tally *t, sqlite3_stmt *row)
{
	int64_t pair = sqlite3_column_int64(row, 0), tlp = sqlite3_column_int64(row, 3);
	uint32_t a, b;

	if (pair < 0 || (size_t)pair >= KR_ARRAY_LEN(pairs) || tlp < 0 || tlp > 255)
		return -KR_ECORRUPT;
	a = read_dim(t, row, 1, pairs[pair].a);
	b = read_dim(t, row, 2, pairs[pair].b);
	count(t, counter_key((unsigned)pair, (unsigned)tlp, a, b), sqlite3_column_int64(row, 4),
	      sqlite3_column_int64(row, 5));
	return 0;
}

static void list_add(struct kr_tally *t, struct slot *s, uint64_t id)
{
	int64_t step = (int64_t)(id - s->u.list.last);
	uint64_t v = (uint64_t)step << 1 ^ (uint64_t)(step >> 63);

	if (s->u.list.cap - s->u.list.n < 10) {
		uint32_t cap = s->u.list.cap ? s->u.list.cap * 2 : 16;
		char *p = kr_arena_bytes(t->arena, cap);

		if (s->u.list.n)
			memcpy(p, s->u.list.p, s->u.list.n);
		s->u.list.p = p;
		s->u.list.cap = cap;
	}
	for (; v >= 0x80; v >>= 7)
		s->u.list.p[s->u.list.n++] = (char)(v | 0x80);
	s->u.list.p[s->u.list.n++] = (char)v;
	s->u.list.last = id;
}

void kr_tally_post(struct kr_tally *t, enum kr_posting kind, uint64_t value, uint64_t id)
{
	struct slot *s = t->last_post[kind];

	if (!s || s->key.lo != value) {
		s = slot_of(t, posting_key(kind, value));
		t->last_post[kind] = s;
	}
	if (!s->u.list.n || s->u.list.last != id)
		list_add(t, s, id);
}

void kr_tally_post_dims(struct kr_tally *t, const struct kr_dims *d, uint64_t id)
{
	kr_tally_post(t, KR_POST_CLASS, d->class_, id);
	kr_tally_post(t, KR_POST_TYPE, d->type, id);
	kr_tally_post(t, KR_POST_AS, d->asn, id);
	kr_tally_post(t, KR_POST_COUNTRY, d->cc, id);
	kr_tally_post(t, KR_POST_SOURCE, d->source, id);
	for (uint32_t i = 0; i < d->n_owners; i++)
		kr_tally_post(t, KR_POST_CONSTITUENT, d->owners[i].constituent, id);
	if (!d->n_owners)
		kr_tally_post(t, KR_POST_CONSTITUENT, 0, id);
}

/* Hours rounded down, also before 1970. */
static uint64_t hour_of(kr_time t)
{
	return (uint64_t)(t >= 0 ? t / KR_HOUR : -((KR_HOUR - 1 - t) / KR_HOUR));
}

void kr_tally_post_times(struct kr_tally *t, kr_time first, kr_time last, uint64_t id)
{
	kr_tally_post(t, KR_POST_HOUR, hour_of(last), id);
	if (hour_of(first) != hour_of(last))
		kr_tally_post(t, KR_POST_HOUR, hour_of(first), id);
}

static int slot_cmp(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return x->hi != y->hi ? (x->hi > y->hi) - (x->hi < y->hi)
			      : (x->lo > y->lo) - (x->lo < y->lo);
}

/* Bind the text or number of a dimension. */
static void bind_dim(struct kr_tally *t, sqlite3_stmt *st, int i, enum kr_dim dim, uint32_t v)
{
	char cc[2] = {(char)(v >> 8), (char)v};

	switch (dim) {
	case KR_DIM_CLASS:
	case KR_DIM_TYPE: kr_db_bind_str(st, i, v ? t->texts[v - 1] : KR_STR("")); break;
	case KR_DIM_COUNTRY: sqlite3_bind_text(st, i, cc, v ? 2 : 0, SQLITE_TRANSIENT); break;
	default: sqlite3_bind_int64(st, i, v);
	}
}

static enum kr_dim posting_dim(enum kr_posting kind)
{
	switch (kind) {
	case KR_POST_CLASS: return KR_DIM_CLASS;
	case KR_POST_TYPE: return KR_DIM_TYPE;
	case KR_POST_COUNTRY: return KR_DIM_COUNTRY;
	default: return KR_DIM_NONE;
	}
}

static int store_counter(struct kr_tally *t, const struct slot *s, uint64_t seg, sqlite3_stmt *st,
			 struct kr_fault *reterr)
{
	unsigned pair = (unsigned)(s->key.hi >> 48 & 0xff);

	if (!s->u.count.rows && !s->u.count.events)
		return 0;
	sqlite3_bind_int64(st, 1, (int64_t)seg);
	sqlite3_bind_int(st, 2, (int)pair);
	bind_dim(t, st, 3, pairs[pair].a, (uint32_t)(s->key.lo >> 32));
	bind_dim(t, st, 4, pairs[pair].b, (uint32_t)s->key.lo);
	sqlite3_bind_int(st, 5, (int)(s->key.hi >> 40 & 0xff));
	sqlite3_bind_int64(st, 6, s->u.count.rows);
	sqlite3_bind_int64(st, 7, s->u.count.events);
	return kr_db_run(st, reterr);
}

static int store_posting(struct kr_tally *t, const struct slot *s, uint64_t seg, sqlite3_stmt *st,
			 struct kr_fault *reterr)
{
	enum kr_posting kind = (enum kr_posting)(s->key.hi >> 48 & 0xff);
	enum kr_dim dim = posting_dim(kind);

	sqlite3_bind_int(st, 1, (int)kind);
	if (dim)
		bind_dim(t, st, 2, dim, (uint32_t)s->key.lo);
	else
		sqlite3_bind_int64(st, 2, (int64_t)s->key.lo);
	sqlite3_bind_int64(st, 3, (int64_t)seg);
	sqlite3_bind_blob(st, 4, s->u.list.p, (int)s->u.list.n, SQLITE_STATIC);
	return kr_db_run(st, reterr);
}

int kr_tally_store(struct kr_tally *t, uint64_t seg, sqlite3_stmt *counter, sqlite3_stmt *posting,
		   struct kr_fault *reterr)
{
	size_t n = 0;
	int r = 0;

	/* In the order of their primary keys, so the trees are written from left to right. */
	for (size_t i = 0; i <= t->mask; i++)
		if (t->slots[i].key.hi)
			t->slots[n++] = t->slots[i];
	qsort(t->slots, n, sizeof(*t->slots), slot_cmp);
	for (size_t i = 0; !r && i < n; i++) {
		if (t->slots[i].key.hi >> 56 == 1)
			r = store_counter(t, &t->slots[i], seg, counter, reterr);
		else
			r = store_posting(t, &t->slots[i], seg, posting, reterr);
	}
	memset(t->slots + n, 0, (t->mask + 1 - n) * sizeof(*t->slots));
	return r;
}
