/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cells.h"

#include "cli/node.h"
#include "store/read.h"

struct kr_str kr_cell_time(struct kr_cli *c, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	return t == KR_TIME_NONE ? KR_STR("")
				 : kr_arena_dup(c->arena, kr_str_c(kr_time_text(t, text)));
}

struct kr_str kr_cell_u64(struct kr_cli *c, uint64_t n)
{
	return kr_arena_printf(c->arena, "%llu", (unsigned long long)n);
}

struct kr_str kr_cell_bool(bool v)
{
	return v ? KR_STR("yes") : KR_STR("no");
}

int kr_cell_id(struct kr_cli *c, int arg, const char *what, uint64_t max, uint64_t *ret)
{
	const char *text = kr_cli_arg(c, arg);

	if (text && !kr_str_u64(kr_str_c(text), ret) && *ret > 0 && *ret <= max)
		return 0;
	kr_fault_set(&c->fault, -KR_EUSAGE, "'%.60s' is no number of a %s", text ? text : "", what);
	kr_fault_remedy(&c->fault, "karaula %s list shows the numbers", what);
	return -KR_EUSAGE;
}

int kr_cell_constituent(struct kr_cli *c, const char *name, uint32_t *ret)
{
	struct kr_constituent k;
	struct kr_rule *rules;
	size_t n;
	int err;

	*ret = 0;
	if (!name)
		return 0;
	err = kr_store_constituent_get(c->node->store, &c->scope, kr_str_c(name), 0, c->arena, &k,
				       &rules, &n, &c->fault);
	if (!err)
		*ret = k.id;
	return err;
}

int kr_cell_expiry(struct kr_cli *c, const char *text, kr_time *ret)
{
	int64_t span;

	*ret = KR_TIME_NONE;
	if (!text || !strcmp(text, "never"))
		return 0;
	if (!kr_span_parse(kr_str_c(text), &span) && span > 0 && span <= 36500 * KR_DAY) {
		*ret = kr_store_now(c->node->store) + span;
		return 0;
	}
	if (!kr_time_parse(kr_str_c(text), ret))
		return 0;
	kr_fault_set(&c->fault, -KR_EUSAGE, "'%.60s' is no end", text);
	kr_fault_remedy(&c->fault, "write a span as 30d, a time as 2026-12-24, or never");
	return -KR_EUSAGE;
}
