/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain lists: one address, network, domain, URL, mail address, digest or AS number a line,
 * harmless spellings ("hxxp://bad[.]example[.]org") undone. A line may begin with # ; or // and
 * then is a comment; the same behind a blank ends the value. What stands behind the value is kept:
 * one number as extra.score, other text as extra.columns. In lines of a hosts file the name counts,
 * not 0.0.0.0.
 *
 * A list says nothing about what its values did: the type is blacklist, for digests malware; a
 * source says better.
 */
#include <stdlib.h>

#include "codec/codec.h"
#include "codec/csvread.h"
#include "codec/plan.h"
#include "model/observable.h"
#include "model/taxonomy.h"

struct kr_codec_state {
	struct kr_csv csv;
	kr_time observed;
	union kr_value type[2], class_[2]; /* blacklist, malware */
};

/* A line taken apart. */
struct entry {
	struct kr_observable value;
	struct kr_str rest, comment;
};

static bool is_comment(struct kr_str s)
{
	return kr_str_starts(s, KR_STR("#")) || kr_str_starts(s, KR_STR(";")) ||
	       kr_str_starts(s, KR_STR("//"));
}

/* Cut a comment behind a blank off. */
static struct kr_str cut_comment(struct kr_str s, struct kr_str *ret_comment)
{
	*ret_comment = KR_STR("");
	for (size_t i = 1; i < s.n; i++) {
		if (!kr_is_blank(s.p[i - 1]) || !is_comment(kr_str_from(s, i)))
			continue;
		*ret_comment = kr_str_from(s, i);
		while (ret_comment->n && strchr("#;/", ret_comment->p[0]))
			*ret_comment = kr_str_from(*ret_comment, 1);
		*ret_comment = kr_str_trim(*ret_comment);
		return kr_str_trim(kr_str_first(s, i));
	}
	return s;
}

static int detect(struct kr_str s, struct kr_arena *arena, struct kr_observable *ret)
{
	static const uint8_t zero[16];
	int err = kr_observable_refang(s, arena, &s);

	if (!err)
		err = kr_observable_detect(s, arena, ret, NULL);
	/* 0.0.0.0 and :: are nobody's. */
	if (!err && ret->kind == KR_OBS_IP && memcmp(ret->value.ip.b, zero, sizeof(zero)) == 0)
		return -KR_EINVAL;
	return err;
}

static size_t first_of(struct kr_str s, const char *marks)
{
	size_t i = 0;

	while (i < s.n && !(s.p[i] && strchr(marks, s.p[i])))
		i++;
	return i;
}

/* The address that lines of a hosts file point to nowhere with. */
static bool is_nowhere(struct kr_str s)
{
	return kr_str_eqc(s, "0.0.0.0") || kr_str_eqc(s, "127.0.0.1") || kr_str_eqc(s, "::") ||
	       kr_str_eqc(s, "::1");
}

static int parse_hosts(struct kr_str s, size_t at, struct kr_arena *arena, struct entry *ret)
{
	struct kr_str name = kr_str_trim(kr_str_from(s, at));
	size_t n = first_of(name, " \t");

	if (detect(kr_str_first(name, n), arena, &ret->value) || ret->value.kind != KR_OBS_DOMAIN)
		return -KR_EINVAL;
	ret->rest = kr_str_trim(kr_str_from(name, n));
	return 0;
}

/*
 * The value is what stands before a tab, or the whole line, or what stands before a blank, or
 * before another separator: the first of these that is an observable.
 */
static int parse_line(struct kr_str line, struct kr_arena *arena, struct entry *ret)
{
	static const char *const ends[] = {"\t", "", "\t ", "\t ,;|"};
	struct kr_str s = cut_comment(line, &ret->comment);
	int err = -KR_EINVAL;

	for (size_t i = 0, before = SIZE_MAX; i < KR_ARRAY_LEN(ends) && err == -KR_EINVAL; i++) {
		size_t n = first_of(s, ends[i]);
		struct kr_str value = kr_str_trim(kr_str_first(s, n));

		/* A URL may hold any of these, but no blank. */
		if (n == before ||
		    (first_of(value, " \t") < value.n && kr_str_find(value, KR_STR("://")) >= 0))
			continue;
		before = n;
		if (n < s.n && is_nowhere(value) && parse_hosts(s, n, arena, ret) == 0)
			return 0;
		err = detect(value, arena, &ret->value);
		ret->rest = kr_str_trim(kr_str_from(s, n + 1));
	}
	return err;
}

static bool all_digits(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_digit(s.p[i]))
			return false;
	return s.n && s.n <= 15 && (s.n == 1 || s.p[0] != '0');
}

/* 4 KiB of lines of which nearly all are observables. */
static int sniff(struct kr_str head, struct kr_str name)
{
	struct kr_arena *arena = kr_arena_new((size_t)1 << 20);
	struct kr_str rest = head, line;
	unsigned good = 0, all = 0;

	(void)name;
	while (all < 50 && kr_str_split(&rest, '\n', &line)) {
		struct entry e;

		line = kr_str_trim(line);
		if (!rest.p && head.n >= 4096 && all)
			break; /* cut off */
		if (!line.n || is_comment(line))
			continue;
		all++;
		good += parse_line(line, arena, &e) == 0;
	}
	kr_arena_free(arena);
	return all && good * 10 >= all * 8 ? 60 + (all > 3 ? 20 : 0) : 0;
}

static union kr_value text_value(struct kr_str s)
{
	return (union kr_value){.text = s};
}

static int open_state(const struct kr_codec_opts *opts, struct kr_codec_state **ret,
		      struct kr_fault *reterr)
{
	/* Lines are records of one column: NUL, the delimiter, is refused anyway. */
	const struct kr_csv_opts csv = {.record_max = opts->record_max, .columns_max = 2};
	const struct kr_type_info *black = kr_type_find(KR_STR("blacklist"));
	const struct kr_type_info *malware = kr_type_find(KR_STR("malware"));
	struct kr_codec_state *s;

	if (!black || !malware)
		return kr_fault_set(reterr, -KR_EINVAL,
				    "the taxonomy has no type blacklist or malware");
	s = kr_xcalloc(1, sizeof(*s));
	s->observed = opts->observed;
	s->type[0] = text_value(black->type);
	s->class_[0] = text_value(black->class_);
	s->type[1] = text_value(malware->type);
	s->class_[1] = text_value(malware->class_);
	kr_csv_init(&s->csv, &csv);
	*ret = s;
	return 0;
}

static void close_state(struct kr_codec_state *s)
{
	if (!s)
		return;
	kr_csv_done(&s->csv);
	free(s);
}

static bool is_digest(enum kr_observable_kind k)
{
	return k == KR_OBS_MD5 || k == KR_OBS_SHA1 || k == KR_OBS_SHA256 || k == KR_OBS_SHA512;
}

static int fill(const struct kr_codec_state *s, struct kr_event *e, struct kr_arena *a,
		const struct entry *x)
{
	enum kr_field f = kr_observable_field(x->value.kind);
	bool digest = is_digest(x->value.kind);
	int err;

	if (f)
		err = kr_event_put(e, a, f, x->value.value);
	else
		err = kr_event_add_extra(e, a, KR_STR("malware.hash.sha512"), x->value.value.text,
					 false);
	if (!err)
		err = kr_event_put(e, a, KR_F_CLASS_TYPE, s->type[digest]);
	if (!err)
		err = kr_event_put(e, a, KR_F_CLASS_TAXONOMY, s->class_[digest]);
	if (!err && s->observed != KR_TIME_NONE)
		err = kr_event_put(e, a, KR_F_TIME_OBSERVATION, (union kr_value){.t = s->observed});
	if (!err && x->rest.n && all_digits(x->rest))
		err = kr_event_add_extra(e, a, KR_STR("score"), x->rest, true);
	else if (!err && x->rest.n)
		err = kr_event_add_extra(e, a, KR_STR("columns"), x->rest, false);
	if (!err && x->comment.n)
		err = kr_event_set(e, a, KR_F_COMMENT, x->comment);
	return err;
}

static void read_line(struct kr_codec_state *s, const struct kr_csv_record *r, struct kr_batch *out)
{
	struct kr_place at = {.offset = r->offset, .length = r->length, .line = r->line};
	struct kr_str line = kr_str_trim(r->bytes);
	struct kr_event *e;
	struct entry x;
	int err;

	if (r->err) {
		kr_batch_refuse(out, r->offset, r->length, (uint32_t)KR_MIN(r->line, UINT32_MAX),
				(uint32_t)KR_MIN(r->column, UINT32_MAX), "%s", r->reason);
		return;
	}
	if (!line.n || is_comment(line))
		return;
	err = parse_line(line, out->arena, &x);
	if (err == -KR_EINVAL) {
		kr_batch_refuse(
			out, r->offset, r->length, (uint32_t)KR_MIN(r->line, UINT32_MAX), 1,
			"no address, network, domain, URL, mail address, digest or AS number");
		return;
	}
	e = err ? NULL : kr_event_new(out->arena);
	err = e ? fill(s, e, out->arena, &x) : -KR_ELIMIT;
	if (err < 0) {
		kr_batch_refuse(out, r->offset, r->length, (uint32_t)KR_MIN(r->line, UINT32_MAX), 0,
				"no memory left in the batch");
		return;
	}
	out->warnings += err > 0;
	kr_codec__set_place(e, &at, 0);
	kr_batch_add(out, e);
}

static int feed_more(struct kr_codec_state *s, struct kr_str bytes, bool eof, struct kr_batch *out)
{
	struct kr_csv_record r;

	while (kr_csv_next(&s->csv, out->arena, &bytes, eof, &r))
		read_line(s, &r, out);
	return 0;
}

static int feed(struct kr_codec_state *s, struct kr_str bytes, struct kr_batch *out,
		struct kr_fault *reterr)
{
	(void)reterr;
	return feed_more(s, bytes, false, out);
}

static int finish(struct kr_codec_state *s, struct kr_batch *out, struct kr_fault *reterr)
{
	(void)reterr;
	return feed_more(s, KR_STR(""), true, out);
}

const struct kr_codec kr_codec_list = {
	.name = "list",
	.media_type = "text/plain",
	.doc = "one address, network, domain, URL, mail address, digest or AS number a line",
	.caps = KR_CODEC_READ | KR_CODEC_SNAPSHOT,
	.sniff = sniff,
	.open = open_state,
	.feed = feed,
	.finish = finish,
	.close = close_state,
};
