/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/scan.h"

struct scan {
	char *p;
	size_t n, i;
	uint64_t line;
	uint64_t open_line; /* of the brace or quote that is open */
	unsigned depth;
	struct kr_fault *fault;
};

static int refuse(struct scan *s, uint64_t line, const char *message)
{
	int err = kr_fault_set(s->fault, -KR_ECONF, "%s", message);

	kr_fault_at(s->fault, line, 0, 0);
	return err;
}

/* Pass one byte, counting lines. */
static char pass(struct scan *s)
{
	char c = s->p[s->i++];

	s->line += c == '\n';
	return c;
}

static void blank(struct scan *s)
{
	char *c = &s->p[s->i];

	if (pass(s) != '\n')
		*c = ' ';
}

static bool here(const struct scan *s, const char *two)
{
	return s->i + 1 < s->n && s->p[s->i] == two[0] && s->p[s->i + 1] == two[1];
}

static int comment_block(struct scan *s)
{
	uint64_t line = s->line;

	while (s->i < s->n && !here(s, "*/"))
		blank(s);
	if (s->i >= s->n)
		return refuse(s, line, "comment '/*' is not closed by '*/'");
	blank(s);
	blank(s);
	return 0;
}

static int quoted(struct scan *s)
{
	uint64_t line = s->line;
	char quote = pass(s);

	while (s->i < s->n) {
		char c = pass(s);

		if (c == '\\' && s->i < s->n)
			pass(s);
		else if (c == quote)
			return 0;
	}
	return refuse(s, line, "quote is not closed");
}

/* A comment or a quote begins only where a word may begin: "http://x" holds neither. */
static bool word_begins(const struct scan *s)
{
	char before = s->i ? s->p[s->i - 1] : ' ';

	return kr_is_blank(before) || before == '{' || before == '}' || before == '=';
}

static int step(struct scan *s)
{
	char c = s->p[s->i];

	if ((unsigned char)c < ' ' && !kr_is_blank(c))
		return refuse(s, s->line, "a control character, which no setting holds");
	if (word_begins(s) && (c == '#' || here(s, "//"))) {
		while (s->i < s->n && s->p[s->i] != '\n')
			blank(s);
		return 0;
	}
	if (word_begins(s) && here(s, "/*"))
		return comment_block(s);
	if (word_begins(s) && (c == '"' || c == '\''))
		return quoted(s);
	if (c == '{') {
		s->open_line = s->line;
		s->depth++;
	} else if (c == '}' && !s->depth--) {
		return refuse(s, s->line, "'}' closes nothing");
	}
	pass(s);
	return 0;
}

int kr_conf__scan(struct kr_buf *b, struct kr_fault *reterr)
{
	struct scan s = {.p = b->p, .n = b->n, .line = 1, .fault = reterr};
	size_t valid = kr_utf8_valid(kr_buf_str(b));
	int err;

	if (valid < b->n) {
		for (size_t i = 0; i < valid; i++)
			s.line += b->p[i] == '\n';
		return refuse(&s, s.line, "text is not UTF-8");
	}
	while (s.i < s.n) {
		err = step(&s);
		if (err)
			return err;
	}
	return s.depth ? refuse(&s, s.open_line, "'{' is not closed by '}'") : 0;
}
