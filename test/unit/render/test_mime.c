/* SPDX-License-Identifier: Apache-2.0 */
#include "render/mime.h"

#include "codec/mime.h"
#include "render/mime_text.h"
#include "prop.h"
#include "tap.h"

static void words(const char *in, size_t column, const char *want)
{
	KR_AUTO_BUF b = KR_BUF(10000);

	kr_mime_words(&b, kr_str_c(in), column);
	tap_is_str(kr_buf_str(&b), kr_str_c(want), __FILE__, __LINE__, in);
}

static void header_words(void)
{
	words("", 9, "");
	words("[TLP:AMBER] 3 events", 9, "[TLP:AMBER] 3 events");
	words("  a   b ", 9, "a b");
	words("[TLP:AMBER] \xd0\x88\xd0\xb0 ok", 9, "[TLP:AMBER] =?utf-8?B?0IjQsA==?= ok");
	words("\xc5\xa1 \xc4\x8d", 9, "=?utf-8?B?xaEgxI0=?=");
	words("a\r\nBcc: b@example.org", 9, "a Bcc: b@example.org");
	words("a\tb\x7f"
	      "c\x01",
	      9, "a b c");
	words("=?utf-8?B?QQ==?=", 9, "=?utf-8?B?PT91dGYtOD9CP1FRPT0/PQ==?=");
	words("x\xff", 9, "=?utf-8?B?eO+/vQ==?=");
	/* A mark that turns the direction of text. */
	words("a\xe2\x80\xae"
	      "b",
	      9, "=?utf-8?B?Ye+/vWI=?=");
	words("aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccc ddd", 9,
	      "aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n cccccccccccccccccccccc ddd");
}

static struct kr_mime_message message(const struct kr_mime_part *parts, size_t n)
{
	return (struct kr_mime_message){
		.from = {KR_STR("CSIRT \"x\", y"), KR_STR("csirt@example.org")},
		.to = {KR_STR_NULL, KR_STR("abuse@example.net")},
		.subject = KR_STR("s"),
		.date = 1795305600 * KR_SECOND,
		.message_id = KR_STR("kr.7.0123@example.org"),
		.language = KR_STR("sr-Cyrl"),
		.parts = parts,
		.n_parts = n,
	};
}

static void whole(void)
{
	const struct kr_mime_part parts[] = {
		{.type = KR_STR("text/plain"), .text = true, .body = KR_STR("Hello\n.dot\nend\n")},
		{.type = KR_STR("text/csv"),
		 .filename = KR_STR("events.csv"),
		 .body = KR_STR("a,b\r\n1,2\r\n")},
	};
	struct kr_mime_message m = message(parts, 1);
	KR_AUTO_BUF b = KR_BUF(10000), again = KR_BUF(10000), small = KR_BUF(100);
	struct kr_fault f = {0};

	IS(kr_mime_write(&m, &b, &f), 0, "a message of one part");
	IS_CSTR(kr_buf_cstr(&b),
		"Date: Sun, 22 Nov 2026 00:00:00 +0000\r\n"
		"From: \"CSIRT \\\"x\\\", y\"\r\n <csirt@example.org>\r\n"
		"To: abuse@example.net\r\n"
		"Subject: s\r\n"
		"Message-ID: <kr.7.0123@example.org>\r\n"
		"Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n"
		"X-Auto-Response-Suppress: All\r\nContent-Language: sr-Cyrl\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		"Hello\r\n=2Edot\r\nend\r\n\r\n",
		"all of it");
	kr_buf_clear(&b);
	m.n_parts = 2;
	IS(kr_mime_write(&m, &b, &f), 0, "two parts");
	OK(strstr(kr_buf_cstr(&b), "Content-Type: multipart/mixed;\r\n boundary=\"=_"), "mixed");
	OK(strstr(kr_buf_cstr(&b), "\r\n\r\nYSxiDQoxLDINCg==\r\n--=_"), "bytes are base64");
	OK(strstr(kr_buf_cstr(&b), "attachment;\r\n filename=\"events.csv\"\r\n"), "with a name");
	IS(kr_mime_write(&m, &again, &f), 0, "again");
	tap_is_str(kr_buf_str(&again), kr_buf_str(&b), __FILE__, __LINE__, "the same bytes");
	m.report_type = "feedback-report";
	kr_buf_clear(&b);
	IS(kr_mime_write(&m, &b, &f), 0, "a report");
	OK(strstr(kr_buf_cstr(&b), "multipart/report; report-type=feedback-report;"), "is one");
	IS(kr_mime_write(&m, &small, &f), -KR_ELIMIT, "more than there is room");
}

static void refused(struct kr_mime_message m, const char *what)
{
	KR_AUTO_BUF b = KR_BUF(10000);
	struct kr_fault f = {0};

	IS(kr_mime_write(&m, &b, &f), -KR_EINVAL, what);
	IS(b.n, 0, "nothing is written");
}

static void structure(void)
{
	const struct kr_mime_part part = {.type = KR_STR("text/plain"), .text = true};
	struct kr_mime_part bad = part;
	struct kr_mime_message m = message(&part, 1), x;

	x = m, x.to.address = KR_STR("a@example.org\r\nBcc: b@example.org");
	refused(x, "a line end in an address");
	x = m, x.to.address = KR_STR("a@example.org>, <b@example.org");
	refused(x, "two addresses");
	x = m, x.from.address = KR_STR("");
	refused(x, "no sender");
	x = m, x.message_id = KR_STR("a b@example.org");
	refused(x, "a blank in an id");
	x = m, x.language = KR_STR("en\r\nX: y");
	refused(x, "a line end in a language");
	x = m, x.n_parts = 0;
	refused(x, "no part");
	x = m, x.n_parts = KR_MIME_PARTS_MAX + 1;
	refused(x, "too many parts");
	bad.type = KR_STR("text/plain; x=\"y\"");
	x = m, x.parts = &bad;
	refused(x, "a parameter in a type");
}

/* Text of bytes that like to break things. */
static struct kr_str hostile(struct kr_arena *a)
{
	static const char *const pieces[] = {
		"\r\n",
		"\n",
		"\r",
		"=?utf-8?Q?a?=",
		"\xd0\x96",
		"\xf0\x9f\x92\xa9",
		"\xff",
		" ",
		"\t",
		"a",
		".",
		"\r\n.\r\n",
		"--=_",
		"\"",
		"\\",
		"<x@y>",
		";",
		"From ",
		"\xe2\x80\xae",
		"%",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"a",
	};
	KR_AUTO_BUF b = KR_BUF(100000);
	size_t n = prop_below(30);

	for (size_t i = 0; i < n; i++) {
		const char *piece = pieces[prop_below(KR_ARRAY_LEN(pieces))];

		for (size_t k = prop_below(20) ? 1 : 30; k; k--)
			kr_buf_c(&b, piece);
	}
	return kr_arena_dup(a, kr_buf_str(&b));
}

/* Every line ends in CR LF, is ASCII and short; the fields of the header are the known ones. */
static const char *broken(struct kr_str s)
{
	static const char *const fields[] = {
		"Date:",       "From:",		  "To:",	 "Subject:",
		"Message-ID:", "Auto-Submitted:", "Precedence:", "X-Auto-Response-Suppress:",
		"Content-",    "MIME-Version:"};
	bool header = true;

	while (s.n) {
		ptrdiff_t end = kr_str_find(s, KR_STR("\r\n"));
		struct kr_str line = kr_str_first(s, (size_t)(end < 0 ? 0 : end));
		bool known = kr_str_starts(line, KR_STR(" ")) || !line.n;

		if (end < 0)
			return "no line end";
		if (line.n > 300)
			return "a long line";
		if (header && line.n && !kr_str_trim(line).n)
			return "a line of blanks in the header";
		for (size_t i = 0; i < line.n; i++)
			if (line.p[i] & 0x80 || (line.p[i] < ' ' && line.p[i] != '\t'))
				return "a byte that is not plain";
		for (size_t i = 0; i < KR_ARRAY_LEN(fields); i++)
			known = known || kr_str_starts(line, kr_str_c(fields[i]));
		if (header && !known)
			return "an unknown field";
		header = header && line.n;
		s = kr_str_from(s, (size_t)end + 2);
	}
	return NULL;
}

static void nothing_breaks_out(void)
{
	unsigned runs = prop_begin(2000), bad = 0;

	for (unsigned i = 0; i < runs && !bad; i++) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		KR_AUTO_BUF b = KR_BUF(1 << 20);
		struct kr_mime_part parts[2] = {
			{.type = KR_STR("text/plain"), .text = true, .body = hostile(a)},
			{.type = KR_STR("text/csv"), .filename = hostile(a), .body = hostile(a)},
		};
		struct kr_mime_message m = message(parts, 1 + prop_below(2));
		const char *why;

		m.subject = hostile(a);
		m.from.name = hostile(a);
		m.to.name = hostile(a);
		why = kr_mime_write(&m, &b, NULL) ? "not written" : broken(kr_buf_str(&b));
		if (!why)
			continue;
		bad++;
		printf("# %s in:\n# %.*s\n", why, KR_STR_ARG(kr_buf_str(&b)));
	}
	IS(bad, 0, "hostile text stays inside");
}

/* ---- what is written is read back ---- */

static bool lines_equal(struct kr_str got, struct kr_str text)
{
	KR_AUTO_BUF want = KR_BUF(text.n * 2 + 16);

	kr_render__lines(&want, text);
	return kr_str_eq(got, kr_buf_str(&want));
}

static const char *differs(const struct kr_mime_message *m, struct kr_str bytes, struct kr_arena *a)
{
	KR_AUTO_BUF clean = KR_BUF(1 << 20), b = KR_BUF(1 << 20);
	struct kr_mail_part *p;
	size_t n;

	if (kr_mail_read(bytes, a, &p, &n, NULL) || n != m->n_parts + (m->n_parts > 1))
		return "parts";
	kr_render__header_text(&clean, m->subject);
	kr_mail_words(kr_mail_field(p[0].header, "subject", 0, a), &b);
	/* Runs of blanks are one, and long values are cut by the reader. */
	if (clean.n < 3000) {
		struct kr_str got = kr_buf_str(&b), want = kr_buf_str(&clean);
		size_t i = 0, k = 0;

		while (i < got.n || k < want.n) {
			while (i < got.n && got.p[i] == ' ')
				i++;
			while (k < want.n && want.p[k] == ' ')
				k++;
			if (i == got.n || k == want.n)
				break;
			if (got.p[i++] != want.p[k++])
				return "subject";
		}
		if (i != got.n || k != want.n)
			return "the length of the subject";
	}
	kr_buf_clear(&b);
	kr_mail_body(&p[m->n_parts > 1], a, &b);
	/* A line end is behind the last part; in base64 it is no content. */
	if (m->n_parts == 1 && kr_str_find(p[0].header, KR_STR("base64")) < 0)
		b.n -= KR_MIN(b.n, (size_t)2);
	if (!lines_equal(kr_buf_str(&b), m->parts[0].body))
		return "text";
	if (m->n_parts == 1)
		return NULL;
	kr_buf_clear(&b);
	kr_mail_body(&p[2], a, &b);
	if (!kr_str_eq(kr_buf_str(&b), m->parts[1].body))
		return "attachment";
	kr_buf_clear(&clean);
	kr_render__header_text(&clean, m->parts[1].filename);
	if (clean.n && clean.n < 1000 &&
	    !kr_str_eq(kr_mail_parameter(kr_mail_field(p[2].header, "content-disposition", 0, a),
					 "filename", a),
		       kr_buf_str(&clean)))
		return "file name";
	return NULL;
}

static void read_back(void)
{
	unsigned runs = prop_begin(2000), bad = 0;

	for (unsigned i = 0; i < runs && !bad; i++) {
		KR_AUTO(kr_arena) *a = kr_arena_new(0);
		KR_AUTO_BUF b = KR_BUF(1 << 20);
		struct kr_mime_part parts[2] = {
			{.type = KR_STR("text/plain"), .text = true, .body = hostile(a)},
			{.type = KR_STR("text/csv"), .filename = hostile(a), .body = hostile(a)},
		};
		struct kr_mime_message m = message(parts, 1 + prop_below(2));
		const char *why;

		m.subject = hostile(a);
		why = kr_mime_write(&m, &b, NULL) ? "not written" : differs(&m, kr_buf_str(&b), a);
		if (!why)
			continue;
		bad++;
		printf("# %s in:\n# %.*s\n", why, KR_STR_ARG(kr_buf_str(&b)));
	}
	IS(bad, 0, "what is written is read back");
}

int main(void)
{
	read_back();
	header_words();
	whole();
	structure();
	nothing_breaks_out();
	return tap_end();
}
