/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: a message is cut into header and body at its first empty line; the body of a
 * multipart is cut at lines that are its boundary, recursively, into one flat list. Everything is a
 * slice of the input; only decoded values are copied. Lines may end in LF or CR LF, since messages
 * that were piped through programs have either.
 */
#include "codec/mime.h"

#include "base/base64.h"

struct reading {
	struct kr_arena *a;
	struct kr_mail_part *parts;
	size_t n, cap;
};

/* Cut the next line off, without its end. */
static bool next_line(struct kr_str *rest, struct kr_str *line)
{
	ptrdiff_t end;

	if (!rest->n)
		return false;
	end = kr_str_chr(*rest, '\n');
	*line = kr_str_first(*rest, end < 0 ? rest->n : (size_t)end);
	*rest = kr_str_from(*rest, end < 0 ? rest->n : (size_t)end + 1);
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

/* ---- header fields ---- */

static void split_header(struct kr_str all, struct kr_str *header, struct kr_str *body)
{
	struct kr_str rest = all, line;
	const char *start = all.p;

	while (next_line(&rest, &line))
		if (!line.n) {
			*header = kr_str_n(start, (size_t)(line.p - start));
			*body = rest;
			return;
		}
	*header = all;
	*body = kr_str_n(all.p + all.n, 0);
}

static bool is_folded(struct kr_str rest)
{
	return rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t');
}

static struct kr_str unfold(struct kr_str first, struct kr_str rest, struct kr_arena *a)
{
	char *to = kr_arena_bytes(a, KR_MAIL_VALUE_MAX + 1);
	struct kr_str line = first;
	size_t n = 0;

	if (!to)
		return KR_STR_NULL;
	do {
		for (size_t i = 0; i < line.n && n < KR_MAIL_VALUE_MAX; i++) {
			unsigned char c = (unsigned char)line.p[i];

			to[n++] = c < ' ' || c == 127 ? ' ' : (char)c;
		}
	} while (is_folded(rest) && next_line(&rest, &line));
	to[n] = '\0';
	return kr_str_trim(kr_str_n(to, n));
}

struct kr_str kr_mail_field(struct kr_str header, const char *name, unsigned nth,
			    struct kr_arena *a)
{
	struct kr_str rest = header, line;
	size_t length = strlen(name);

	for (unsigned i = 0; i < KR_MAIL_FIELDS_MAX && next_line(&rest, &line); i++) {
		ptrdiff_t colon = kr_str_chr(line, ':');
		struct kr_str found =
			kr_str_trim(kr_str_first(line, colon < 0 ? 0 : (size_t)colon));

		if (colon > 0 && found.n == length && kr_str_ieq(found, kr_str_n(name, length)) &&
		    nth-- == 0)
			return unfold(kr_str_from(line, (size_t)colon + 1), rest, a);
		while (is_folded(rest) && next_line(&rest, &line))
			;
	}
	return KR_STR_NULL;
}

/* ---- parameters ---- */

/* One "name=value" off the rest; quotes undone into `to`, which has room for all of it. */
static bool next_parameter(struct kr_str *rest, struct kr_str *name, struct kr_str *value, char *to)
{
	size_t i = 0, n = 0;
	bool quoted = false;

	if (!rest->n)
		return false;
	while (i < rest->n && rest->p[i] != '=' && rest->p[i] != ';')
		i++;
	*name = kr_str_trim(kr_str_first(*rest, i));
	if (i < rest->n && rest->p[i] == '=')
		for (i++; i < rest->n && (quoted || rest->p[i] != ';'); i++) {
			if (rest->p[i] == '"')
				quoted = !quoted;
			else if (quoted && rest->p[i] == '\\' && i + 1 < rest->n)
				to[n++] = rest->p[++i];
			else
				to[n++] = rest->p[i];
		}
	*value = kr_str_trim(kr_str_n(to, n));
	*rest = kr_str_from(*rest, i + 1);
	return true;
}

/* "%41" undone; the first section of an extended value begins with charset'language'. */
static void undo_percent(struct kr_str s, bool first, struct kr_buf *b)
{
	for (int quotes = first ? 2 : 0; quotes; quotes--) {
		ptrdiff_t at = kr_str_chr(s, '\'');

		if (at < 0)
			break;
		s = kr_str_from(s, (size_t)at + 1);
	}
	for (size_t i = 0; i < s.n; i++) {
		int high = i + 2 < s.n ? kr_hex_value(s.p[i + 1]) : -1;
		int low = i + 2 < s.n ? kr_hex_value(s.p[i + 2]) : -1;

		if (s.p[i] != '%' || high < 0 || low < 0) {
			kr_buf_ch(b, s.p[i]);
			continue;
		}
		kr_buf_ch(b, (char)(high << 4 | low));
		i += 2;
	}
}

/* How a found name belongs to the one asked for: "name", "name*", "name*0", "name*0*". */
static bool belongs(struct kr_str found, const char *name, unsigned section, bool *extended)
{
	size_t n = strlen(name);
	struct kr_str rest;
	uint64_t number = 0;

	if (found.n < n || !kr_str_ieq(kr_str_first(found, n), kr_str_n(name, n)))
		return false;
	rest = kr_str_from(found, n);
	*extended = false;
	if (!rest.n)
		return section == 0;
	if (rest.p[0] != '*')
		return false;
	rest = kr_str_from(rest, 1);
	if (rest.n && rest.p[rest.n - 1] == '*')
		rest.n--, *extended = true;
	else if (!rest.n)
		*extended = true;
	return (!rest.n && section == 0) ||
	       (rest.n && !kr_str_u64(rest, &number) && number == section);
}

struct kr_str kr_mail_parameter(struct kr_str value, const char *name, struct kr_arena *a)
{
	KR_AUTO_BUF b = KR_BUF(KR_MAIL_VALUE_MAX);
	ptrdiff_t begin = kr_str_chr(value, ';');
	char *to = kr_arena_bytes(a, value.n + 1);
	bool found = begin >= 0 && to;

	for (unsigned section = 0; found && section < 100; section++) {
		struct kr_str rest = kr_str_from(value, (size_t)begin + 1), n, v;
		bool extended;

		found = false;
		while (!found && next_parameter(&rest, &n, &v, to)) {
			found = belongs(n, name, section, &extended);
			if (found && extended)
				undo_percent(v, section == 0, &b);
			else if (found)
				kr_buf_str_add(&b, v);
		}
		if (!found && !section)
			return KR_STR_NULL;
	}
	return begin < 0 || !to ? KR_STR_NULL : kr_arena_dup(a, kr_buf_str(&b));
}

/* ---- parts ---- */

static struct kr_str type_of(struct kr_str content, struct kr_arena *a)
{
	ptrdiff_t end = kr_str_chr(content, ';');
	struct kr_str s = kr_str_trim(kr_str_first(content, end < 0 ? content.n : (size_t)end));
	char *to = kr_arena_bytes(a, s.n + 1);

	if (!s.n || !to || s.n > 200 || kr_str_chr(s, '/') < 1)
		return KR_STR("text/plain");
	for (size_t i = 0; i < s.n; i++)
		to[i] = kr_lower(s.p[i]);
	return kr_str_n(to, s.n);
}

static bool is_boundary(struct kr_str line, struct kr_str boundary, bool *last)
{
	struct kr_str rest;

	if (!boundary.n || line.n < boundary.n + 2 || line.p[0] != '-' || line.p[1] != '-' ||
	    memcmp(line.p + 2, boundary.p, boundary.n) != 0)
		return false;
	rest = kr_str_trim(kr_str_from(line, boundary.n + 2));
	*last = kr_str_eqc(rest, "--");
	return *last || !rest.n;
}

static int read_entity(struct reading *r, struct kr_str all, unsigned depth);

/* The line end before a boundary belongs to the boundary. */
static struct kr_str piece(const char *from, const char *to)
{
	struct kr_str s = kr_str_n(from, (size_t)(to - from));

	if (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static int read_multipart(struct reading *r, size_t self, struct kr_str boundary, unsigned depth)
{
	struct kr_str rest = r->parts[self].body, line;
	const char *start = NULL;
	bool last = false;
	int err = 0;

	while (!err && !last && next_line(&rest, &line)) {
		if (!is_boundary(line, boundary, &last))
			continue;
		if (start)
			err = read_entity(r, piece(start, line.p), depth);
		start = rest.p;
	}
	if (!err && !last && start && rest.p > start) /* cut off: what is there counts */
		err = read_entity(r, kr_str_n(start, (size_t)(rest.p - start)), depth);
	r->parts[self].complete = last;
	return err;
}

static int read_entity(struct reading *r, struct kr_str all, unsigned depth)
{
	struct kr_str content, boundary;
	struct kr_mail_part p = {.depth = depth};
	size_t self = r->n;

	if (r->n >= KR_MAIL_PARTS_MAX)
		return 0;
	split_header(all, &p.header, &p.body);
	content = kr_mail_field(p.header, "content-type", 0, r->a);
	p.type = type_of(content, r->a);
	boundary = kr_str_starts(p.type, KR_STR("multipart/"))
			   ? kr_mail_parameter(content, "boundary", r->a)
			   : KR_STR_NULL;
	if (kr_arena_full(r->a))
		return -KR_ELIMIT;
	r->parts[r->n++] = p;
	if (depth + 1 >= KR_MAIL_DEPTH_MAX)
		return 0;
	if (boundary.n && boundary.n <= 200)
		return read_multipart(r, self, boundary, depth + 1);
	if (kr_str_eqc(p.type, "message/rfc822"))
		return read_entity(r, p.body, depth + 1);
	return 0;
}

int kr_mail_read(struct kr_str mail, struct kr_arena *a, struct kr_mail_part **ret, size_t *ret_n,
		 struct kr_fault *reterr)
{
	struct reading r = {.a = a};
	int err;

	/* The line that mail boxes and pipes put before a message. */
	if (kr_str_starts(mail, KR_STR("From ")) && kr_str_chr(mail, '\n') >= 0)
		mail = kr_str_from(mail, (size_t)kr_str_chr(mail, '\n') + 1);
	r.parts = kr_arena_calloc(a, KR_MAIL_PARTS_MAX, sizeof(*r.parts));
	err = r.parts ? read_entity(&r, mail, 0) : -KR_ELIMIT;
	if (err)
		return kr_fault_set(reterr, err, "the message has too much structure");
	*ret = r.parts;
	*ret_n = r.n;
	return 0;
}

/* ---- bodies and words ---- */

static void undo_quoted(struct kr_str s, bool word, struct kr_buf *b)
{
	for (size_t i = 0; i < s.n; i++) {
		int high = i + 2 < s.n ? kr_hex_value(s.p[i + 1]) : -1;
		int low = i + 2 < s.n ? kr_hex_value(s.p[i + 2]) : -1;

		if (word && s.p[i] == '_') {
			kr_buf_ch(b, ' ');
		} else if (s.p[i] != '=') {
			kr_buf_ch(b, s.p[i]);
		} else if (high >= 0 && low >= 0) {
			kr_buf_ch(b, (char)(high << 4 | low));
			i += 2;
		} else if (!word && i + 1 < s.n && s.p[i + 1] == '\n') {
			i += 1;
		} else if (!word && i + 2 < s.n && s.p[i + 1] == '\r' && s.p[i + 2] == '\n') {
			i += 2;
		} else {
			kr_buf_ch(b, '=');
		}
	}
}

void kr_mail_body(const struct kr_mail_part *p, struct kr_arena *a, struct kr_buf *b)
{
	struct kr_str how = kr_mail_field(p->header, "content-transfer-encoding", 0, a);

	if (kr_str_ieq(how, KR_STR("base64"))) {
		if (kr_base64_read(b, p->body, true))
			kr_buf_str_add(b, p->body);
	} else if (kr_str_ieq(how, KR_STR("quoted-printable"))) {
		undo_quoted(p->body, false, b);
	} else {
		kr_buf_str_add(b, p->body);
	}
}

/* "=?charset?B?text?=" at the start: its length, 0 if there is none that can be read. */
static size_t encoded_word(struct kr_str s, struct kr_buf *b)
{
	struct kr_str rest = kr_str_from(s, 2), charset, how, text;
	size_t before = b->n;
	ptrdiff_t end;

	if (!kr_str_starts(s, KR_STR("=?")))
		return 0;
	if (!kr_str_split(&rest, '?', &charset) || !rest.p || !kr_str_split(&rest, '?', &how) ||
	    !rest.p)
		return 0;
	end = kr_str_find(rest, KR_STR("?="));
	if (end < 0 || how.n != 1)
		return 0;
	text = kr_str_first(rest, (size_t)end);
	if (!kr_str_istarts(charset, KR_STR("utf-8")) &&
	    !kr_str_istarts(charset, KR_STR("us-ascii")))
		return 0;
	if (kr_lower(how.p[0]) == 'q')
		undo_quoted(text, true, b);
	else if (kr_lower(how.p[0]) != 'b' || kr_base64_read(b, text, false)) {
		b->n = before;
		return 0;
	}
	return (size_t)(rest.p - s.p) + (size_t)end + 2;
}

void kr_mail_words(struct kr_str value, struct kr_buf *b)
{
	while (value.n) {
		size_t n = encoded_word(value, b), blanks = 0;

		if (!n) {
			kr_buf_ch(b, value.p[0]);
			value = kr_str_from(value, 1);
			continue;
		}
		value = kr_str_from(value, n);
		/* Blanks between two encoded words do not count. */
		while (blanks < value.n && kr_is_blank(value.p[blanks]))
			blanks++;
		if (blanks && kr_str_starts(kr_str_from(value, blanks), KR_STR("=?"))) {
			KR_AUTO_BUF probe = KR_BUF(KR_MAIL_VALUE_MAX);

			if (encoded_word(kr_str_from(value, blanks), &probe))
				value = kr_str_from(value, blanks);
		}
	}
}
