/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of AS and country: from CSV, gz and MMDB, asked, damaged; and what enriching does with
 * them. */
#include "tap.h"
#include "prop.h"

#include "base/file.h"
#include "pipe/enrich.h"
#include "pipe/lookup.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "unit/pipe/mmdb.h"

static char folder[] = "/tmp/karaula-test-XXXXXX";
static int dir;

static int file_fd(const char *name, struct kr_str content)
{
	struct kr_fault f = {0};

	if (kr_file_replace(dir, name, content, 0600, &f))
		return -1;
	return openat(dir, name, O_RDONLY | O_CLOEXEC);
}

static int import(enum kr_lookup_kind kind, const char *name, struct kr_str content,
		  struct kr_fault *f)
{
	KR_AUTO(kr_lookup_build) *b = kr_lookup_build_new(kind);
	struct kr_lookup_about about = {.files = kr_str_c(name),
					.licence = KR_STR("CC0-1.0"),
					.attribution = KR_STR("made for a test"),
					.imported = 1700000000 * KR_SECOND};
	int fd = file_fd(name, content), err;

	*f = (struct kr_fault){0};
	err = kr_lookup_add(b, fd, name, f);
	close(fd);
	return err ? err : kr_lookup_write(b, dir, &about, f);
}

static const char *asn_of(const struct kr_lookup *l, const char *ip, char buf[200])
{
	struct kr_str name;
	struct kr_ip at;
	uint32_t asn;

	if (kr_ip_parse(kr_str_c(ip), &at))
		return "no address";
	asn = kr_lookup_asn(l, &at, &name);
	snprintf(buf, 200, "%u %.*s", asn, KR_STR_ARG(name));
	return buf;
}

#define RANGES                                                                                     \
	"start,end,asn,name\n"                                                                     \
	"192.0.2.0,192.0.2.255,64500,\"Example, Ltd.\"\r\n"                                        \
	"# a comment\n"                                                                            \
	"198.51.100.0,198.51.100.127,AS64501,\"Sample \"\"Net\"\"\"\n"                             \
	"203.0.113.0,203.0.113.255,0,Not routed\n"                                                 \
	"2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,4200000000,Sixth\n"

static void csv(void)
{
	KR_AUTO(kr_lookup) *l = NULL;
	struct kr_lookup_about about;
	struct kr_fault f;
	char b[200];

	IS(import(KR_LOOKUP_ASN, "asn.csv", KR_STR(RANGES), &f), 0, "ranges with a header");
	if (kr_lookup_open(dir, KR_LOOKUP_ASN, &l, &f))
		return;
	IS_CSTR(asn_of(l, "192.0.2.77", b), "64500 Example, Ltd.", "number and quoted name");
	IS_CSTR(asn_of(l, "198.51.100.127", b), "64501 Sample \"Net\"",
		"the last address of a range");
	IS_CSTR(asn_of(l, "198.51.100.128", b), "0 ", "behind it");
	IS_CSTR(asn_of(l, "203.0.113.5", b), "0 ", "AS 0 is none");
	IS_CSTR(asn_of(l, "2001:db8:1::1", b), "4200000000 Sixth", "IPv6, 32 bits");
	kr_lookup_about(l, &about);
	IS_STR(about.attribution, KR_STR("made for a test"), "the attribution is kept");
	IS_STR(about.licence, KR_STR("CC0-1.0"), "and the licence");
	IS_STR(about.files, KR_STR("asn.csv"), "and the file");
	IS(about.rows, 3, "three stretches");
	IS(about.imported / KR_SECOND, 1700000000, "and when");
	IS(kr_lookup_check(l, &f), 0, "the checksum is right");
}

static void prefixes(void)
{
	KR_AUTO(kr_lookup) *l = NULL;
	KR_AUTO(kr_lookup) *c = NULL;
	struct kr_fault f;
	struct kr_ip ip;
	char b[200];

	IS(import(KR_LOOKUP_ASN, "p.csv", KR_STR("10.0.0.0/8,64500,Outer\n10.1.0.0/16,64501\n"),
		  &f),
	   0, "prefixes, without a header");
	if (kr_lookup_open(dir, KR_LOOKUP_ASN, &l, &f))
		return;
	IS_CSTR(asn_of(l, "10.1.2.3", b), "64501 ", "the narrower one holds, without a name");
	IS_CSTR(asn_of(l, "10.2.2.3", b), "64500 Outer", "else the wider one");
	IS(import(KR_LOOKUP_COUNTRY, "c.csv",
		  KR_STR("192.0.2.0/24,xk\n198.51.100.0,198.51.100.9,AL\n"), &f),
	   0, "countries as CSV");
	if (kr_lookup_open(dir, KR_LOOKUP_COUNTRY, &c, &f) || kr_ip_parse(KR_STR("192.0.2.1"), &ip))
		return;
	IS_STR(kr_lookup_country(c, &ip), KR_STR("XK"), "a country, in capitals");
}

static void faults(void)
{
	struct kr_fault f;
	static const struct {
		const char *text, *message;
		unsigned line;
	} t[] = {
		{"10.0.0.0/8,64500\n10.0.0.300,10.0.0.4,1\n", "10.0.0.300 is not an address", 2},
		{"10.0.0.0/8,64500\n10.0.0.1,10.0.0.b,1\n", "10.0.0.b is not an address", 2},
		{"10.0.0.0/8,64500\n10.0.0.9,10.0.0.1,1\n", "begins a range that ends before it",
		 2},
		{"10.0.0.0/8,64500\n\n10.0.0.1,2001:db8::,1\n", "ends before it", 3},
		{"10.0.0.0/8,64500\n10.0.0.1,10.0.0.2\n", "too few values", 2},
		{"10.0.0.0/8,64500\n11.0.0.0/8,AS1x\n", "is not an AS number", 2},
		{"10.0.0.0/8,64500\n11.0.0.0/8,4294967296\n", "is not an AS number", 2},
	};
	char text[600];

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		OK(import(KR_LOOKUP_ASN, "bad.csv", kr_str_c(t[i].text), &f) < 0 &&
			   strstr(f.message, t[i].message) && f.line == t[i].line && f.remedy[0],
		   "%s: %s", t[i].message, kr_fault_text(&f, text, sizeof(text)));
	}
	IS(import(KR_LOOKUP_ASN, "empty.csv", KR_STR("start,end,asn\n"), &f), -KR_EINVAL,
	   "no row at all");
	IS(import(KR_LOOKUP_COUNTRY, "bad.csv", KR_STR("a,b\n10.0.0.0/8,ALB\n"), &f), -KR_EINVAL,
	   "three letters are no country code here");
}

static void packed(void)
{
	KR_AUTO(kr_lookup) *l = NULL;
	struct kr_fault f;
	char name[300], b[200];
	gzFile gz;
	KR_AUTO_BUF bytes = KR_BUF(1 << 20);

	snprintf(name, sizeof(name), "%s/x.csv.gz", folder);
	gz = gzopen(name, "wb");
	gzwrite(gz, RANGES, sizeof(RANGES) - 1);
	gzclose(gz);
	if (kr_file_read(dir, "x.csv.gz", 1 << 20, &bytes, &f))
		return;
	IS(import(KR_LOOKUP_ASN, "x.csv.gz", kr_buf_str(&bytes), &f), 0, "a gz");
	IS(kr_lookup_open(dir, KR_LOOKUP_ASN, &l, &f), 0, "opens");
	IS_CSTR(asn_of(l, "192.0.2.77", b), "64500 Example, Ltd.", "and answers");
	unlinkat(dir, "x.csv.gz", 0);
}

static void mmdb_sample(struct kr_buf *out)
{
	struct mmdb *m = kr_xcalloc(1, sizeof(*m));
	uint32_t al, xk, none;

	mmdb_init(m);
	al = mmdb_map(m, 2);
	mmdb_text(&m->data, "country_code");
	mmdb_text(&m->data, "AL");
	mmdb_text(&m->data, "autonomous_system_number");
	mmdb_number(&m->data, 6, 64500, 4);
	xk = mmdb_map(m, 3);
	mmdb_text(&m->data, "country");
	mmdb_ctl(&m->data, 7, 1);
	mmdb_text(&m->data, "iso_code");
	mmdb_text(&m->data, "XK");
	mmdb_text(&m->data, "autonomous_system_number");
	mmdb_number(&m->data, 6, 64501, 4);
	mmdb_text(&m->data, "autonomous_system_organization");
	mmdb_text(&m->data, "Example Org");
	none = mmdb_map(m, 1);
	mmdb_text(&m->data, "city");
	mmdb_text(&m->data, "AL");
	mmdb_add(m, "192.0.2.0/24", al);
	mmdb_add(m, "198.51.100.0/25", xk);
	mmdb_add(m, "198.51.100.128/25", al);
	mmdb_add(m, "203.0.113.0/24", none);
	mmdb_add(m, "2001:db8::/32", xk);
	/* Another entrance to IPv4, as 6to4 has it: 2002::/16 leads to the node of ::/96. */
	{
		uint32_t v4 = 0, node = 0;

		for (int i = 0; i < 96; i++)
			v4 = m->child[v4][0];
		for (int i = 0; i < 16; i++) {
			unsigned bit = 0x2002u >> (15 - i) & 1;

			if (i == 15)
				m->child[node][bit] = v4;
			else if (!m->child[node][bit])
				m->child[node][bit] = m->n++;
			node = m->child[node][bit];
		}
	}
	mmdb_write(m, out);
	free(m);
}

static void mmdb_file(void)
{
	KR_AUTO(kr_lookup) *c = NULL;
	KR_AUTO(kr_lookup) *a = NULL;
	KR_AUTO_BUF bytes = KR_BUF(1 << 20);
	struct kr_fault f;
	char b[200], text[600];
	static const struct {
		const char *ip, *cc, *as;
	} t[] = {
		{"192.0.2.1", "AL", "64500 "},
		{"198.51.100.1", "XK", "64501 Example Org"},
		{"198.51.100.129", "AL", "64500 "},
		{"203.0.113.1", "", "0 "},
		{"2001:db8:5::", "XK", "64501 Example Org"},
		{"2001:db9::", "", "0 "},
		{"192.0.3.1", "", "0 "},
		{"2002:c000:201::1", "", "0 "},
	};
	int err;

	mmdb_sample(&bytes);
	err = import(KR_LOOKUP_COUNTRY, "c.mmdb", kr_buf_str(&bytes), &f);
	OK(err == 0, "countries of an MMDB: %s", kr_fault_text(&f, text, sizeof(text)));
	IS(import(KR_LOOKUP_ASN, "a.mmdb", kr_buf_str(&bytes), &f), 0, "AS of an MMDB");
	if (err || kr_lookup_open(dir, KR_LOOKUP_COUNTRY, &c, &f) ||
	    kr_lookup_open(dir, KR_LOOKUP_ASN, &a, &f))
		return;
	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		struct kr_ip ip;

		if (kr_ip_parse(kr_str_c(t[i].ip), &ip))
			continue;
		IS_STR(kr_lookup_country(c, &ip), kr_str_c(t[i].cc), t[i].ip);
		IS_CSTR(asn_of(a, t[i].ip, b), t[i].as, t[i].ip);
	}
	/* Damage: an error or other answers, never a crash or a hang. */
	for (unsigned i = 0; i < 300; i++) {
		KR_AUTO_BUF bad = KR_BUF(1 << 20);
		/* Not the metadata: the library forgets memory when it refuses them. */
		size_t end = bytes.n - 220;

		kr_buf_str_add(&bad, kr_buf_str(&bytes));
		for (int k = 0; k < 6; k++)
			bad.p[prop_below(end)] = (char)prop_u64();
		err = import(KR_LOOKUP_COUNTRY, "bad.mmdb", kr_buf_str(&bad), &f);
		if (err > 0)
			OK(false, "an import says 0 or an error");
	}
	OK(true, "300 damaged files are survived");
}

static void enrich(void)
{
	KR_AUTO(kr_tables) *t = NULL;
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_event *e = kr_event_new(a);
	KR_AUTO_BUF text = KR_BUF(1000);
	struct kr_fault f;
	int err = 0;

	IS(import(KR_LOOKUP_ASN, "asn.csv", KR_STR(RANGES), &f), 0, "a table of AS");
	IS(import(KR_LOOKUP_COUNTRY, "c.csv", KR_STR("192.0.2.0/24,AL\n198.51.100.0/25,XK\n"), &f),
	   0, "a table of countries");
	IS(kr_tables_open(dir, &t, &f), 0, "both are opened");
	kr_tables_attribution(t, &text);
	IS_STR(kr_buf_str(&text), KR_STR("made for a test\nmade for a test"),
	       "attributions for the page");
	err |= kr_event_set(e, a, KR_F_SRC_IP, KR_STR("192.0.2.9"));
	err |= kr_event_set(e, a, KR_F_SRC_FQDN, KR_STR("www.example.co.uk"));
	err |= kr_event_set(e, a, KR_F_DST_IP, KR_STR("198.51.100.5"));
	err |= kr_event_set(e, a, KR_F_DST_CC, KR_STR("DE"));
	IS(err | kr_enrich(t, false, e, a), 0, "an event is enriched");
	IS(kr_event_get(e, KR_F_SRC_ASN)->i, 64500, "AS");
	IS_STR(kr_event_get(e, KR_F_SRC_AS_NAME)->text, KR_STR("Example, Ltd."), "its name");
	IS_STR(kr_event_get(e, KR_F_SRC_CC)->text, KR_STR("AL"), "country");
	IS_STR(kr_event_get(e, KR_F_SRC_DOMAIN_SUFFIX)->text, KR_STR("co.uk"), "public suffix");
	IS(kr_event_get(e, KR_F_DST_ASN)->i, 64501, "AS of the destination");
	IS_STR(kr_event_get(e, KR_F_DST_CC)->text, KR_STR("DE"), "what the report says stays");
	IS(kr_enrich(t, true, e, a), 0, "with force");
	IS_STR(kr_event_get(e, KR_F_DST_CC)->text, KR_STR("XK"), "it is replaced");
	e = kr_event_new(a);
	err = kr_event_set(e, a, KR_F_SRC_IP, KR_STR("192.0.2.9"));
	err |= kr_event_set(e, a, KR_F_SRC_ASN, KR_STR("65000"));
	IS(err | kr_enrich(t, false, e, a), 0, "an event with another AS");
	IS(kr_event_get(e, KR_F_SRC_ASN)->i, 65000, "keeps it");
	OK(!kr_event_has(e, KR_F_SRC_AS_NAME), "and does not get the name of ours");
	e = kr_event_new(a);
	err = kr_event_set(e, a, KR_F_SRC_NETWORK, KR_STR("192.0.2.0/25"));
	IS(err | kr_enrich(t, false, e, a), 0, "a network within one AS");
	IS(kr_event_get(e, KR_F_SRC_ASN)->i, 64500, "has it");
	e = kr_event_new(a);
	err = kr_event_set(e, a, KR_F_SRC_NETWORK, KR_STR("192.0.2.0/23"));
	IS(err | kr_enrich(t, false, e, a), 0, "a network that reaches beyond");
	OK(!kr_event_has(e, KR_F_SRC_ASN) && !kr_event_has(e, KR_F_SRC_CC), "has none");
}

static void broken_table(void)
{
	KR_AUTO(kr_tables) *t = NULL;
	struct kr_fault f = {0};

	if (kr_file_replace(dir, "tables/asn.krt", KR_STR("rubbish"), 0600, &f))
		return;
	IS(kr_tables_open(dir, &t, &f), 1, "a damaged table is left out");
	OK(!kr_tables_get(t, KR_LOOKUP_ASN) && kr_tables_get(t, KR_LOOKUP_COUNTRY),
	   "the other one stays");
	OK(strstr(f.where, "asn.krt") && strstr(f.remedy, "table import asn"),
	   "and the fault says what to do");
	unlinkat(dir, "tables/asn.krt", 0);
	kr_tables_unref(t);
	IS(kr_tables_open(dir, &t, &f), 0, "a missing table is fine");
}

int main(void)
{
	static const char *const left[] = {
		"tables/asn.krt", "tables/country.krt", "asn.csv", "p.csv",  "c.csv",	"bad.csv",
		"empty.csv",	  "x.csv.gz",		"c.mmdb",  "a.mmdb", "bad.mmdb"};

	prop_begin(0);
	if (!mkdtemp(folder))
		return 1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	csv();
	prefixes();
	faults();
	packed();
	mmdb_file();
	enrich();
	broken_table();
	for (size_t i = 0; i < KR_ARRAY_LEN(left); i++)
		unlinkat(dir, left[i], 0);
	unlinkat(dir, "tables", AT_REMOVEDIR);
	close(dir);
	rmdir(folder);
	return tap_end();
}
