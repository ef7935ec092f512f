/* SPDX-License-Identifier: Apache-2.0 */
/* The register: who owns addresses. */
#include "api/rest/encode.h"
#include "api/rest/handlers.h"

#define RULES_MAX 10000

int kr_rest__constituent_list(struct kr_rest_call *c, struct kr_fault *f)
{
	uint32_t limit = (uint32_t)kr_rest__param(c, "limit")->i;
	struct kr_str after = kr_rest__param(c, "cursor")->text;
	struct kr_constituent *rows;
	size_t n;
	int err = kr_store_constituent_list(c->rest->o.store, &c->scope, after, limit + 1, c->a,
					    &rows, &n, f);

	if (err)
		return err;
	kr_rest__begin(c);
	kr_json_object(&c->o);
	kr_json_key(&c->o, KR_STR("constituents"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < KR_MIN(n, (size_t)limit); i++) {
		kr_rest__constituent(&c->o, &rows[i]);
		kr_json_object_end(&c->o);
	}
	kr_json_array_end(&c->o);
	kr_rest__cursor(c, n > limit ? rows[limit - 1].name : KR_STR(""));
	kr_json_object_end(&c->o);
	return 0;
}

int kr_rest__constituent_get(struct kr_rest_call *c, struct kr_fault *f)
{
	struct kr_constituent row;
	struct kr_rule *rules;
	size_t n;
	int err = kr_store_constituent_get(c->rest->o.store, &c->scope,
					   kr_rest__param(c, "name")->text, RULES_MAX, c->a, &row,
					   &rules, &n, f);

	if (err)
		return err;
	kr_rest__begin(c);
	kr_rest__constituent(&c->o, &row);
	kr_json_key(&c->o, KR_STR("rules"));
	kr_json_array(&c->o);
	for (size_t i = 0; i < n; i++) {
		kr_json_object(&c->o);
		kr_json_kstr(&c->o, "kind", kr_str_c(kr_rule_kind_text(rules[i].kind)));
		kr_json_kstr(&c->o, "value", rules[i].value);
		kr_json_object_end(&c->o);
	}
	kr_json_array_end(&c->o);
	kr_json_object_end(&c->o);
	return 0;
}
