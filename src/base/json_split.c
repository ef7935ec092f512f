/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: between records the splitter is at one of a few places (at the top, after '[',
 * after
 * ',', after an element). A record is looked at in one piece of memory: in the caller's input where
 * it ends there, else in `carry`, to which input is added in small steps, so that what follows the
 * record goes back to the caller and is again read in place. The state of the look (depth, in a
 * string...) is kept with the number of bytes looked at, so no byte is looked at twice when more
 * input comes.
 *
 * A record is broken when a string holds a newline, when a bracket closes another kind, or when a
 * line begins with a value where none may stand. If a line inside the broken record starts with '{'
 * or '[' at its very first column, the record is cut before that line, and reading starts again
 * there: one line of JSON lines that lost its end costs only itself. Indented documents have no
 * such lines and are reported as one broken record. Rescans are bounded: only lines whose bracket
 * is open where the break is are looked at again, and at most depth_max of these can be open at
 * once.
 *
 * An overlong record is followed to its end without being kept. Where one begins to be overlong
 * does not depend on how the stream comes in pieces, so the same stream always gives the same
 * records.
 */
#include "base/json.h"

#include "base/swar.h"

#define CARRY_STEP ((size_t)4096)
#define HEAD_MAX   ((size_t)4096)

enum place { TOP, FIRST, ELEMENT, NEXT, LOOSE };
/* LOOSE: in an array after a broken element, where anything may come. */

enum shape { NONE, CONTAINER, STRING, SCALAR, BROKEN };

enum seen {
	MORE,  /* all was looked at, the record goes on */
	ENDED, /* the record ends before s->scanned */
	CUT,   /* a broken record ends before s->resume */
};

void kr_json_split_init(struct kr_json_split *s, size_t record_max, unsigned depth_max)
{
	memset(s, 0, sizeof(*s));
	s->line = 1;
	s->record_max = record_max;
	s->depth_max = KR_MIN(depth_max, (unsigned)KR_JSON_DEPTH_MAX);
	s->carry = KR_BUF(record_max < SIZE_MAX - CARRY_STEP ? record_max + CARRY_STEP : SIZE_MAX);
	s->head = KR_BUF(HEAD_MAX);
}

void kr_json_split_done(struct kr_json_split *s)
{
	kr_buf_done(&s->carry);
	kr_buf_done(&s->head);
}

/* Past plain text of a string; stops at a quote, a backslash, a control character or the end. */
static size_t string_run(struct kr_str w, size_t i)
{
	for (; i + 8 <= w.n; i += 8) {
		uint64_t mask = kr_swar_json(kr_swar_load(w.p + i));

		if (mask)
			return i + kr_swar_first(mask);
	}
	while (i < w.n && w.p[i] != '"' && w.p[i] != '\\' && (unsigned char)w.p[i] >= 0x20)
		i++;
	return i;
}

/* The record is broken at i: cut it at a later line if there is one, or let it end at the newline.
 */
static enum seen broken_at(struct kr_json_split *s, size_t i, int err)
{
	if (!s->broken)
		s->broken = err;
	s->scanned = i;
	if (s->resume && err == -KR_ESYNTAX)
		return CUT;
	s->shape = BROKEN;
	return MORE;
}

/* Look on inside a string. Returns ENDED behind its closing quote. */
static enum seen look_string(struct kr_json_split *s, struct kr_str w)
{
	size_t i = s->scanned;

	while (i < w.n) {
		if (s->escaped) {
			/* A newline is no escape, and below it ends the string. */
			s->escaped = false;
			if (w.p[i] != '\n') {
				i++;
				continue;
			}
		}
		i = string_run(w, i);
		if (i == w.n)
			break;
		if (w.p[i] == '"') {
			s->scanned = i + 1;
			s->in_string = false;
			return ENDED;
		}
		if (w.p[i] == '\n')
			return broken_at(s, i, -KR_ESYNTAX);
		s->escaped = w.p[i++] == '\\';
	}
	s->scanned = i;
	return MORE;
}

static inline bool in_object(const struct kr_json_split *s)
{
	return s->object_bits[(s->depth - 1) / 64] >> (s->depth - 1) % 64 & 1;
}

/* May a value or name that begins with c stand behind s->before, on a new line? */
static bool may_begin(const struct kr_json_split *s, char c)
{
	if (s->before == ':' || s->before == '[')
		return true;
	if (s->before == ',')
		return c == '"' || !in_object(s);
	return s->before == '{' && c == '"';
}

static bool push(struct kr_json_split *s, char c)
{
	uint64_t *word = &s->object_bits[s->depth / 64], bit = (uint64_t)1 << s->depth % 64;

	if (s->depth >= s->depth_max)
		return false;
	*word = c == '{' ? *word | bit : *word & ~bit;
	s->depth++;
	return true;
}

/* One byte of a container that matters. Returns MORE to go on at the byte behind it. */
static enum seen look_mark(struct kr_json_split *s, char c, size_t i)
{
	if (c == '}' || c == ']') {
		if (in_object(s) != (c == '}'))
			return broken_at(s, i, -KR_ESYNTAX);
		s->before = c;
		s->scanned = i + 1;
		return --s->depth ? MORE : ENDED;
	}
	/* The record's own first bracket has nothing before it. */
	if (s->line_start && s->depth && !may_begin(s, c)) {
		if (!s->overlong)
			return broken_at(s, i, -KR_ESYNTAX);
		s->broken = -KR_ESYNTAX;
		s->scanned = i;
		return ENDED;
	}
	if (c == '"')
		s->in_string = true;
	else if (!push(s, c))
		return broken_at(s, i, -KR_ELIMIT);
	s->line_start = false;
	s->before = c;
	s->scanned = i + 1;
	return MORE;
}

static enum seen look_container(struct kr_json_split *s, struct kr_str w)
{
	while (s->scanned < w.n) {
		size_t i = s->scanned;
		enum seen seen;
		char c = w.p[i];

		if (s->in_string) {
			seen = look_string(s, w);
			if (seen == CUT || s->shape == BROKEN)
				return seen;
			continue;
		}
		if (c == '"' || c == '{' || c == '[' || c == '}' || c == ']') {
			if ((c == '{' || c == '[') && s->line_start && !s->resume && !s->overlong &&
			    w.p[i - 1] == '\n')
				s->resume = i;
			seen = look_mark(s, c, i);
			if (seen != MORE || s->shape == BROKEN)
				return seen;
			continue;
		}
		if (c == '\n') {
			s->line_start = true;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			s->before = c;
			s->line_start = false;
		}
		s->scanned = i + 1;
	}
	return MORE;
}

static enum seen look_scalar(struct kr_json_split *s, struct kr_str w)
{
	for (; s->scanned < w.n; s->scanned++)
		if (strchr(" \t\r\n,:[]{}\"", w.p[s->scanned]) && w.p[s->scanned])
			return ENDED;
	return MORE;
}

static enum seen look_broken(struct kr_json_split *s, struct kr_str w)
{
	const char *newline = memchr(w.p + s->scanned, '\n', w.n - s->scanned);

	s->scanned = newline ? (size_t)(newline - w.p) : w.n;
	return newline ? ENDED : MORE;
}

/* Look on at the record in progress, which starts at w.p. */
static enum seen look(struct kr_json_split *s, struct kr_str w)
{
	enum seen seen = MORE;

	if (s->shape == CONTAINER)
		seen = look_container(s, w);
	else if (s->shape == STRING)
		seen = look_string(s, w);
	else if (s->shape == SCALAR)
		return look_scalar(s, w);
	if (s->shape == BROKEN)
		seen = look_broken(s, w);
	return seen;
}

/* Begin a record with the byte c. */
static void begin(struct kr_json_split *s, char c)
{
	s->scanned = s->resume = 0;
	s->length = 0;
	s->broken = 0;
	s->depth = 0;
	s->before = 0;
	s->in_string = s->escaped = s->line_start = s->overlong = false;
	if (c == '{' || c == '[') {
		s->shape = CONTAINER;
	} else if (c == '"') {
		s->shape = STRING;
		s->scanned = 1;
	} else if (c == ',' || c == ':' || c == ']' || c == '}') {
		s->shape = BROKEN;
		s->broken = -KR_ESYNTAX;
	} else {
		s->shape = SCALAR;
	}
}

/* Bytes are used up: count their lines. */
static void count_lines(struct kr_json_split *s, struct kr_str used)
{
	const char *p = used.p, *end = used.p + used.n;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		s->line++;
		p++;
	}
}

static void use(struct kr_json_split *s, struct kr_str *w, size_t n)
{
	count_lines(s, kr_str_first(*w, n));
	*w = kr_str_from(*w, n);
	s->offset += n;
}

/* A fault of the array itself, not of an element. */
static int fault_here(struct kr_json_split *s, struct kr_str w, struct kr_json_record *ret)
{
	*ret = (struct kr_json_record){kr_str_n(w.p, 0), s->offset, 0, s->line, -KR_ESYNTAX};
	return 1;
}

/*
 * Go through what stands between records.
 *
 * Returns 1 with a fault of the array in ret; 0 otherwise: a record begins at w->p, or w is empty.
 */
static int between(struct kr_json_split *s, struct kr_str *w, struct kr_json_record *ret)
{
	while (w->n) {
		char c = w->p[0];

		if (s->offset == s->mark && s->mark < 3 && c == "\xef\xbb\xbf"[s->mark]) {
			s->mark++;
			use(s, w, 1);
			continue;
		}
		if (kr_is_blank(c)) {
			use(s, w, 1);
			continue;
		}
		if (s->place == TOP && c == '[') {
			s->place = FIRST;
		} else if (s->place == TOP) {
			break;
		} else if (c == ']') {
			bool comma = s->place == ELEMENT;

			s->place = TOP;
			use(s, w, 1);
			if (comma)
				return fault_here(s, *w, ret);
			continue;
		} else if (c == ',') {
			bool extra = s->place == FIRST || s->place == ELEMENT;

			s->place = ELEMENT;
			use(s, w, 1);
			if (extra)
				return fault_here(s, *w, ret);
			continue;
		} else if (s->place == NEXT) {
			s->place = ELEMENT;
			return fault_here(s, *w, ret);
		} else {
			break;
		}
		use(s, w, 1);
	}
	if (w->n)
		begin(s, w->p[0]);
	return 0;
}

/* The record in progress is complete with n bytes of w. */
static int complete(struct kr_json_split *s, struct kr_str w, size_t n, struct kr_json_record *ret)
{
	*ret = (struct kr_json_record){kr_str_first(w, n), s->offset, s->length + n,
				       s->overlong ? s->start_line : s->line, s->broken};
	count_lines(s, ret->bytes);
	if (s->overlong)
		ret->bytes = kr_buf_str(&s->head);
	if (ret->length > s->record_max) {
		ret->bytes = kr_str_first(ret->bytes, KR_MIN(HEAD_MAX, s->record_max));
		ret->err = -KR_ELIMIT;
	}
	/* The newline that ended a broken line, or blanks before a cut, are not part of it. */
	if (ret->err == -KR_ESYNTAX) {
		while (ret->bytes.n && kr_is_blank(ret->bytes.p[ret->bytes.n - 1]))
			ret->bytes.n--;
	}
	s->offset += ret->length;
	if (s->place != TOP)
		s->place = s->broken ? LOOSE : NEXT;
	s->shape = NONE;
	return 1;
}

/* At the end of the input: what is left of the record, or 0 when nothing is. */
static int finish(struct kr_json_split *s, struct kr_str w, struct kr_json_record *ret,
		  size_t *ret_used)
{
	*ret_used = 0;
	if (s->shape == NONE) {
		if (s->place == TOP)
			return 0;
		s->place = TOP;
		return fault_here(s, w, ret);
	}
	if (s->shape != SCALAR && !s->broken)
		s->broken = -KR_ESYNTAX;
	*ret_used = s->resume && s->shape == CONTAINER && !s->overlong ? s->resume : w.n;
	return complete(s, w, *ret_used, ret);
}

/*
 * Look on at the record in progress, which starts at w->p unless it is overlong.
 *
 * w  bytes of an overlong record are passed over
 */
static enum seen look_within(struct kr_json_split *s, struct kr_str *w)
{
	if (!s->overlong) {
		struct kr_str allowed = *w;
		enum seen seen;

		if (w->n > s->record_max)
			allowed.n = s->record_max + 1;
		seen = look(s, allowed);
		if (seen != MORE || allowed.n <= s->record_max)
			return seen;
		s->overlong = true;
		s->start_line = s->line;
		count_lines(s, allowed);
		s->scanned = s->resume = 0;
		s->length = allowed.n;
		kr_buf_clear(&s->head);
		kr_buf_str_add(&s->head, kr_str_first(allowed, KR_MIN(HEAD_MAX, s->record_max)));
		*w = kr_str_from(*w, allowed.n);
	}
	if (look(s, *w) == MORE) {
		s->scanned = 0;
		s->length += w->n;
		count_lines(s, *w);
		*w = kr_str_from(*w, w->n);
		return MORE;
	}
	return ENDED;
}

/*
 * Look for a record in w, which starts with the record in progress if there is one.
 *
 * ret_used  bytes that need not be seen again
 *
 * Returns 1 with a record, 0 when more input is needed.
 */
static int cut_one(struct kr_json_split *s, struct kr_str w, bool eof, struct kr_json_record *ret,
		   size_t *ret_used)
{
	const char *start = w.p;
	enum seen seen = MORE;
	size_t n = 0;
	int r = 0;

	if (s->shape == NONE && between(s, &w, ret)) {
		*ret_used = (size_t)(w.p - start);
		return 1;
	}
	if (s->shape != NONE)
		seen = look_within(s, &w);
	if (seen != MORE) {
		n = seen == CUT ? s->resume : s->scanned;
		r = complete(s, w, n, ret);
	} else if (eof) {
		r = finish(s, w, ret, &n);
	}
	*ret_used = (size_t)(w.p - start) + n;
	return r;
}

/* Move what is left of the carry to its beginning. */
static void drop_used(struct kr_json_split *s)
{
	size_t left = s->carry.n - s->carry_at;

	if (s->carry_at && left)
		memmove(s->carry.p, s->carry.p + s->carry_at, left);
	s->carry.n = left;
	s->carry_at = 0;
}

/*
 * Look into the carry, taking input to it in small steps.
 *
 * Returns 1 with a record; 0 when more input is needed; -1 when the input itself is to be looked
 * at.
 */
static int next_in_carry(struct kr_json_split *s, struct kr_str *in, bool eof,
			 struct kr_json_record *ret)
{
	size_t added = 0, used;

	for (;;) {
		struct kr_str w = kr_str_from(kr_buf_str(&s->carry), s->carry_at), step;
		int r = cut_one(s, w, eof && !in->n, ret, &used);

		s->carry_at += used;
		if (r) {
			/* What was added in this call but not used goes back to the caller. */
			size_t back = KR_MIN(added, s->carry.n - s->carry_at);

			s->carry.n -= back;
			*in = kr_str_n(in->p - back, in->n + back);
			return 1;
		}
		drop_used(s);
		if (!s->carry.n)
			return -1;
		if (!in->n)
			return 0;
		step = kr_str_first(*in, CARRY_STEP);
		kr_buf_str_add(&s->carry, step);
		*in = kr_str_from(*in, step.n);
		added += step.n;
	}
}

int kr_json_split_next(struct kr_json_split *s, struct kr_str *in, bool eof,
		       struct kr_json_record *ret)
{
	size_t used;
	int r;

	if (!in->p)
		in->p = "";
	if (s->carry_at == s->carry.n)
		drop_used(s);
	if (s->carry.n) {
		r = next_in_carry(s, in, eof, ret);
		if (r >= 0)
			return r;
	}
	r = cut_one(s, *in, eof, ret, &used);
	*in = kr_str_from(*in, used);
	if (!r) {
		/* The beginning of a record, or nothing. */
		kr_buf_str_add(&s->carry, *in);
		*in = kr_str_from(*in, in->n);
	}
	return r;
}
