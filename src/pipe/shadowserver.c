/* SPDX-License-Identifier: Apache-2.0 */
#include "pipe/shadowserver.h"

#include <string.h>

#include "base/json.h"

#define DEPTH 8

char *kr_shadowserver_sign(struct kr_str secret, struct kr_str body, char buf[KR_HMAC_TEXT])
{
	uint8_t mac[KR_HMAC_SIZE];

	kr_hmac_sha256(secret, body, mac);
	for (size_t i = 0; i < sizeof(mac); i++) {
		buf[2 * i] = "0123456789abcdef"[mac[i] >> 4];
		buf[2 * i + 1] = "0123456789abcdef"[mac[i] & 15];
	}
	buf[2 * sizeof(mac)] = '\0';
	return buf;
}

void kr_shadowserver_list_body(struct kr_buf *b, struct kr_str key, int32_t day,
			       struct kr_str reports, struct kr_str types)
{
	struct kr_json_out o = KR_JSON_OUT(b);
	char text[KR_TIME_TEXT_MAX];
	struct kr_str rest = reports, one;

	kr_json_object(&o);
	kr_json_kstr(&o, "apikey", key);
	kr_json_kstr(&o, "date", kr_str_c(kr_day_text(day, text)));
	if (reports.n) {
		kr_json_key(&o, KR_STR("reports"));
		kr_json_array(&o);
		while (kr_str_split(&rest, ',', &one))
			if (kr_str_trim(one).n)
				kr_json_str(&o, kr_str_trim(one));
		kr_json_array_end(&o);
	}
	/* The API takes one type; of several we choose ourselves. */
	if (types.n && kr_str_chr(types, ',') < 0)
		kr_json_kstr(&o, "type", kr_str_trim(types));
	kr_json_object_end(&o);
}

void kr_shadowserver_download_body(struct kr_buf *b, struct kr_str key, struct kr_str id)
{
	struct kr_json_out o = KR_JSON_OUT(b);

	kr_json_object(&o);
	kr_json_kstr(&o, "apikey", key);
	kr_json_kstr(&o, "id", id);
	kr_json_object_end(&o);
}

/* ---- the list ---- */

static bool id_is_good(struct kr_str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!kr_is_alnum(id.p[i]) && (!id.p[i] || !strchr("-_", id.p[i])))
			return false;
	return id.n && id.n <= KR_SHADOWSERVER_ID_MAX;
}

/* A name that may be shown and kept; the mapping is found by it. */
static bool file_is_good(struct kr_str file)
{
	for (size_t i = 0; i < file.n; i++)
		if (!kr_is_alnum(file.p[i]) && (!file.p[i] || !strchr("-_. +@", file.p[i])))
			return false;
	return file.n && file.n <= 255;
}

static int entry(struct kr_json *j, int32_t day, struct kr_shadowserver_report *ret)
{
	struct kr_json_token t;
	int err = kr_json_next(j, &t);

	*ret = (struct kr_shadowserver_report){.day = day};
	while (!err && t.type != KR_JSON_OBJECT_END) {
		struct kr_str text = t.type == KR_JSON_STRING ? t.text : KR_STR("");

		if (kr_str_eqc(t.key, "id"))
			ret->id = text;
		else if (kr_str_eqc(t.key, "file"))
			ret->file = text;
		else if (kr_str_eqc(t.key, "type"))
			ret->type = text;
		err = kr_json_skip(j, &t);
		if (!err)
			err = kr_json_next(j, &t);
	}
	return err;
}

/* An object instead of an array: {"error": "..."}. */
static int refusal(struct kr_json *j, struct kr_fault *reterr)
{
	struct kr_str words = KR_STR("no list");
	struct kr_json_token t;

	while (!kr_json_next(j, &t) && t.type != KR_JSON_OBJECT_END) {
		if (t.type == KR_JSON_STRING &&
		    (kr_str_eqc(t.key, "error") || kr_str_eqc(t.key, "exception")))
			words = t.text;
		if (kr_json_skip(j, &t))
			break;
	}
	words = kr_str_first(words, 120);
	for (size_t i = 0; i < words.n; i++)
		if ((unsigned char)words.p[i] < ' ' || words.p[i] == 127)
			words = kr_str_first(words, i);
	words = kr_str_first(words, kr_utf8_valid(words));
	kr_fault_set(reterr, -KR_EREFUSED, "the API says: %.*s", KR_STR_ARG(words));
	kr_fault_remedy(reterr, "look at the key and the secret, and at the options of the source");
	return -KR_EREFUSED;
}

int kr_shadowserver_list_read(struct kr_str answer, int32_t day, struct kr_arena *a,
			      struct kr_shadowserver_report **ret, size_t *ret_n,
			      struct kr_fault *reterr)
{
	struct kr_shadowserver_report *list = NULL;
	struct kr_json_token t;
	struct kr_json j;
	size_t n = 0, cap = 0;
	int err;

	kr_json_init(&j, answer, a, DEPTH, 0, reterr);
	err = kr_json_next(&j, &t);
	if (!err && t.type == KR_JSON_OBJECT)
		return refusal(&j, reterr);
	if (!err && t.type != KR_JSON_ARRAY)
		return kr_fault_set(reterr, -KR_ESYNTAX, "the answer is no list of reports");
	while (!err && !(err = kr_json_next(&j, &t)) && t.type != KR_JSON_ARRAY_END) {
		if (t.type != KR_JSON_OBJECT) {
			err = kr_json_skip(&j, &t);
			continue;
		}
		if (n == KR_SHADOWSERVER_REPORTS_MAX)
			return kr_fault_set(reterr, -KR_ELIMIT, "more than %d reports on one day",
					    KR_SHADOWSERVER_REPORTS_MAX);
		list = kr_arena_more(a, list, n, &cap, sizeof(*list));
		if (!list)
			return kr_fault_set(reterr, -KR_ELIMIT, "the list of reports is too long");
		err = entry(&j, day, &list[n]);
		n += !err && id_is_good(list[n].id) && file_is_good(list[n].file);
	}
	if (err)
		return err;
	*ret = list;
	*ret_n = n;
	return 0;
}

bool kr_shadowserver_wanted(struct kr_str types, struct kr_str type)
{
	struct kr_str rest = types, one;

	if (!types.n)
		return true;
	while (kr_str_split(&rest, ',', &one))
		if (kr_str_eq(kr_str_trim(one), type))
			return true;
	return false;
}

/* ---- what was taken ---- */

bool kr_shadowserver_is_taken(struct kr_str cursor, const struct kr_shadowserver_report *r)
{
	struct kr_str rest = cursor, line;

	while (cursor.n && kr_str_split(&rest, '\n', &line))
		if (line.n > 11 && kr_str_eq(kr_str_from(line, 11), r->id))
			return true;
	return false;
}

struct kr_str kr_shadowserver_note(struct kr_str cursor, const struct kr_shadowserver_report *r,
				   int32_t from, struct kr_arena *a)
{
	KR_AUTO_BUF b = KR_BUF((size_t)1 << 20);
	char text[KR_TIME_TEXT_MAX];
	struct kr_str rest = cursor, line;

	while (cursor.n && kr_str_split(&rest, '\n', &line)) {
		int32_t day;

		if (line.n > 11 && !kr_day_parse(kr_str_first(line, 10), &day) && day >= from) {
			kr_buf_str_add(&b, line);
			kr_buf_ch(&b, '\n');
		}
	}
	kr_buf_printf(&b, "%s %.*s\n", kr_day_text(r->day, text), KR_STR_ARG(r->id));
	return b.err ? KR_STR_NULL : kr_arena_dup(a, kr_buf_str(&b));
}
