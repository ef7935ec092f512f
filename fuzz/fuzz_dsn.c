/* SPDX-License-Identifier: Apache-2.0 */
/* Mail that came back: whatever it holds, what is read of it goes through JSON unchanged and is
 * text that people may see. */
#include <stdlib.h>
#include <string.h>

#include "codec/dsn.h"
#include "codec/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
	if (!condition)
		abort();
}

static void plain(struct kr_str s)
{
	need(kr_utf8_valid(s) == s.n);
	for (size_t i = 0; i < s.n; i++)
		need((unsigned char)s.p[i] >= ' ' && s.p[i] != 127);
}

static void parts(struct kr_str in, struct kr_arena *a)
{
	KR_AUTO_BUF b = KR_BUF((in.n + 16) * 2);
	struct kr_mail_part *p;
	size_t n;

	if (kr_mail_read(in, a, &p, &n, NULL))
		return;
	need(n >= 1 && n <= KR_MAIL_PARTS_MAX);
	for (size_t i = 0; i < n; i++) {
		need(p[i].depth < KR_MAIL_DEPTH_MAX);
		need(p[i].body.p >= in.p && p[i].body.p + p[i].body.n <= in.p + in.n);
		kr_buf_clear(&b);
		kr_mail_body(&p[i], a, &b);
		need(!b.err);
		kr_mail_parameter(kr_mail_field(p[i].header, "content-disposition", 0, a),
				  "filename", a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)64 << 20);
	KR_AUTO_BUF json = KR_BUF(1 << 20), again = KR_BUF(1 << 20);
	struct kr_str in = kr_str_n((const char *)data, size);
	struct kr_dsn d, back;

	if (kr_dsn_read(in, a, &d, NULL))
		return 0;
	plain(d.subject);
	plain(d.message_id);
	for (size_t i = 0; i < d.n_to; i++)
		plain(d.to[i]);
	for (size_t i = 0; i < d.n_recipients; i++)
		plain(d.recipients[i].diagnostic);
	kr_dsn_write_json(&d, &json);
	need(!json.err && !kr_dsn_read_json(kr_buf_str(&json), a, &back, NULL));
	kr_dsn_write_json(&back, &again);
	need(again.n == json.n && !memcmp(again.p, json.p, json.n));
	parts(in, a);
	return 0;
}
