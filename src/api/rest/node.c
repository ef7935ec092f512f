/* SPDX-License-Identifier: Apache-2.0 */
/* About the API and who uses it. */
#include "api/rest/handlers.h"

#include "api/rest/call.h"

int kr_rest__openapi_get(struct kr_rest_call *c, struct kr_fault *f)
{
	if (c->rest->openapi.err)
		return kr_fault_set(f, -KR_EINTERNAL, "the description is too large");
	c->reply->type = KR_REST_JSON;
	c->reply->body = KR_BUF(c->rest->openapi.n + 1);
	kr_buf_str_add(&c->reply->body, kr_buf_str(&c->rest->openapi));
	return 0;
}

int kr_rest__me_get(struct kr_rest_call *c, struct kr_fault *f)
{
	const struct kr_role_info *role = kr_role_info(c->viewer.role);
	struct kr_json_out *o = &c->o;

	(void)f;
	kr_rest__begin(c);
	kr_json_object(o);
	kr_json_kstr(o, "kind", c->viewer.kind == KR_VIEWER_KEY ? KR_STR("key") : KR_STR("user"));
	kr_json_kstr(o, "name", c->viewer.name);
	kr_json_kstr(o, "role", kr_str_c(role ? role->name : ""));
	kr_rest__knull(o, "constituent", c->viewer.constituent_name);
	kr_json_key(o, KR_STR("rights"));
	kr_json_array(o);
	for (unsigned bit = 0; bit < 32; bit++) {
		KR_AUTO_BUF b = KR_BUF(100);

		if (!(c->scope.rights >> bit & 1))
			continue;
		kr_rights_text(1u << bit, &b);
		if (b.n)
			kr_json_str(o, kr_buf_str(&b));
	}
	kr_json_array_end(o);
	kr_rest__knull(o, "tlp_max", kr_str_c(kr_tlp_text(c->scope.tlp_max)));
	kr_json_object_end(o);
	return 0;
}
