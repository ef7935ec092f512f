/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a report is a multipart/report whose second part is a message/delivery-status:
 * groups of fields, the first about the message, each further one about a recipient. The third part
 * holds the message or its header, of which only the Message-ID is wanted.
 */
#include "codec/dsn.h"

#include "base/json.h"
#include "codec/mime.h"

#define STATUS_MAX ((size_t)64 << 10) /* bytes of a delivery-status that are read */

/* ---- texts ---- */

/* Text from outside as people may read it. */
static struct kr_str plain(struct kr_str s, struct kr_arena *a)
{
	KR_AUTO_BUF words = KR_BUF(KR_MAIL_VALUE_MAX * 2);
	KR_AUTO_BUF b = KR_BUF(KR_DSN_TEXT_MAX + 8);
	struct kr_str rest;

	kr_mail_words(s, &words);
	rest = kr_buf_str(&words);
	while (rest.n && b.n < KR_DSN_TEXT_MAX) {
		unsigned char c = (unsigned char)rest.p[0];
		size_t n = c < 0x80 ? 1 : kr_utf8_valid(kr_str_first(rest, 4));

		/* Of several characters only the first. */
		for (size_t i = 1; c >= 0x80 && i < n; i++)
			if (((unsigned char)rest.p[i] & 0xc0) != 0x80)
				n = i;
		if (n && c >= ' ' && c != 127 && !(c == 0xc2 && (unsigned char)rest.p[1] < 0xa0))
			kr_buf_add(&b, rest.p, n);
		else
			kr_buf_ch(&b, '?');
		rest = kr_str_from(rest, n ? n : 1);
	}
	return kr_arena_dup(a, kr_buf_str(&b));
}

/* "rfc822; user@example.org", "<user@example.org>", "Name <user@example.org>" */
static struct kr_str bare_address(struct kr_str s)
{
	ptrdiff_t semicolon = kr_str_chr(s, ';'), open, close;

	if (semicolon >= 0)
		s = kr_str_from(s, (size_t)semicolon + 1);
	open = kr_str_chr(s, '<');
	if (open >= 0) {
		s = kr_str_from(s, (size_t)open + 1);
		close = kr_str_chr(s, '>');
		s = kr_str_first(s, close < 0 ? s.n : (size_t)close);
	}
	return kr_str_trim(s);
}

/* ---- whom it was sent to ---- */

static void add_addresses(struct kr_dsn *d, struct kr_str list, struct kr_arena *a)
{
	struct kr_str rest = list, piece;

	while (list.n && kr_str_split(&rest, ',', &piece)) {
		piece = bare_address(piece);
		if (piece.n && piece.n <= 320 && d->n_to < KR_DSN_ADDRESSES_MAX)
			d->to[d->n_to++] = plain(piece, a);
	}
}

static void read_addresses(struct kr_dsn *d, struct kr_str header, struct kr_arena *a)
{
	static const char *const fields[] = {"x-original-to", "delivered-to", "envelope-to", "to"};

	for (size_t i = 0; i < KR_ARRAY_LEN(fields); i++)
		for (unsigned nth = 0; nth < 4; nth++) {
			struct kr_str v = kr_mail_field(header, fields[i], nth, a);

			if (!v.p)
				break;
			add_addresses(d, v, a);
		}
}

/* ---- the report ---- */

static void read_status(struct kr_str s, unsigned ret[3])
{
	struct kr_str rest = s, piece;
	uint64_t n;

	for (size_t i = 0; i < 3 && kr_str_split(&rest, '.', &piece); i++) {
		size_t digits = 0;

		while (digits < piece.n && digits < 3 && kr_is_digit(piece.p[digits]))
			digits++;
		if (kr_str_u64(kr_str_first(piece, digits), &n))
			break;
		ret[i] = (unsigned)n;
	}
}

static enum kr_dsn_action action_of(struct kr_str s)
{
	static const struct {
		const char *word;
		enum kr_dsn_action action;
	} words[] = {{"failed", KR_DSN_FAILED},
		     {"delayed", KR_DSN_DELAYED},
		     {"delivered", KR_DSN_DELIVERED},
		     {"relayed", KR_DSN_DELIVERED},
		     {"expanded", KR_DSN_DELIVERED}};

	for (size_t i = 0; i < KR_ARRAY_LEN(words); i++)
		if (kr_str_istarts(s, kr_str_c(words[i].word)))
			return words[i].action;
	return KR_DSN_UNKNOWN;
}

static void read_recipient(struct kr_dsn *d, struct kr_str group, struct kr_arena *a)
{
	struct kr_str action = kr_mail_field(group, "action", 0, a), v;
	struct kr_dsn_recipient *r = &d->recipients[d->n_recipients];

	if (!action.p || d->n_recipients == KR_DSN_RECIPIENTS_MAX)
		return;
	r->action = action_of(action);
	v = kr_mail_field(group, "final-recipient", 0, a);
	if (!v.p)
		v = kr_mail_field(group, "original-recipient", 0, a);
	r->address = plain(bare_address(v), a);
	r->diagnostic = plain(kr_mail_field(group, "diagnostic-code", 0, a), a);
	read_status(kr_mail_field(group, "status", 0, a), r->status);
	d->n_recipients++;
}

static void read_delivery_status(struct kr_dsn *d, const struct kr_mail_part *p, struct kr_arena *a)
{
	KR_AUTO_BUF b = KR_BUF(STATUS_MAX);
	struct kr_str rest, line;
	const char *start;

	kr_mail_body(p, a, &b);
	rest = b.n ? kr_buf_str(&b) : kr_str_first(p->body, STATUS_MAX);
	start = rest.p;
	/* Groups end at empty lines. */
	while (rest.n) {
		ptrdiff_t end = kr_str_chr(rest, '\n');

		line = kr_str_trim(kr_str_first(rest, end < 0 ? rest.n : (size_t)end));
		rest = kr_str_from(rest, end < 0 ? rest.n : (size_t)end + 1);
		if (line.n && rest.n)
			continue;
		read_recipient(d, kr_str_n(start, (size_t)(rest.p - start)), a);
		start = rest.p;
	}
}

static void read_original(struct kr_dsn *d, struct kr_str header, struct kr_arena *a)
{
	struct kr_str id = kr_mail_field(header, "message-id", 0, a);

	if (id.p && !d->message_id.n)
		d->message_id = plain(bare_address(id), a);
}

static void read_parts(struct kr_dsn *d, const struct kr_mail_part *parts, size_t n,
		       struct kr_arena *a)
{
	for (size_t i = 1; i < n; i++) {
		const struct kr_mail_part *p = &parts[i];

		if (kr_str_eqc(p->type, "message/delivery-status") ||
		    kr_str_eqc(p->type, "message/global-delivery-status"))
			read_delivery_status(d, p, a);
		else if (kr_str_eqc(p->type, "text/rfc822-headers"))
			read_original(d, p->body, a);
		else if (kr_str_eqc(p->type, "message/rfc822") && i + 1 < n)
			read_original(d, parts[i + 1].header, a);
	}
}

/* ---- what it is ---- */

static enum kr_dsn_kind kind_of(const struct kr_mail_part *top, const struct kr_dsn *d,
				struct kr_arena *a)
{
	struct kr_str content = kr_mail_field(top->header, "content-type", 0, a);
	struct kr_str type = kr_mail_parameter(content, "report-type", a);
	struct kr_str automatic = kr_mail_field(top->header, "auto-submitted", 0, a);
	struct kr_str precedence = kr_mail_field(top->header, "precedence", 0, a);

	if (kr_str_eqc(top->type, "multipart/report")) {
		if (kr_str_ieq(type, KR_STR("feedback-report")))
			return KR_DSN_COMPLAINT;
		if (d->n_recipients)
			return KR_DSN_REPORT;
	}
	if (kr_str_istarts(automatic, KR_STR("auto-replied")) ||
	    kr_str_istarts(automatic, KR_STR("auto-generated")) ||
	    kr_str_ieq(precedence, KR_STR("auto_reply")) ||
	    kr_mail_field(top->header, "x-autoreply", 0, a).p ||
	    kr_mail_field(top->header, "x-autorespond", 0, a).p)
		return KR_DSN_REPLY;
	return KR_DSN_OTHER;
}

int kr_dsn_read(struct kr_str mail, struct kr_arena *a, struct kr_dsn *ret, struct kr_fault *reterr)
{
	struct kr_mail_part *parts;
	struct kr_dsn d = {0};
	size_t n;
	int err = kr_mail_read(mail, a, &parts, &n, reterr);

	if (err)
		return err;
	read_addresses(&d, parts[0].header, a);
	d.subject = plain(kr_mail_field(parts[0].header, "subject", 0, a), a);
	read_parts(&d, parts, n, a);
	d.kind = kind_of(&parts[0], &d, a);
	/* An answer names the message it answers. */
	if (!d.message_id.n)
		d.message_id =
			plain(bare_address(kr_mail_field(parts[0].header, "in-reply-to", 0, a)), a);
	if (kr_arena_full(a))
		return kr_fault_set(reterr, -KR_ELIMIT, "the message is too large");
	*ret = d;
	return 0;
}
