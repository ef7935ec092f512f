/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: header fields in a fixed order, then the parts. A boundary begins with "=_",
 * which neither base64 nor quoted-printable can hold, and text that goes as it is has no line that
 * begins with "--"; so no part can end another. What is structured (addresses, ids, types) is
 * checked and refused; what is text for people is cleaned and encoded.
 */
#include "render/mime.h"

#include "base/base64.h"
#include "base/hash.h"
#include "render/mime_text.h"

#include <stdio.h>

#define BOUNDARY_SIZE 40

/* ---- what is structured ---- */

/* Printable ASCII without blanks and what would end a structure. */
static bool is_plain(struct kr_str s, const char *without, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 127 || strchr(without, s.p[i]))
			return false;
	return s.n && s.n <= max;
}

static bool is_address(struct kr_str s)
{
	ptrdiff_t at = kr_str_chr(s, '@');

	return is_plain(s, "<>()[]\\,;:\"", 320) && at > 0 && (size_t)at + 1 < s.n;
}

static bool is_type(struct kr_str s)
{
	ptrdiff_t slash = kr_str_chr(s, '/');

	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && !strchr("/.+-", s.p[i]))
			return false;
	return s.n <= 100 && slash > 0 && (size_t)slash + 1 < s.n && !memchr(s.p, 0, s.n);
}

static int check(const struct kr_mime_message *m, struct kr_fault *reterr)
{
	if (!is_address(m->from.address))
		return kr_fault_set(reterr, -KR_EINVAL, "the sender's address of a mail is wrong");
	if (!is_address(m->to.address))
		return kr_fault_set(reterr, -KR_EINVAL, "the recipient's address is wrong");
	if (!is_address(m->message_id))
		return kr_fault_set(reterr, -KR_EINVAL, "the id of a message is wrong");
	if (m->language.n && !is_plain(m->language, "\",;", 40))
		return kr_fault_set(reterr, -KR_EINVAL, "the language of a message is wrong");
	if (!m->n_parts || m->n_parts > KR_MIME_PARTS_MAX)
		return kr_fault_set(reterr, -KR_EINVAL, "a message has 1 to %d parts",
				    KR_MIME_PARTS_MAX);
	for (size_t i = 0; i < m->n_parts; i++)
		if (!is_type(m->parts[i].type))
			return kr_fault_set(reterr, -KR_EINVAL, "the type of a part is wrong");
	return 0;
}

/* ---- the header ---- */

static void put_date(struct kr_buf *b, kr_time t)
{
	static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int32_t day = kr_time_day(t);
	int64_t s = (t - kr_day_time(day)) / KR_SECOND;
	int year, month, mday;

	kr_day_date(day, &year, &month, &mday);
	kr_buf_printf(b, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
		      days[((day % 7) + 7) % 7], mday, months[month - 1], year, (int)(s / 3600),
		      (int)(s / 60 % 60), (int)(s % 60));
}

/* A display name as a quoted string, or as encoded words (RFC 2047 allows these in a phrase). */
static void put_phrase(struct kr_buf *b, struct kr_str name, size_t column)
{
	KR_AUTO_BUF clean = KR_BUF(name.n * 3 + 1);
	bool ascii = true;
	struct kr_str s;

	kr_render__header_text(&clean, name);
	s = kr_str_trim(kr_buf_str(&clean));
	for (size_t i = 0; i < s.n; i++)
		ascii = ascii && !(s.p[i] & 0x80);
	if (!ascii || s.n > 60 || kr_str_find(s, KR_STR("=?")) >= 0) {
		/* All of it: words beside encoded ones may hold specials. */
		kr_render__encoded(b, s, column);
		return;
	}
	kr_buf_ch(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			kr_buf_ch(b, '\\');
		kr_buf_ch(b, s.p[i]);
	}
	kr_buf_ch(b, '"');
}

static void put_address(struct kr_buf *b, const char *field, const struct kr_mime_address *a)
{
	kr_buf_printf(b, "%s: ", field);
	if (a->name.n) {
		put_phrase(b, a->name, strlen(field) + 2);
		kr_buf_c(b, "\r\n ");
		kr_buf_printf(b, "<%.*s>\r\n", KR_STR_ARG(a->address));
	} else {
		kr_buf_printf(b, "%.*s\r\n", KR_STR_ARG(a->address));
	}
}

static void put_header(struct kr_buf *b, const struct kr_mime_message *m)
{
	put_date(b, m->date);
	put_address(b, "From", &m->from);
	put_address(b, "To", &m->to);
	kr_buf_c(b, "Subject: ");
	kr_mime_words(b, m->subject, 9);
	kr_buf_printf(b, "\r\nMessage-ID: <%.*s>\r\n", KR_STR_ARG(m->message_id));
	/* No automatic answers, please (RFC 3834; the others are custom). */
	kr_buf_c(b, "Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n"
		    "X-Auto-Response-Suppress: All\r\n");
	if (m->language.n)
		kr_buf_printf(b, "Content-Language: %.*s\r\n", KR_STR_ARG(m->language));
	kr_buf_c(b, "MIME-Version: 1.0\r\n");
}

/* ---- parts ---- */

static void put_text(struct kr_buf *b, struct kr_str body, enum kr_transfer how)
{
	KR_AUTO_BUF lines = KR_BUF(body.n * 2 + 1);

	switch (how) {
	case KR_TRANSFER_7BIT: kr_render__lines(b, body); break;
	case KR_TRANSFER_QP: kr_render__quoted(b, body); break;
	case KR_TRANSFER_BASE64:
		/* Text in base64 has CR LF inside (RFC 2046 section 4.1.1). */
		kr_render__lines(&lines, body);
		kr_base64_write(b, kr_buf_str(&lines), 76);
		break;
	}
}

static void put_part(struct kr_buf *b, const struct kr_mime_part *p)
{
	static const char *const names[] = {"7bit", "quoted-printable", "base64"};
	enum kr_transfer how = p->text || p->ascii ? kr_render__transfer(p->body)
						   : KR_TRANSFER_BASE64;
	bool utf8 = p->text || kr_str_starts(p->type, KR_STR("text/"));

	kr_buf_printf(b, "Content-Type: %.*s", KR_STR_ARG(p->type));
	if (utf8)
		kr_buf_c(b, "; charset=utf-8");
	if (p->filename.n)
		kr_render__parameter(b, "name", p->filename);
	kr_buf_printf(b, "\r\nContent-Transfer-Encoding: %s\r\n", names[how]);
	if (p->filename.n) {
		kr_buf_c(b, "Content-Disposition: attachment");
		kr_render__parameter(b, "filename", p->filename);
		kr_buf_c(b, "\r\n");
	}
	kr_buf_c(b, "\r\n");
	if (how == KR_TRANSFER_BASE64 && !p->text && !p->ascii)
		kr_base64_write(b, p->body, 76);
	else
		put_text(b, p->body, how);
	kr_buf_c(b, "\r\n");
}

static void boundary_of(const struct kr_mime_message *m, char ret[BOUNDARY_SIZE])
{
	struct kr_hash h;
	char text[KR_HASH_SIZE * 2 + 1];

	kr_hash_of(m->message_id.p, m->message_id.n, &h);
	snprintf(ret, BOUNDARY_SIZE, "=_%.32s", kr_hash_text(&h, text));
}

int kr_mime_write(const struct kr_mime_message *m, struct kr_buf *b, struct kr_fault *reterr)
{
	char boundary[BOUNDARY_SIZE];
	int err = check(m, reterr);

	if (err)
		return err;
	put_header(b, m);
	if (m->n_parts == 1) {
		put_part(b, m->parts);
	} else {
		boundary_of(m, boundary);
		kr_buf_printf(b, "Content-Type: multipart/%s;",
			      m->report_type ? "report" : "mixed");
		if (m->report_type)
			kr_buf_printf(b, " report-type=%s;", m->report_type);
		kr_buf_printf(b, "\r\n boundary=\"%s\"\r\n\r\n", boundary);
		for (size_t i = 0; i < m->n_parts; i++) {
			kr_buf_printf(b, "--%s\r\n", boundary);
			put_part(b, &m->parts[i]);
		}
		kr_buf_printf(b, "--%s--\r\n", boundary);
	}
	if (b->err)
		return kr_fault_set(reterr, b->err, "a message may have %zu bytes", b->max);
	return 0;
}
