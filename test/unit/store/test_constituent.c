/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/read.h"
#include "store/store.h"
#include "store/write.h"
#include "tap.h"

#define N 25

static void fill(struct kr_store *s, unsigned n, unsigned rules)
{
	static char names[N][16], values[N * 4][32];
	struct kr_constituent c[N] = {0};
	struct kr_rule r[N * 4] = {0};
	struct kr_register_change change;
	struct kr_fault f;

	for (unsigned i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "org-%02u", i);
		c[i].name = kr_str_c(names[i]);
		c[i].title = KR_STR("An organisation");
		for (unsigned k = 0; k < rules; k++) {
			unsigned at = i * rules + k;

			snprintf(values[at], sizeof(values[at]), "198.51.%u.0/24", at);
			r[at] = (struct kr_rule){.constituent = i,
						 .kind = KR_RULE_PREFIX,
						 .value = kr_str_c(values[at])};
		}
	}
	IS(kr_store_register_replace(s, KR_BY_LOCAL, c, n, r, n * rules, &change, &f), 0,
	   "the register is filled");
}

static void test_list(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_constituent *c;
	struct kr_str after = KR_STR("");
	unsigned seen = 0, pages = 0;
	struct kr_fault f;
	size_t n;

	do {
		IS(kr_store_constituent_list(s, &KR_SCOPE_ALL, after, 10, a, &c, &n, &f), 0,
		   "a page");
		for (size_t i = 0; i < n; i++) {
			char want[16];

			snprintf(want, sizeof(want), "org-%02u", seen++);
			IS_STR(c[i].name, kr_str_c(want), "in the order of names");
		}
		pages++;
		after = n ? c[n - 1].name : after;
	} while (n == 10);
	IS(seen, N, "each once");
	IS(pages, 3, "in three pages");
	IS(kr_store_constituent_list(s, &(const struct kr_scope){.all = false}, KR_STR(""), 10, a,
				     &c, &n, &f),
	   0, "a scope that sees nothing");
	IS(n, 0, "... sees nothing");
}

static void test_get(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_constituent c = {0};
	struct kr_rule *r;
	struct kr_fault f;
	size_t n;

	IS(kr_store_constituent_get(s, &KR_SCOPE_ALL, KR_STR("org-03"), 10, a, &c, &r, &n, &f), 0,
	   "one");
	IS_STR(c.title, KR_STR("An organisation"), "with its name");
	IS(n, 4, "and its rules");
	OK(n == 4 && r[0].constituent == c.id && r[0].kind == KR_RULE_PREFIX, "which are its own");
	IS(kr_store_constituent_get(s, &KR_SCOPE_ALL, KR_STR("org-03"), 3, a, &c, &r, &n, &f), 0,
	   "again");
	IS(n, 3, "with as many rules as asked for");
	IS(kr_store_constituent_get(s, &KR_SCOPE_ALL, KR_STR("no'one"), 3, a, &c, &r, &n, &f),
	   -KR_ENOENT, "one that is not there");
	OK(strstr(f.message, "no'one"), "the message names it");
}

static void test_retired(struct kr_store *s)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_constituent *list, c;
	struct kr_rule *r;
	struct kr_fault f;
	size_t n;

	fill(s, 2, 1);
	IS(kr_store_constituent_list(s, &KR_SCOPE_ALL, KR_STR(""), 10, a, &list, &n, &f), 0,
	   "a list");
	IS(n, 2, "holds those of the last import");
	IS(kr_store_constituent_get(s, &KR_SCOPE_ALL, KR_STR("org-03"), 10, a, &c, &r, &n, &f), 0,
	   "a retired one is still there");
	OK(c.retired && n == 0, "and says so, without rules in use");
}

int main(void)
{
	char dir[] = "/tmp/karaula-test-XXXXXX", data[64], command[96];
	struct kr_store *s = NULL;
	struct kr_fault f = {0};

	if (!mkdtemp(dir))
		return 1;
	snprintf(data, sizeof(data), "%s/node", dir);
	OK(!kr_store_init(data, &f) && !kr_store_open(data, NULL, &s, &f), "a data directory %s",
	   f.message);
	if (!s)
		return tap_end();
	fill(s, N, 4);
	test_list(s);
	test_get(s);
	test_retired(s);
	kr_store_close(s);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? 1 : tap_end();
}
