/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of stored events, with values that want to do harm. */
#include "render/digest.h"

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "store/read.h"
#include "store/write.h"
#include "tap.h"

#define DAY 20000
#define RLO "\xe2\x80\xae"

static kr_time test_now(void)
{
	return DAY * KR_DAY + KR_HOUR;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* ---- text ---- */

static void plain(const char *in, size_t max, const char *want, const char *what)
{
	KR_AUTO_BUF b = KR_BUF(4096);

	kr_digest_plain(&b, kr_str_c(in), max);
	IS_STR(kr_buf_str(&b), kr_str_c(want), what);
}

static void test_plain(void)
{
	plain("An organisation", 60, "An organisation", "what is fine stays");
	plain("A\r\nBcc: x@example.org", 60, "A  Bcc: x@example.org", "no new line");
	plain("A\x1b[31m\x7f\tB", 60, "A [31m  B", "no escapes");
	plain("A" RLO "B", 60,
	      "A\xef\xbf\xbd"
	      "B",
	      "no turned direction");
	plain("A\xc2\x85"
	      "B\xe2\x80\xa8"
	      "C",
	      60,
	      "A\xef\xbf\xbd"
	      "B\xef\xbf\xbd"
	      "C",
	      "no other new lines");
	plain("A\xff\xc3", 60, "A\xef\xbf\xbd\xef\xbf\xbd", "what is no UTF-8");
	plain("\xc4\x8c\xc5\xbd", 60, "\xc4\x8c\xc5\xbd", "letters stay");
	plain("abcdefghij", 10, "abcdefghij", "what just fits");
	plain("abcdefghijk", 10, "abcdefg...", "what does not");
	plain("abcdef\xc5\xbdghijk", 10, "abcdef...", "cut between characters");
	plain("\xc5\xbd\xc5\xbd\xc5\xbd\xc5\xbd\xc5\xbd\xc5\xbd", 10, "\xc5\xbd\xc5\xbd\xc5\xbd...",
	      "many of them");
	plain("", 10, "", "nothing");
}

static void test_plain_any(void)
{
	uint64_t x = 88172645463325252ull;
	unsigned wrong = 0;

	for (int i = 0; i < 20000; i++) {
		static const char parts[] =
			"ab\xe2\x80\xae\r\n\xc5\xbd\xff\x00\xf0\x9f\x98\x80=,\"";
		char in[64];
		KR_AUTO_BUF b = KR_BUF(4096);
		size_t n, max;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		n = x % sizeof(in);
		max = (x >> 20) % 70;
		for (size_t k = 0; k < n; k++)
			in[k] = parts[(x >> (k % 50)) % (sizeof(parts) - 1)];
		kr_digest_plain(&b, kr_str_n(in, n), max);
		wrong += b.n > KR_MAX(max, (size_t)3);
		wrong += kr_utf8_valid(kr_buf_str(&b)) != b.n;
		for (size_t k = 0; k < b.n; k++)
			wrong += (unsigned char)b.p[k] < ' ';
		wrong += kr_str_find(kr_buf_str(&b), KR_STR(RLO)) >= 0;
	}
	IS(wrong, 0, "any bytes give one line of valid text, bounded");
}

/* ---- a directory with events ---- */

struct spec {
	const char *malware, *identifier, *account, *extra;
	enum kr_tlp label;
	uint32_t owner;
};

static const struct spec specs[] = {
	{"tinba", "botnet", NULL, NULL, KR_TLP_AMBER, 1},
	{"=cmd|' /C calc'!A0", "a\"quote\",comma", "+49 30", NULL, KR_TLP_GREEN, 1},
	{"-1+1", "@sum(a1)", RLO "evil", "line\r\nbreak", KR_TLP_CLEAR, 1},
	{"secret", "strict", NULL, NULL, KR_TLP_AMBER_STRICT, 1},
	{"theirs", "other", NULL, NULL, KR_TLP_AMBER, 2},
};
#define N KR_ARRAY_LEN(specs)

static struct kr_owner owner_of[N];

static struct kr_event *make_event(struct kr_arena *a, unsigned i)
{
	struct kr_event *e = kr_event_new(a);
	const struct spec *s = &specs[i];
	bool ok;

	ok = !kr_event_put(e, a, KR_F_SRC_IP,
			   (union kr_value){.ip = kr_ip_from_u32(0xC6336400u + i)});
	ok &= !kr_event_put(e, a, KR_F_CLASS_TAXONOMY,
			    (union kr_value){.text = KR_STR("malicious-code")});
	ok &= !kr_event_put(e, a, KR_F_CLASS_TYPE,
			    (union kr_value){.text = KR_STR("infected-system")});
	ok &= !kr_event_put(e, a, KR_F_MALWARE_NAME,
			    (union kr_value){.text = kr_str_c(s->malware)});
	ok &= !kr_event_put(e, a, KR_F_CLASS_IDENTIFIER,
			    (union kr_value){.text = kr_str_c(s->identifier)});
	ok &= !kr_event_put(e, a, KR_F_FEED_NAME, (union kr_value){.text = KR_STR("our feed")});
	if (s->account)
		ok &= !kr_event_put(e, a, KR_F_SRC_ACCOUNT,
				    (union kr_value){.text = kr_str_c(s->account)});
	if (s->extra)
		ok &= !kr_event_add_extra(e, a, KR_STR("note"), kr_str_c(s->extra), false);
	assert(ok);
	e->offset = i * 10;
	e->length = 9;
	e->key = (i + 1) * 0x9e3779b97f4a7c15u;
	e->first = e->last = test_now() - KR_HOUR;
	e->count = i + 1;
	e->label = s->label;
	owner_of[i] = (struct kr_owner){s->owner, s->owner};
	e->owners = &owner_of[i];
	e->n_owners = 1;
	return e;
}

static bool take(struct kr_store *s, uint32_t source, struct kr_fault *f)
{
	struct kr_report_new n = {.source = source,
				  .name = KR_STR("a.csv"),
				  .format = KR_STR("test"),
				  .observed = KR_TIME_NONE};
	KR_AUTO(kr_batch) *b = kr_batch_new(0);
	struct kr_spool_writer *w;
	struct kr_spooled sp;
	struct kr_taking *t;
	struct kr_taken sum;
	uint64_t report;

	for (unsigned i = 0; i < N; i++)
		kr_batch_add(b, make_event(b->arena, i));
	return !kr_spool_begin(s, KR_RETAIN_STANDARD, &w, f) && !kr_spool_add(w, "x", 1, f) &&
	       !kr_spool_end(w, &sp, f) && !kr_store_report_add(s, &n, &sp, &report, f) &&
	       !kr_store_take_begin(s, report, false, KR_STR("test"), 0, NULL, &t, f) &&
	       !kr_store_batch(t, 0, b, f) &&
	       !kr_store_take_end(t, KR_REPORT_TAKEN, KR_STR(""), &sum, f);
}

/* Every row for recipient 1, whoever owns it: the gate must sort out what is not its own. */
static int tell_all(void *ctx, const struct kr_fresh_row *row, struct kr_fault *reterr)
{
	const struct kr_outbox_row x = {.recipient = 1,
					.source = row->source,
					.key = row->key,
					.day = row->id.day,
					.event = row->id,
					.rule = 1,
					.state = KR_OUTBOX_WAITING,
					.due = row->stored};

	return kr_store_outbox_add(ctx, &x, reterr);
}

static bool prepare(struct kr_store *s, struct kr_fault *f)
{
	struct kr_constituent c[2] = {
		{.name = KR_STR("bank-a"),
		 .title = KR_STR("Bank " RLO "A\r\nBcc: x"),
		 .language = KR_STR("en")},
		{.name = KR_STR("org-b")},
	};
	struct kr_rule rules[2] = {
		{.constituent = 0, .kind = KR_RULE_PREFIX, .value = KR_STR("198.51.100.0/24")},
		{.constituent = 1, .kind = KR_RULE_ASN, .value = KR_STR("64500")}};
	struct kr_source src = {.name = KR_STR("feed")};
	struct kr_recipient r = {.constituent = 1,
				 .sink = KR_STR("mail"),
				 .address = KR_STR("soc@example.org"),
				 .zone = KR_STR("UTC"),
				 .quiet_from = -1,
				 .quiet_to = -1,
				 .muted_until = KR_TIME_NONE,
				 .health = 100,
				 .enabled = true};
	struct kr_outbox_derive how = {.each = tell_all, .ctx = s};
	struct kr_register_change change;
	uint32_t id, source;

	return !kr_store_register_replace(s, KR_BY_LOCAL, c, 2, rules, 2, &change, f) &&
	       !kr_store_source_put(s, KR_BY_LOCAL, &src, &source, f) &&
	       !kr_store_recipient_put(s, KR_BY_LOCAL, &r, &id, f) && take(s, source, f) &&
	       kr_store_outbox_derive(s, &how, f) == (int64_t)N;
}

/* ---- the table, read by rules of its own ---- */

struct table {
	struct kr_str cell[16][64];
	size_t rows, columns[16];
	char text[8192];
};

static bool read_table(struct kr_str s, struct table *t)
{
	size_t out = 0;
	bool quoted = false, start = true;

	memset(t, 0, sizeof(*t));
	t->cell[0][0] = kr_str_n(t->text, 0);
	for (size_t i = 0; i < s.n; i++) {
		struct kr_str *at = &t->cell[t->rows][t->columns[t->rows]];
		char c = s.p[i];

		if (quoted && c == '"' && i + 1 < s.n && s.p[i + 1] == '"') {
			i++;
		} else if (c == '"' && (quoted || start)) {
			quoted = !quoted;
			start = false;
			continue;
		} else if (!quoted && (c == ',' || c == '\r')) {
			if (c == '\r' && (i + 1 == s.n || s.p[++i] != '\n'))
				return false;
			t->columns[t->rows]++;
			t->rows += c == '\r';
			if (t->rows == 16)
				return false;
			t->cell[t->rows][t->columns[t->rows]] = kr_str_n(t->text + out, 0);
			start = true;
			continue;
		}
		start = false;
		t->text[out++] = c;
		at->n++;
	}
	return !quoted;
}

static int column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->columns[0]; i++)
		if (kr_str_eqc(t->cell[0][i], name))
			return (int)i;
	return -1;
}

static void check_table(struct kr_str csv)
{
	static struct table t;
	unsigned risky = 0, uneven = 0;
	int m, x;

	OK(read_table(csv, &t), "the table is RFC 4180");
	IS(t.rows, 4, "a header and three rows");
	IS_STR(t.cell[0][0], KR_STR("time.source"), "time.source comes first");
	for (size_t r = 0; r < t.rows; r++) {
		uneven += t.columns[r] != t.columns[0];
		for (size_t k = 0; k < t.columns[r]; k++)
			risky += t.cell[r][k].n && strchr("=+-@\t\r", t.cell[r][k].p[0]) != NULL;
	}
	IS(uneven, 0, "as many cells in each row");
	IS(risky, 0, "no cell is a formula");
	m = column(&t, "malware.name");
	x = column(&t, "extra");
	if (m < 0 || x < 0) {
		OK(false, "columns malware.name and extra");
		return;
	}
	IS_STR(t.cell[2][m], KR_STR("'=cmd|' /C calc'!A0"), "what was one is text");
	IS_STR(t.cell[3][x], KR_STR("{\"note\":\"line\\r\\nbreak\"}"), "extra is JSON");
	IS(column(&t, "feed.name"), -1, "where it came from is not the owner's to know");
	IS(kr_str_find(csv, KR_STR("secret")), -1, "nothing stricter than AMBER");
	IS(kr_str_find(csv, KR_STR("theirs")), -1, "nothing of others");
	IS(kr_str_find(csv, KR_STR(RLO)), -1, "no turned direction");
	IS(column(&t, "source.url"), -1, "no empty column");
}

/* The same message to others. Built without gettext there is only English. */
static void check_languages(struct kr_store *s, struct kr_desk_mailing *m,
			    const struct kr_digest_opts *o)
{
	static const struct {
		const char *lang, *subject;
	} want[] = {
		{"sr-Latn", "3 doga\xc4\x91"
			    "aja za bank-a"},
		{"hr_HR", "3 doga\xc4\x91"
			  "aja za bank-a"},
		{"sq", "3 ngjarje p\xc3\xabr bank-a"},
		{"sr", "\xd0\xb7\xd0\xb0 bank-a"},
		{"xx", "3 events for bank-a"},
	};
	const char *lang = m->lang;

	for (size_t i = kr_message_langs()[0] ? 0 : 4; i < KR_ARRAY_LEN(want); i++) {
		struct kr_digest d;
		struct kr_fault f = {0};

		m->lang = want[i].lang;
		IS(kr_digest_make(s, m, o, &d, &f), 0, want[i].lang);
		OK(kr_str_find(kr_buf_str(&d.subject), kr_str_c(want[i].subject)) > 0,
		   "its subject: %.*s", KR_STR_ARG(kr_buf_str(&d.subject)));
		IS(kr_utf8_valid(kr_buf_str(&d.text)), d.text.n, "valid text");
		kr_digest_done(&d);
	}
	m->lang = lang;
}

static void check_digest(struct kr_store *s, const struct kr_conf *conf)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_digest_opts o;
	struct kr_desk_mailing m;
	struct kr_digest d, again;
	struct kr_fault f = {0};
	struct kr_str text;

	IS(kr_desk_mailing_waiting(s, conf, &KR_SCOPE_ALL, 1, KR_TIME_NONE, a, &m, &f), 0,
	   "what waits");
	IS(m.n, N, "are all rows");
	IS(kr_digest_opts(s, conf, &o, &f), 0, "options");
	IS(kr_digest_make(s, &m, &o, &d, &f), 0, "a digest");
	IS_STR(kr_buf_str(&d.subject), KR_STR("[TLP:AMBER] 3 events for bank-a: 3 malicious-code"),
	       "its subject");
	IS(d.rows, 3, "rows that may be told");
	IS(d.events, 6, "times seen");
	IS(d.left_out, 2, "rows that may not");
	IS(d.tlp, KR_TLP_AMBER, "the tightest of what is told");
	text = kr_buf_str(&d.text);
	OK(kr_str_starts(text, KR_STR("TLP:AMBER. 3 events for Bank \xef\xbf\xbd"
				      "A  Bcc: x: 3 malicious-code.\n")),
	   "the first line says it");
	IS(kr_str_find(text, KR_STR("\r")), -1, "no forged line");
	OK(kr_str_find(text, KR_STR("prefix 198.51.100.0/24")) > 0, "why they are told");
	OK(kr_str_find(text, KR_STR("2 rows were left out")) > 0, "what was left out is said");
	IS(kr_str_find(text, KR_STR("/feedback/")), -1, "a preview has no link");
	check_table(kr_buf_str(&d.csv));
	IS(kr_digest_make(s, &m, &o, &again, &f), 0, "again");
	IS_STR(kr_buf_str(&again.csv), kr_buf_str(&d.csv), "the same table");
	IS_STR(kr_buf_str(&again.text), kr_buf_str(&d.text), "the same text");
	kr_digest_done(&again);
	kr_digest_done(&d);
	check_languages(s, &m, &o);
	o.csv_max = 500;
	IS(kr_digest_make(s, &m, &o, &d, &f), 0, "a table that is too large");
	OK(d.not_listed > 0 && d.rows == 3, "is cut, and counted");
	OK(kr_str_find(kr_buf_str(&d.text), KR_STR("not fit into the table")) > 0, "and said");
	kr_digest_done(&d);
	m.n = 0;
	IS(kr_digest_make(s, &m, &o, &d, &f), 1, "no row, no message");
	kr_digest_done(&d);
	kr_desk_mailing_done(&m);
}

int main(void)
{
	char dir[] = "/tmp/karaula-test-XXXXXX", path[64];
	struct kr_store_opts o = {.now = test_now};
	const struct kr_conf *conf = NULL;
	struct kr_fault f = {0};
	struct kr_store *s = NULL;

	test_plain();
	test_plain_any();
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/node", dir);
	OK(!kr_conf_load(-1, NULL, &conf, &f) && !kr_store_init(path, &f) &&
		   !kr_store_open(path, &o, &s, &f) && prepare(s, &f),
	   "a directory %s", f.message);
	if (s && conf)
		check_digest(s, conf);
	kr_store_close(s);
	kr_conf_unref(conf);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return tap_end();
}
