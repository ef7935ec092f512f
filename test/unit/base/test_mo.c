/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mo.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "prop.h"
#include "tap.h"

static const char po[] = "msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n"
			 "\"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 "
			 "&& n%10<=4 && (n%100<10 || n%100>=20) ? 1 "
			 ": 2);\\n\"\n"
			 "msgid \"Reports\"\nmsgstr \"Izvje\xc5\xa1taji\"\n"
			 "msgid \"%d row\"\nmsgid_plural \"%d rows\"\nmsgstr[0] \"%d "
			 "red\"\nmsgstr[1] \"%d reda\"\nmsgstr[2] \"%d redova\"\n"
			 "msgid \"a\"\nmsgstr \"b\"\n"
			 "msgid \"aa\"\nmsgstr \"bb\"\n"
			 "msgid \"empty\"\nmsgstr \"\"\n";

/* Compile with msgfmt. */
static void compile(const char *options, struct kr_buf *ret)
{
	char folder[] = "/tmp/karaula-mo-XXXXXX", command[300];
	int dir;

	if (!mkdtemp(folder))
		abort();
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	snprintf(command, sizeof(command), "cd %s && msgfmt %s -o x.mo x.po", folder, options);
	OK(!kr_file_replace(dir, "x.po", kr_str_n(po, sizeof(po) - 1), 0600, NULL) &&
		   !system(command) && !kr_file_read(dir, "x.mo", 10000, ret, NULL),
	   "msgfmt %s", options);
	close(dir);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	if (system(command))
		abort();
}

static void test_find(struct kr_str bytes)
{
	struct kr_base__mo m;

	IS(kr_base__mo_open(bytes, &m, NULL), 0, "open");
	IS_CSTR(kr_base__mo_find(&m, "Reports", false, 0), "Izvje\xc5\xa1taji", "a message");
	IS_CSTR(kr_base__mo_find(&m, "a", false, 0), "b", "a short one");
	IS_CSTR(kr_base__mo_find(&m, "aa", false, 0), "bb", "one that begins like another");
	OK(!kr_base__mo_find(&m, "b", false, 0) && !kr_base__mo_find(&m, "", false, 0) &&
		   !kr_base__mo_find(&m, "empty", false, 0),
	   "unknown, empty, untranslated");
	IS_CSTR(kr_base__mo_find(&m, "%d row", true, 1), "%d red", "one");
	IS_CSTR(kr_base__mo_find(&m, "%d row", true, 22), "%d reda", "few");
	IS_CSTR(kr_base__mo_find(&m, "%d row", true, 11), "%d redova", "many");
	IS_CSTR(kr_base__mo_find(&m, "a", true, 11), "b", "a form that is not there");
}

static void put(struct kr_buf *b, uint32_t v)
{
	kr_buf_add(b, &v, 4);
}

static int by_hand(uint32_t count, uint32_t ids, uint32_t texts, const char *strings, size_t n)
{
	KR_AUTO_BUF b = KR_BUF(1000);
	struct kr_base__mo m;
	struct kr_fault f;

	put(&b, 0x950412de);
	put(&b, 0);
	put(&b, count);
	put(&b, ids);
	put(&b, texts);
	put(&b, 0);
	put(&b, 0);
	kr_buf_add(&b, strings, n);
	return kr_base__mo_open(kr_buf_str(&b), &m, &f);
}

/* Any damage is refused, or leaves a catalogue that can be asked for anything. */
static void test_damage(struct kr_buf *good)
{
	unsigned runs = prop_begin(20000), opened = 0;

	for (unsigned i = 0; i < runs; i++) {
		struct kr_base__mo m;
		size_t n = prop_chance(30) ? prop_below(good->n) : good->n;
		char *copy = kr_xmalloc(n);

		memcpy(copy, good->p, n);
		for (uint64_t k = prop_below(4); n && k > 0; k--)
			copy[prop_below(prop_chance(50) ? KR_MIN(n, (size_t)100) : n)] =
				(char)prop_u64();
		if (!kr_base__mo_open(kr_str_n(copy, n), &m, NULL)) {
			static const char *const asked[] = {"Reports", "%d row", "a", "zzz", "!"};

			opened++;
			for (size_t k = 0; k < KR_ARRAY_LEN(asked); k++) {
				const char *p = kr_base__mo_find(&m, asked[k], true,
								 prop_below(100));

				if (p && strlen(p) > n)
					abort();
			}
		}
		free(copy);
	}
	/* Whether the generator is any good shows in many cases only (KARAULA_RUNS). */
	OK(runs < 1000 || (opened > 0 && opened < runs),
	   "%u of %u damaged catalogues could still be read", opened, runs);
}

int main(void)
{
	KR_AUTO_BUF little = KR_BUF(10000);
	KR_AUTO_BUF big = KR_BUF(10000);
	struct kr_base__mo m;

	compile("", &little);
	compile("--endianness=big", &big);
	test_find(kr_buf_str(&little));
	test_find(kr_buf_str(&big));
	OK(!kr_str_eq(kr_buf_str(&little), kr_buf_str(&big)), "they differ in byte order");
	IS(kr_base__mo_open(KR_STR("no catalogue, but long enough to be one"), &m, NULL),
	   -KR_EFORMAT, "no catalogue");
	IS(kr_base__mo_open(KR_STR(""), &m, NULL), -KR_EFORMAT, "nothing");
	IS(by_hand(0, 28, 28, "", 0), 0, "an empty catalogue");
	IS(by_hand(1, 28, 28, "", 0), -KR_ECORRUPT, "tables outside");
	IS(by_hand(0xffffffff, 28, 28, "", 0), -KR_ELIMIT, "too many");
	IS(by_hand(1, 28, 28, "\xff\xff\xff\xff\xff\xff\xff\xff", 8), -KR_ECORRUPT,
	   "a string outside");
	IS(by_hand(1, 28, 28, "\x01\0\0\0\x24\0\0\0x\0", 10), 0, "one string for both");
	IS(by_hand(1, 28, 28, "\x01\0\0\0\x24\0\0\0xx", 10), -KR_ECORRUPT, "no NUL behind it");
	IS(by_hand(1, 28, 28, "\x01\0\0\0\x24\0\0\0\xff\0", 10), -KR_ECORRUPT, "no UTF-8");
	IS(by_hand(2, 28, 28, "\x01\0\0\0\x2c\0\0\0\x01\0\0\0\x2c\0\0\0x\0", 18), -KR_ECORRUPT,
	   "twice the same");
	test_damage(&little);
	return tap_end();
}
