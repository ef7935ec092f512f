/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a value of a page: what is written is UTF-8, and holds nothing that ends its place.
 */
#include "web/html.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KR_AUTO_BUF b = KR_BUF(SIZE_MAX);
	struct kr_str out;

	kr_html_escape(&b, kr_str_n((const char *)data, size));
	out = kr_buf_str(&b);
	if (kr_utf8_valid(out) != out.n)
		abort();
	for (size_t i = 0; i < out.n; i++)
		if (strchr("<>\"'", out.p[i]) ||
		    ((unsigned char)out.p[i] < ' ' && out.p[i] != '\n' && out.p[i] != '\t'))
			abort();
	return 0;
}
