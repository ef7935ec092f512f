/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The taxonomy is built once, from the embedded tables at the first look-up or from given ones
 * before it, and never changes afterwards: look-ups read it without a lock.
 *
 * Every type and every other spelling is one row of a hash table. Names are folded while they are
 * hashed (ASCII lower-case, blanks and underscores as hyphens), so that all spellings that differ
 * only in that meet.
 */
#include "model/taxonomy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "model/data.h"
#include "model/table.h"

#define TYPES_MAX   256
#define CLASSES_MAX 64
#define NAMES_MAX   1024
#define SLOTS	    4096 /* a power of two, four times NAMES_MAX */
#define NAME_BYTES  64

struct name {
	struct kr_str text; /* folded */
	uint16_t type;
};

struct taxonomy {
	struct kr_arena *arena;
	struct kr_type_info types[TYPES_MAX];
	struct kr_str idf[TYPES_MAX];
	struct kr_str classes[CLASSES_MAX];
	struct name names[NAMES_MAX];
	size_t n_types, n_classes, n_names;
	uint16_t slots[SLOTS]; /* index into names + 1 */
};

static _Atomic(const struct taxonomy *) current;
static pthread_mutex_t build_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the making of current */

/* Fold a name into buf and hash it; false if it is too long to be one. */
static bool fold(struct kr_str s, char buf[NAME_BYTES], struct kr_str *ret, size_t *ret_slot)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	s = kr_str_trim(s);
	if (s.n == 0 || s.n > NAME_BYTES)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = kr_lower(s.p[i]);

		buf[i] = c == ' ' || c == '_' ? '-' : c;
		h = (h ^ (unsigned char)buf[i]) * 0x100000001b3u;
	}
	*ret = kr_str_n(buf, s.n);
	*ret_slot = (size_t)(h ^ h >> 32) & (SLOTS - 1);
	return true;
}

static const struct name *find_name(const struct taxonomy *t, struct kr_str folded, size_t slot)
{
	for (; t->slots[slot]; slot = (slot + 1) & (SLOTS - 1))
		if (kr_str_eq(t->names[t->slots[slot] - 1].text, folded))
			return &t->names[t->slots[slot] - 1];
	return NULL;
}

static int fault(const struct kr_table *t, const char *what, struct kr_str value,
		 struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EINVAL, "'%.*s' %s", (int)KR_MIN(value.n, (size_t)60), value.p,
		     what);
	kr_fault_where(reterr, "%s", t->name);
	kr_fault_at(reterr, t->line, 0, 0);
	return -KR_EINVAL;
}

/* Add a spelling of a type. 0; -KR_EINVAL. */
static int add_name(struct taxonomy *t, struct kr_table *table, struct kr_str text, size_t type,
		    struct kr_fault *reterr)
{
	char buf[NAME_BYTES];
	struct kr_str folded;
	size_t slot;

	if (!fold(text, buf, &folded, &slot))
		return fault(table, "is no name: 1 to 64 bytes are", text, reterr);
	if (find_name(t, folded, slot))
		return fault(table, "is there already", text, reterr);
	if (t->n_names >= NAMES_MAX)
		return fault(table, "is one name too many", text, reterr);
	while (t->slots[slot])
		slot = (slot + 1) & (SLOTS - 1);
	t->names[t->n_names].text = kr_arena_dup(t->arena, folded);
	t->names[t->n_names].type = (uint16_t)type;
	t->slots[slot] = (uint16_t)++t->n_names;
	return 0;
}

/* Only names that need no folding are stored, since they are compared and shown everywhere. */
static bool is_canonical(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= NAME_BYTES;
}

static int class_of(struct taxonomy *t, const struct kr_table *table, struct kr_str class_,
		    struct kr_str *ret, struct kr_fault *reterr)
{
	for (size_t i = 0; i < t->n_classes; i++) {
		if (kr_str_eq(t->classes[i], class_)) {
			*ret = t->classes[i];
			return 0;
		}
	}
	if (!is_canonical(class_))
		return fault(table, "is no class: use a-z, 0-9 and '-'", class_, reterr);
	if (t->n_classes >= CLASSES_MAX)
		return fault(table, "is one class too many", class_, reterr);
	*ret = t->classes[t->n_classes++] = kr_arena_dup(t->arena, class_);
	return 0;
}

static int read_types(struct taxonomy *t, enum kr_data which, struct kr_str csv,
		      struct kr_fault *reterr)
{
	static const char *const columns[] = {"class", "type", "label_en"};
	struct kr_table table;
	int got = kr_table_open(&table, kr_data_name(which), csv, t->arena, columns, 3, reterr);

	while (got >= 0 && (got = kr_table_next(&table, reterr)) > 0) {
		struct kr_type_info *info = &t->types[t->n_types];

		if (!is_canonical(table.cell[1]))
			return fault(&table, "is no type: use a-z, 0-9 and '-'", table.cell[1],
				     reterr);
		if (t->n_types >= TYPES_MAX)
			return fault(&table, "is one type too many", table.cell[1], reterr);
		got = class_of(t, &table, table.cell[0], &info->class_, reterr);
		if (got == 0)
			got = add_name(t, &table, table.cell[1], t->n_types, reterr);
		if (got < 0)
			return got;
		info->type = t->idf[t->n_types] = kr_arena_dup(t->arena, table.cell[1]);
		info->label = kr_arena_dup(t->arena, table.cell[2]);
		info->counted = !kr_str_eq(info->class_, KR_STR("test"));
		t->n_types++;
	}
	return got;
}

static int read_spellings(struct taxonomy *t, struct kr_str csv, struct kr_fault *reterr)
{
	static const char *const columns[] = {"spelling", "type", "idf"};
	struct kr_table table;
	int got = kr_table_open(&table, kr_data_name(KR_DATA_RSIT_SPELLINGS), csv, t->arena,
				columns, 3, reterr);

	while (got >= 0 && (got = kr_table_next(&table, reterr)) > 0) {
		size_t type = 0;

		while (type < t->n_types && !kr_str_eq(t->types[type].type, table.cell[1]))
			type++;
		if (type == t->n_types)
			return fault(&table, "is not a type of rsit.csv or rsit-extra.csv",
				     table.cell[1], reterr);
		got = add_name(t, &table, table.cell[0], type, reterr);
		if (got < 0)
			return got;
		if (kr_str_eq(table.cell[2], KR_STR("1")))
			t->idf[type] = kr_arena_dup(t->arena, table.cell[0]);
	}
	return got;
}

static struct kr_str or_embedded(struct kr_str csv, enum kr_data d)
{
	return csv.p ? csv : kr_data(d);
}

static int build(struct kr_str rsit, struct kr_str extra, struct kr_str spellings,
		 struct taxonomy **ret, struct kr_fault *reterr)
{
	struct taxonomy *t = kr_xcalloc(1, sizeof(*t));
	int err;

	t->arena = kr_arena_new(0);
	err = read_types(t, KR_DATA_RSIT, or_embedded(rsit, KR_DATA_RSIT), reterr);
	if (err == 0)
		err = read_types(t, KR_DATA_RSIT_EXTRA, or_embedded(extra, KR_DATA_RSIT_EXTRA),
				 reterr);
	if (err == 0)
		err = read_spellings(t, or_embedded(spellings, KR_DATA_RSIT_SPELLINGS), reterr);
	if (err < 0) {
		kr_arena_free(t->arena);
		free(t);
		return err;
	}
	*ret = t;
	return 0;
}

int kr_taxonomy_load(struct kr_str rsit, struct kr_str extra, struct kr_str spellings,
		     struct kr_fault *reterr)
{
	struct taxonomy *t;
	int err;

	pthread_mutex_lock(&build_lock);
	if (atomic_load(&current))
		err = kr_fault_set(reterr, -KR_EEXIST, "the taxonomy is in use already");
	else
		err = build(rsit, extra, spellings, &t, reterr);
	if (err == 0)
		atomic_store(&current, t);
	pthread_mutex_unlock(&build_lock);
	return err;
}

static const struct taxonomy *taxonomy(void)
{
	const struct taxonomy *t = atomic_load_explicit(&current, memory_order_acquire);

	if (KR_UNLIKELY(!t)) {
		/* Refused only if another thread was faster. The embedded tables are proved by a
		 * test. */
		int err = kr_taxonomy_load(KR_STR_NULL, KR_STR_NULL, KR_STR_NULL, NULL);

		assert(err == 0 || err == -KR_EEXIST);
		t = atomic_load(&current);
	}
	return t;
}

const struct kr_type_info *kr_type_find(struct kr_str type)
{
	const struct taxonomy *t = taxonomy();
	const struct name *name;
	char buf[NAME_BYTES];
	struct kr_str folded;
	size_t slot;

	if (!fold(type, buf, &folded, &slot))
		return NULL;
	name = find_name(t, folded, slot);
	return name ? &t->types[name->type] : NULL;
}

struct kr_str kr_class_find(struct kr_str class_)
{
	const struct taxonomy *t = taxonomy();
	char buf[NAME_BYTES];
	struct kr_str folded;
	size_t slot;

	if (fold(class_, buf, &folded, &slot))
		for (size_t i = 0; i < t->n_classes; i++)
			if (kr_str_eq(t->classes[i], folded))
				return t->classes[i];
	return KR_STR_NULL;
}

struct kr_str kr_type_idf(struct kr_str type)
{
	const struct kr_type_info *info = kr_type_find(type);

	return info ? taxonomy()->idf[info - taxonomy()->types] : type;
}

const struct kr_type_info *kr_type_at(size_t i)
{
	return i < taxonomy()->n_types ? &taxonomy()->types[i] : NULL;
}

size_t kr_type_count(void)
{
	return taxonomy()->n_types;
}
