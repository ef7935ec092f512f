/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>

#include "tap.h"

int main(void)
{
	struct kr_fault f = {0};
	char text[512];

	IS_CSTR(kr_err_text(-KR_ELIMIT), "over a limit", "text by negative code");
	IS_CSTR(kr_err_name(KR_EBUSY), "BUSY", "name by positive code");
	IS_CSTR(kr_err_name(-12345), "INTERNAL", "unknown code");
	IS(kr_err_http(-KR_ENOENT), 404, "HTTP status");
	IS(kr_err_exit(-KR_EUSAGE), 2, "exit code");
	OK(kr_err_retry(-KR_EBUSY) && !kr_err_retry(-KR_EINVAL), "retry");
	IS(kr_err_errno(ENOSPC), -KR_EFULL, "full disk");

	IS(kr_fault_set(&f, -KR_ESYNTAX, "no %s", "quote"), -KR_ESYNTAX, "returns the code");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)), "no quote", "message alone");
	kr_fault_where(&f, "a.csv");
	kr_fault_at(&f, 3, 14, 100);
	kr_fault_remedy(&f, "close it");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)), "a.csv:3:14: no quote (close it)",
		"all parts");
	IS(kr_fault_errno(&f, ENOSPC, "cannot write %s", "x"), -KR_EFULL, "errno code");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)), "cannot write x: No space left on device",
		"errno text");
	IS(kr_fault_set(NULL, -KR_EIO, "x"), -KR_EIO, "NULL is fine");
	return tap_end();
}
