/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/valuefilter.h"

#include "store/sqlite/db.h"
#include "store/sqlite/tally.h"

#define BITS_PER_VALUE 10
#define PROBES	       7
#define BYTES_MAX      ((size_t)1 << 20)

/* The filter is stored, so this must not change: FNV-1a over kind and text, then a finaliser. */
static uint64_t value_hash(enum kr_posting kind, struct kr_str s)
{
	uint64_t h = (0xcbf29ce484222325u ^ (uint64_t)kind) * 0x100000001b3u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 33;
}

static uint64_t bit_of(uint64_t hash, unsigned probe, uint64_t bits)
{
	return ((uint32_t)hash + (uint64_t)probe * (hash >> 32 | 1)) % bits;
}

static const char select_values[] =
	"SELECT DISTINCT kind,value FROM posting WHERE kind BETWEEN 1 AND 6";

int kr_valuefilter_build(sqlite3 *part, struct kr_buf *ret, struct kr_fault *reterr)
{
	KR_AUTO_STMT count = NULL;
	KR_AUTO_STMT st = NULL;
	size_t start = ret->n, bytes;
	char sql[160];
	int r;

	sqlite3_snprintf(sizeof(sql), sql, "SELECT count(*) FROM (%s)", select_values);
	r = kr_db_prepare(part, sql, &count, reterr);
	if (!r)
		r = kr_db_prepare(part, select_values, &st, reterr);
	if (!r)
		r = kr_db_step(count, reterr);
	if (r < 0)
		return r;
	bytes = (size_t)sqlite3_column_int64(count, 0) * BITS_PER_VALUE / 8 + 8;
	sqlite3_reset(count);
	bytes = KR_MIN(bytes, BYTES_MAX);
	if (!kr_buf_room(ret, bytes))
		return kr_fault_set(reterr, -KR_ELIMIT, "no room for a value filter");
	memset(ret->p + start, 0, bytes);
	ret->n += bytes;
	while ((r = kr_db_step(st, reterr)) == 1) {
		uint64_t h = value_hash((enum kr_posting)sqlite3_column_int(st, 0),
					kr_db_text(st, 1));

		for (unsigned i = 0; i < PROBES; i++) {
			uint64_t bit = bit_of(h, i, bytes * 8);

			ret->p[start + bit / 8] = (char)(ret->p[start + bit / 8] | 1 << bit % 8);
		}
	}
	return r;
}

static bool holds(struct kr_str filter, enum kr_posting kind, struct kr_str value)
{
	uint64_t h = value_hash(kind, value);

	for (unsigned i = 0; i < PROBES; i++) {
		uint64_t bit = bit_of(h, i, filter.n * 8);

		if (!(filter.p[bit / 8] >> bit % 8 & 1))
			return false;
	}
	return true;
}

static bool holds_number(struct kr_str filter, enum kr_posting kind, int64_t value)
{
	char text[24];
	struct kr_buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};

	kr_buf_i64(&b, value);
	return holds(filter, kind, kr_buf_str(&b));
}

bool kr_valuefilter_holds(struct kr_str filter, enum kr_posting kind, int64_t value)
{
	return !filter.n || holds_number(filter, kind, value);
}

/* The posting a leaf asks for by an exact value; 0: none that filters know. */
static enum kr_posting posting_of(const struct kr_expr_leaf *l)
{
	switch (l->subject) {
	case KR_SUBJ_SOURCE: return KR_POST_SOURCE;
	case KR_SUBJ_CONSTITUENT: return l->test == KR_TEST_HAS ? 0 : KR_POST_CONSTITUENT;
	case KR_SUBJ_FIELD: break;
	default: return 0;
	}
	if (l->test != KR_TEST_EQ)
		return 0;
	switch (l->field) {
	case KR_F_CLASS_TAXONOMY: return KR_POST_CLASS;
	case KR_F_CLASS_TYPE: return KR_POST_TYPE;
	case KR_F_SRC_CC: return KR_POST_COUNTRY;
	case KR_F_SRC_ASN: return KR_POST_AS;
	default: return 0;
	}
}

bool kr_valuefilter_helps(const struct kr_expr *x)
{
	switch (x->op) {
	case KR_EXPR_AND: return kr_valuefilter_helps(x->a) || kr_valuefilter_helps(x->b);
	case KR_EXPR_OR: return kr_valuefilter_helps(x->a) && kr_valuefilter_helps(x->b);
	case KR_EXPR_LEAF: return posting_of(&x->leaf) != 0;
	default: return false;
	}
}

static int may_leaf(struct kr_str filter, const struct kr_expr_leaf *l,
		    const struct kr_filter_names *names, struct kr_arena *a, bool *ret,
		    struct kr_fault *reterr)
{
	enum kr_posting kind = posting_of(l);
	const uint32_t *ids;
	size_t n;
	int r;

	*ret = true;
	if (!kind)
		return 0;
	if (l->subject == KR_SUBJ_FIELD) {
		*ret = kind == KR_POST_AS ? holds_number(filter, kind, l->value.i)
					  : holds(filter, kind, l->value.text);
		return 0;
	}
	r = names->resolve(names->ctx, l, a, &ids, &n, reterr);
	*ret = false;
	for (size_t i = 0; !r && !*ret && i < n; i++)
		*ret = holds_number(filter, kind, ids[i]);
	return r;
}

int kr_valuefilter_may(struct kr_str filter, const struct kr_expr *x,
		       const struct kr_filter_names *names, struct kr_arena *a, bool *ret,
		       struct kr_fault *reterr)
{
	int r;

	*ret = true;
	if (!filter.n)
		return 0;
	switch (x->op) {
	case KR_EXPR_AND:
	case KR_EXPR_OR:
		r = kr_valuefilter_may(filter, x->a, names, a, ret, reterr);
		if (r || *ret == (x->op == KR_EXPR_OR))
			return r;
		return kr_valuefilter_may(filter, x->b, names, a, ret, reterr);
	case KR_EXPR_LEAF: return may_leaf(filter, &x->leaf, names, a, ret, reterr);
	default: return 0;
	}
}
