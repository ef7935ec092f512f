/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/mime.h"

#include "tap.h"

static struct kr_arena *a;

static void value(const char *header, const char *name, const char *want)
{
	struct kr_str v = kr_mail_field(kr_str_c(header), name, 0, a);

	tap_is_str(v.p ? v : KR_STR("(none)"), kr_str_c(want), __FILE__, __LINE__, header);
}

static void fields(void)
{
	const char *h = "To: a@example.org\r\nSubject:  one\r\n\ttwo\r\n three \r\nX:\r\nto: b\r\n";

	value(h, "subject", "one two three");
	value(h, "SUBJECT", "one two three");
	value(h, "x", "");
	value(h, "cc", "(none)");
	value(h, "to", "a@example.org");
	IS_STR(kr_mail_field(kr_str_c(h), "to", 1, a), KR_STR("b"), "the second of its name");
	OK(!kr_mail_field(kr_str_c(h), "to", 2, a).p, "there is no third");
	value("A : b\n", "a", "b");
	value("no colon\nA: b\n", "a", "b");
	value(" : x\nA: b\n", "a", "b");
	value("A: b\001\177c\n", "a", "b  c");
	value("A: b", "a", "b");
	value("", "a", "(none)");
}

static void parameter(const char *v, const char *name, const char *want)
{
	struct kr_str got = kr_mail_parameter(kr_str_c(v), name, a);

	tap_is_str(got.p ? got : KR_STR("(none)"), kr_str_c(want), __FILE__, __LINE__, v);
}

static void parameters(void)
{
	parameter("text/plain; charset=utf-8", "charset", "utf-8");
	parameter("text/plain; a=b; CharSet = \"utf-8\" ; c=d", "charset", "utf-8");
	parameter("text/plain", "charset", "(none)");
	parameter("text/plain;", "charset", "(none)");
	parameter("x/y; boundary=\"a;b=\\\"c\\\\\"", "boundary", "a;b=\"c\\");
	parameter("x/y; name*=utf-8''%D0%96%20a", "name", "\xd0\x96 a");
	parameter("x/y; name*0*=utf-8'en'%D0; name*1*=%96; name*2=x", "name", "\xd0\x96x");
	parameter("x/y; name*1*=%96; name*0*=utf-8''%D0", "name", "\xd0\x96");
	parameter("x/y; name*=utf-8''100%; ", "name", "100%");
	parameter("x/y; name*=utf-8''%4", "name", "%4");
	parameter("x/y; names=z", "name", "(none)");
	parameter("x/y; name=\"not closed", "name", "not closed");
}

static void words(const char *in, const char *want)
{
	KR_AUTO_BUF b = KR_BUF(1000);

	kr_mail_words(kr_str_c(in), &b);
	tap_is_str(kr_buf_str(&b), kr_str_c(want), __FILE__, __LINE__, in);
}

static void encoded_words(void)
{
	words("plain", "plain");
	words("=?utf-8?B?0JY=?= a", "\xd0\x96 a");
	words("=?UTF-8?q?=D0=96_a?=", "\xd0\x96 a");
	words("=?utf-8?B?0A==?= =?utf-8?B?lg==?=", "\xd0\x96");
	words("=?utf-8?B?QQ==?=  b", "A  b");
	words("=?koi8-r?B?QQ==?=", "=?koi8-r?B?QQ==?=");
	words("=?utf-8?B?Q?=", "=?utf-8?B?Q?=");
	words("=?utf-8?X?Q?=", "=?utf-8?X?Q?=");
	words("=?utf-8?B?QQ==", "=?utf-8?B?QQ==");
	words("=?", "=?");
	words("=?a?b", "=?a?b");
	words("a =? b", "a =? b");
}

static void parts(void)
{
	static const char mail[] =
		"From nobody Sun Nov 22 00:00:00 2026\n"
		"Content-Type: multipart/mixed; boundary=\"x\"\n\n"
		"preamble\n--x\n\nfirst\n\n--x\r\n"
		"Content-Type: MESSAGE/RFC822\n\n"
		"Subject: inner\nContent-Type: multipart/alternative; boundary=xy\n\n"
		"--xy\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
		"PGI+\n--xy--\nepilogue\n--x\nContent-Transfer-Encoding: quoted-printable\n\n"
		"a=3D=\nb=\r\nc=zz=\n--x--\n--x\nafter\n";
	KR_AUTO_BUF b = KR_BUF(1000);
	struct kr_mail_part *p;
	size_t n;

	IS(kr_mail_read(kr_str_c(mail), a, &p, &n, NULL), 0, "a mail with parts");
	IS(n, 6, "six of them");
	IS_STR(p[0].type, KR_STR("multipart/mixed"), "the message");
	OK(p[0].complete, "is complete");
	IS_STR(p[1].type, KR_STR("text/plain"), "without a type it is text");
	IS_STR(p[1].body, KR_STR("first\n"), "the line end before a boundary is not content");
	IS_STR(p[2].type, KR_STR("message/rfc822"), "a message");
	IS_STR(p[3].type, KR_STR("multipart/alternative"), "in it");
	IS(p[3].depth, 2, "two deep");
	IS_STR(p[4].type, KR_STR("text/html"), "a part of that");
	kr_mail_body(&p[4], a, &b);
	IS_STR(kr_buf_str(&b), KR_STR("<b>"), "base64");
	kr_buf_clear(&b);
	kr_mail_body(&p[5], a, &b);
	IS_STR(kr_buf_str(&b), KR_STR("a=bc=zz="),
	       "quoted-printable, with what is wrong in it kept");

	IS(kr_mail_read(KR_STR("Content-Type: multipart/mixed; boundary=x\n\n--x\n\ncut"), a, &p,
			&n, NULL),
	   0, "cut in a part");
	OK(n == 2 && !p[0].complete, "what is there counts, and it is told");
	IS(kr_mail_read(KR_STR(""), a, &p, &n, NULL), 0, "nothing");
	IS(n, 1, "is one empty part");
	IS(kr_mail_read(KR_STR("Content-Type: multipart/mixed\n\n--\n\nx"), a, &p, &n, NULL), 0,
	   "no boundary");
	IS(n, 1, "no parts");
}

static void limits(void)
{
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	struct kr_mail_part *p;
	size_t n;

	for (int i = 0; i < 1000; i++)
		kr_buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	IS(kr_mail_read(kr_buf_str(&b), a, &p, &n, NULL), 0, "a thousand deep");
	IS(n, KR_MAIL_DEPTH_MAX, "is followed eight deep");
	kr_buf_clear(&b);
	kr_buf_c(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (int i = 0; i < 1000; i++)
		kr_buf_c(&b, "--b\n\nx\n");
	IS(kr_mail_read(kr_buf_str(&b), a, &p, &n, NULL), 0, "a thousand parts");
	IS(n, KR_MAIL_PARTS_MAX, "a hundred are looked at");
	kr_buf_clear(&b);
	kr_buf_c(&b, "A: ");
	for (int i = 0; i < 20000; i++)
		kr_buf_c(&b, "x\n ");
	IS(kr_mail_field(kr_buf_str(&b), "a", 0, a).n, KR_MAIL_VALUE_MAX - 1,
	   "a long value is cut");
}

int main(void)
{
	a = kr_arena_new(0);
	fields();
	parameters();
	encoded_words();
	parts();
	limits();
	kr_arena_free(a);
	return tap_end();
}
