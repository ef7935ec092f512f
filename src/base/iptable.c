/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * The builder collects ranges. At the end they are sorted by their first address and swept: a heap
 * holds the ranges that are open at the current address, the smallest on top; the value changes
 * only where a range starts or the top one ends. Each change is one start in the table, neighbours
 * with the same value are one. So nesting costs nothing when an address is looked up.
 *
 *     head      n4, n6
 *     index4    65,537 numbers (only if n4): for each value of the upper 16 bits the place of the
 *               start that covers its first address, and behind the last one n4 - 1
 *     v4        n4 pairs of start and value
 *     index6    the same by the upper 16 bits (only if n6)
 *     high6, low6, value6
 *
 * A look-up reads one pair of the index and then halves between the two places: in a full table of
 * the Internet some ten entries, which lie in one or two cache lines together with their values.
 */
#include "base/iptable.h"

#include <stdlib.h>

typedef unsigned __int128 wide;

#define INDEX_SIZE 65537u

struct range {
	wide first, last;
	uint32_t value, seq;
};

struct ranges {
	struct range *p;
	size_t n, cap;
};

struct kr_iptable_build {
	struct ranges family[2]; /* IPv4, IPv6 */
};

struct head {
	uint32_t n4, n6;
};

struct kr_iptable_build *kr_iptable_build_new(void)
{
	return kr_xcalloc(1, sizeof(struct kr_iptable_build));
}

void kr_iptable_build_free(struct kr_iptable_build *b)
{
	if (!b)
		return;
	free(b->family[0].p);
	free(b->family[1].p);
	free(b);
}

static wide wide_of(const struct kr_ip *ip)
{
	wide v = 0;

	if (ip->family == 4)
		return kr_ip_u32(ip);
	for (int i = 0; i < 16; i++)
		v = v << 8 | ip->b[i];
	return v;
}

int kr_iptable_add_range(struct kr_iptable_build *b, const struct kr_ip *first,
			 const struct kr_ip *last, uint32_t value)
{
	struct ranges *r = &b->family[first->family == 6];
	wide from, to;

	if ((first->family != 4 && first->family != 6) || first->family != last->family ||
	    value == KR_IPTABLE_NONE)
		return -KR_EINVAL;
	from = wide_of(first);
	to = wide_of(last);
	if (from > to)
		return -KR_EINVAL;
	if (kr_iptable_build_count(b) >= KR_IPTABLE_ROWS_MAX)
		return -KR_ELIMIT;
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 1024;
		r->p = kr_xrealloc(r->p, r->cap * sizeof(*r->p));
	}
	r->p[r->n] = (struct range){from, to, value, (uint32_t)r->n};
	r->n++;
	return 0;
}

int kr_iptable_add_net(struct kr_iptable_build *b, const struct kr_ip *net, uint32_t value)
{
	struct kr_ip first, last;

	if (net->family != 4 && net->family != 6)
		return -KR_EINVAL;
	kr_net_range(net, &first, &last);
	return kr_iptable_add_range(b, &first, &last, value);
}

size_t kr_iptable_build_count(const struct kr_iptable_build *b)
{
	return b->family[0].n + b->family[1].n;
}

static int by_first(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Does a win over b where both cover an address? */
static bool wins(const struct range *a, const struct range *b)
{
	wide sa = a->last - a->first, sb = b->last - b->first;

	return sa != sb ? sa < sb : a->seq > b->seq;
}

/* The ranges open at the current address, the winner first. */
struct heap {
	const struct range **p;
	size_t n;
};

static void heap_push(struct heap *h, const struct range *r)
{
	size_t i = h->n++;

	while (i && wins(r, h->p[(i - 1) / 2])) {
		h->p[i] = h->p[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h->p[i] = r;
}

static void heap_pop(struct heap *h)
{
	const struct range *r = h->p[--h->n];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && wins(h->p[child + 1], h->p[child]))
			child++;
		if (!wins(h->p[child], r))
			break;
		h->p[i] = h->p[child];
		i = child;
	}
	h->p[i] = r;
}

struct start {
	wide at;
	uint32_t value;
};

/* Flatten one family into *ret (freed by the caller), from address 0 to its end. */
static size_t sweep(struct ranges *r, wide top, struct start **ret)
{
	struct heap h = {.p = kr_xcalloc(r->n + 1, sizeof(*h.p))};
	/* The value changes at most at each start and behind each end, and at 0. */
	struct start *out = kr_xcalloc(2 * r->n + 1, sizeof(*out));
	size_t i = 0, n = 0;
	wide at = 0;

	qsort(r->p, r->n, sizeof(*r->p), by_first);
	for (;;) {
		wide next = top;
		bool more = false;
		uint32_t value;

		while (i < r->n && r->p[i].first == at)
			heap_push(&h, &r->p[i++]);
		while (h.n && h.p[0]->last < at)
			heap_pop(&h);
		value = h.n ? h.p[0]->value : KR_IPTABLE_NONE;
		if (!n || out[n - 1].value != value)
			out[n++] = (struct start){at, value};
		if (h.n && h.p[0]->last < top) {
			next = h.p[0]->last + 1;
			more = true;
		}
		if (i < r->n && (!more || r->p[i].first < next)) {
			next = r->p[i].first;
			more = true;
		}
		if (!more)
			break;
		at = next;
	}
	free(h.p);
	*ret = out;
	return n;
}

/* Place of the start that covers the first address of each of the 65,536 upper values. */
static void index_fill(uint32_t *index, const struct start *s, size_t n, unsigned shift)
{
	size_t at = 0;

	for (uint32_t i = 0; i < INDEX_SIZE - 1; i++) {
		while (at + 1 < n && s[at + 1].at <= (wide)i << shift)
			at++;
		index[i] = (uint32_t)at;
	}
	index[INDEX_SIZE - 1] = (uint32_t)n - 1;
}

static size_t aligned(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

struct layout {
	size_t index4, v4, index6, high6, low6, value6, end;
};

static struct layout layout_of(size_t n4, size_t n6)
{
	struct layout l = {.index4 = sizeof(struct head)};

	l.v4 = l.index4 + (n4 ? aligned(INDEX_SIZE * sizeof(uint32_t)) : 0);
	l.index6 = l.v4 + n4 * sizeof(struct kr_iptable_v4);
	l.high6 = l.index6 + (n6 ? aligned(INDEX_SIZE * sizeof(uint32_t)) : 0);
	l.low6 = l.high6 + n6 * sizeof(uint64_t);
	l.value6 = l.low6 + n6 * sizeof(uint64_t);
	l.end = aligned(l.value6 + n6 * sizeof(uint32_t));
	return l;
}

static void add_index(struct kr_buf *b, const struct start *s, size_t n, unsigned shift)
{
	uint32_t *index = kr_xcalloc(INDEX_SIZE + 1, sizeof(*index));

	index_fill(index, s, n, shift);
	kr_buf_add(b, index, aligned(INDEX_SIZE * sizeof(*index)));
	free(index);
}

static void add_v4(struct kr_buf *b, const struct start *s, size_t n)
{
	add_index(b, s, n, 16);
	for (size_t i = 0; i < n; i++) {
		struct kr_iptable_v4 pair = {(uint32_t)s[i].at, s[i].value};

		kr_buf_add(b, &pair, sizeof(pair));
	}
}

static void add_v6(struct kr_buf *b, const struct start *s, size_t n)
{
	static const char zeros[8];

	add_index(b, s, n, 112);
	for (size_t i = 0; i < n; i++) {
		uint64_t high = (uint64_t)(s[i].at >> 64);

		kr_buf_add(b, &high, sizeof(high));
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t low = (uint64_t)s[i].at;

		kr_buf_add(b, &low, sizeof(low));
	}
	for (size_t i = 0; i < n; i++)
		kr_buf_add(b, &s[i].value, sizeof(s[i].value));
	kr_buf_add(b, zeros, n % 2 * sizeof(uint32_t));
}

int kr_iptable_build_end(struct kr_iptable_build *b, struct kr_buf *ret)
{
	struct start *s4 = NULL, *s6 = NULL;
	size_t n4 = 0, n6 = 0;
	struct head head;

	assert(ret->n % 8 == 0);
	if (b->family[0].n)
		n4 = sweep(&b->family[0], UINT32_MAX, &s4);
	if (b->family[1].n)
		n6 = sweep(&b->family[1], ~(wide)0, &s6);
	head = (struct head){(uint32_t)n4, (uint32_t)n6};
	if (kr_buf_room(ret, layout_of(n4, n6).end)) {
		kr_buf_add(ret, &head, sizeof(head));
		if (n4)
			add_v4(ret, s4, n4);
		if (n6)
			add_v6(ret, s6, n6);
	}
	free(s4);
	free(s6);
	for (int i = 0; i < 2; i++) {
		free(b->family[i].p);
		b->family[i] = (struct ranges){0};
	}
	return ret->err;
}

int kr_iptable_view(struct kr_str bytes, struct kr_iptable *ret)
{
	struct head head;
	struct layout l;

	if (!bytes.p || bytes.n < sizeof(head) || (uintptr_t)bytes.p % 8)
		return -KR_ECORRUPT;
	memcpy(&head, bytes.p, sizeof(head));
	l = layout_of(head.n4, head.n6);
	if (l.end != bytes.n)
		return -KR_ECORRUPT;
	*ret = (struct kr_iptable){
		.index4 = (const void *)(bytes.p + l.index4),
		.v4 = (const void *)(bytes.p + l.v4),
		.index6 = (const void *)(bytes.p + l.index6),
		.high6 = (const void *)(bytes.p + l.high6),
		.low6 = (const void *)(bytes.p + l.low6),
		.value6 = (const void *)(bytes.p + l.value6),
		.n4 = head.n4,
		.n6 = head.n6,
	};
	return 0;
}

static uint64_t u64_of(const uint8_t *b)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | b[i];
	return v;
}

static uint32_t get6(const struct kr_iptable *t, uint64_t high, uint64_t low)
{
	uint32_t lo, hi;

	if (!t->n6)
		return KR_IPTABLE_NONE;
	lo = t->index6[high >> 48];
	hi = t->index6[(high >> 48) + 1];
	hi = KR_MIN(hi, t->n6 - 1);
	lo = KR_MIN(lo, hi);
	for (uint32_t n = hi - lo + 1; n > 1; n -= n / 2) {
		uint32_t at = lo + n / 2;
		bool le = t->high6[at] < high || (t->high6[at] == high && t->low6[at] <= low);

		lo += le ? n / 2 : 0;
	}
	return t->value6[lo];
}

uint32_t kr_iptable_get(const struct kr_iptable *t, const struct kr_ip *ip)
{
	if (ip->family == 4)
		return kr_iptable_get4(t, kr_ip_u32(ip));
	if (ip->family == 6)
		return get6(t, u64_of(ip->b), u64_of(ip->b + 8));
	return KR_IPTABLE_NONE;
}

size_t kr_iptable_count(const struct kr_iptable *t)
{
	size_t n = 0;

	for (uint32_t i = 0; i < t->n4; i++)
		n += t->v4[i].value != KR_IPTABLE_NONE;
	for (uint32_t i = 0; i < t->n6; i++)
		n += t->value6[i] != KR_IPTABLE_NONE;
	return n;
}
