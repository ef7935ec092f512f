/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/access.h"

#include "base/buf.h"
#include "gate/gate.h"

struct kr_scope kr_access_scope(const struct kr_viewer *v)
{
	return kr_gate_scope(v);
}

struct kr_viewer kr_access_operator(uint32_t constituent, struct kr_str name)
{
	return (struct kr_viewer){
		.kind = KR_VIEWER_USER,
		.name = name,
		.role = KR_ROLE_OPERATOR,
		.door = KR_DOOR_PAGE,
		.constituent = constituent,
		.constituent_name = name,
		.rights = kr_role_info(KR_ROLE_OPERATOR)->rights,
	};
}

int kr_access_check(const struct kr_viewer *v, enum kr_right right, struct kr_fault *reterr)
{
	KR_AUTO_BUF name = KR_BUF(200);

	if (v->kind == KR_VIEWER_ANONYMOUS) {
		kr_fault_set(reterr, -KR_EAUTH, "nobody is logged in");
		kr_fault_remedy(reterr, "log in, or send an API key");
		return -KR_EAUTH;
	}
	if (kr_viewer_can(v, right))
		return 0;
	kr_rights_text(right, &name);
	kr_fault_set(reterr, -KR_EDENIED, "this needs the right '%s'", kr_buf_cstr(&name));
	kr_fault_remedy(reterr, v->kind == KR_VIEWER_KEY
					? "use a key that has it: karaula apikey create"
					: "ask an administrator");
	return -KR_EDENIED;
}
