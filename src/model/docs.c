/* SPDX-License-Identifier: Apache-2.0 */
#include "model/docs.h"

#include "model/field.h"
#include "model/key.h"

static const char *const kind_names[KR_FIELD_KINDS] = {
#define K(kind, rep, doc) #kind,
#include "model/field_kinds.def"
#undef K
};

/* Text of a table cell: bars would end it. */
static void cell(struct kr_buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			kr_buf_ch(b, '\\');
		kr_buf_ch(b, *text);
	}
}

/* "ip,src" as `ip` `src`. */
static void words(struct kr_buf *b, const char *list)
{
	struct kr_str rest = kr_str_c(list), word;

	while (kr_str_split(&rest, ',', &word))
		if (word.n)
			kr_buf_printf(b, "`%.*s` ", KR_STR_ARG(word));
}

static void flags(struct kr_buf *b, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *word;
	} names[] = {{KR_FIELD_WORD, "word"}, {KR_FIELD_PII, "personal"}, {KR_FIELD_FEED, "feed"}};
	const char *sep = "";

	for (size_t i = 0; i < KR_ARRAY_LEN(names); i++) {
		if (flags & names[i].flag) {
			kr_buf_printf(b, "%s%s", sep, names[i].word);
			sep = ", ";
		}
	}
}

void kr_field_docs(struct kr_buf *b)
{
	kr_buf_c(b, "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
		    "<!-- Made from src/model/fields.def by test/unit/model/test_docs.c; do not "
		    "edit. -->\n"
		    "# Fields of an event\n\n"
		    "Names are those of the IntelMQ data format 3.5. Whatever has no field of its "
		    "own is kept as "
		    "`extra.NAME`, and so is a value that is not valid in its field. Input that "
		    "means nothing (empty, "
		    "`-`, `N/A`) leaves a field absent.\n\n"
		    "Short names are for expressions and mappings. *word*: a word without a field "
		    "name in an expression "
		    "is looked for here. *personal*: never logged. *feed*: the same for a whole "
		    "report.\n\n"
		    "| field | kind | most bytes | short names | | meaning "
		    "|\n|---|---|---|---|---|---|\n");
	for (unsigned f = 1; f < KR_FIELD_MAX; f++) {
		const struct kr_field_info *info = kr_field_info((enum kr_field)f);

		if (!info)
			continue;
		kr_buf_printf(b, "| `%s` | %s | ", info->name, kind_names[info->kind]);
		if (info->size_max && info->rep == KR_REP_TEXT)
			kr_buf_u64(b, info->size_max);
		kr_buf_c(b, " | ");
		words(b, info->words);
		kr_buf_c(b, "| ");
		flags(b, info->flags);
		kr_buf_c(b, " | ");
		cell(b, info->doc);
		kr_buf_c(b, " |\n");
	}
	kr_buf_c(
		b,
		"\n## Kinds of value\n\nBlanks around a value are taken off. Cleaning comes first: "
		"what can be "
		"brought to the canonical form is valid.\n\n| kind | what is valid |\n|---|---|\n");
	for (unsigned k = 0; k < KR_FIELD_KINDS; k++) {
		kr_buf_printf(b, "| %s | ", kind_names[k]);
		cell(b, kr_field_kind_doc((enum kr_field_kind)k));
		kr_buf_c(b, " |\n");
	}
}

/* Fields of the key for one meaning of `when`; fields of a group are alternatives. */
static void key_row(struct kr_buf *b, unsigned when)
{
	static const struct {
		enum kr_field field;
		unsigned group, when;
	} fields[] = {
#define KEY_FIELD(id, group, when) {KR_F_##id, group, when},
#include "model/keys.def"
#undef KEY_FIELD
	};
	unsigned group = 0;
	const char *sep = "";

	for (size_t i = 0; i < KR_ARRAY_LEN(fields); i++) {
		if (fields[i].when != when)
			continue;
		if (fields[i].group && fields[i].group == group)
			sep = ", else ";
		group = fields[i].group;
		kr_buf_printf(b, "%s`%s`", sep, kr_field_info(fields[i].field)->name);
		sep = ", ";
	}
}

static void key_type(struct kr_buf *b, const char *type, unsigned asks, const char *why)
{
	kr_buf_printf(b, "| `%s` | ", type);
	if (asks & KR_KEY_SERVICE)
		key_row(b, KR_KEY_SERVICE);
	if (asks & KR_KEY_URL) {
		if (asks & KR_KEY_SERVICE)
			kr_buf_c(b, ", ");
		key_row(b, KR_KEY_URL);
	}
	kr_buf_printf(b, " | %s |\n", why);
}

void kr_key_docs(struct kr_buf *b)
{
	kr_buf_c(b, "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
		    "<!-- Made from src/model/keys.def by test/unit/model/test_docs.c; do not "
		    "edit. -->\n"
		    "# Aggregation\n\n"
		    "The same observation, seen again by the same source on the same day, raises "
		    "the count of its row "
		    "instead of making a new one; first and last seen follow. Two events are the "
		    "same when the fields of "
		    "their key are equal. A field that is absent in both is equal.\n\n"
		    "Every key has: ");
	key_row(b, KR_KEY_ALWAYS);
	kr_buf_c(b, ".\n\n"
		    "Some types need more to be told apart:\n\n"
		    "| type | also in the key | why |\n|---|---|---|\n");
#define KEY_TYPE(type, asks, why) key_type(b, type, asks, why);
#include "model/keys.def"
#undef KEY_TYPE
	kr_buf_c(b, "\nValues that are not in the key are those of the first event of a row. The "
		    "others stay in "
		    "their report, which is kept as it came.\n\n"
		    "The row is found by a keyed hash of the key (SipHash-2-4; the key is made "
		    "with the data directory), so "
		    "that nobody can choose events that collide. How fields become bytes is in "
		    "`src/model/key.h`.\n");
}
