/* SPDX-License-Identifier: Apache-2.0 */
/* Import files of the register: both forms, and every error with its line and column. */
#include "tap.h"

#include "desk/register.h"

#define HEAD "name,title,sector,country,contact,language,note,prefixes,asns,domains,countries\n"

static struct kr_fault faults[KR_REGISTER_FAULTS_MAX];
static size_t n_faults;

static int read_text(struct kr_arena *a, const char *text, struct kr_register_draft *d)
{
	memset(faults, 0, sizeof(faults));
	return kr_register_read(kr_str_c(text), "c.csv", a, d, faults, &n_faults);
}

static bool has(const struct kr_register_draft *d, const char *name, enum kr_rule_kind kind,
		const char *value)
{
	for (size_t i = 0; i < d->n_rules; i++)
		if (d->rules[i].kind == kind && kr_str_eqc(d->rules[i].value, value) &&
		    kr_str_eqc(d->c[d->rules[i].constituent].name, name))
			return true;
	return false;
}

static void wide(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_register_draft d;

	IS(read_text(a,
		     HEAD "bank-a,\"Bank \"\"A\"\", d.d.\",banking,al,soc@bank.example.org; "
			  "cert@bank.example.org,sq,,"
			  "198.51.100.0/24 2001:DB8::/32;198.51.100.0/24,AS64500 "
			  "64501,*.Bank.example.ORG,\n"
			  "\n"
			  "govt,Government,public,MK,,sr-Latn,\"two\nlines are not allowed in a "
			  "note\",,,,\n",
		     &d),
	   -KR_EINVAL, "a line break in a note");
	IS(n_faults, 1, "is the only error");
	IS(faults[0].line, 4, "on its line");
	IS(read_text(
		   a,
		   HEAD
		   "bank-a,\"Bank \"\"A\"\", d.d.\",banking,al,soc@bank.example.org; "
		   "cert@bank.example.org,sq,,"
		   "198.51.100.0/24 2001:DB8::/32;198.51.100.0/24,AS64500 "
		   "64501,*.Bank.example.ORG,\n"
		   "\n"
		   "govt,Government,public,MK,,sr-Latn,note,\"192.0.2.1\n203.0.113.0/25\",,,xk;AL\n"
		   "empty,,,,,,,,,,\n",
		   &d),
	   0, "a sound file");
	IS(d.n_c, 3, "three constituents");
	IS(d.n_rules, 9, "nine rules: one given twice is one");
	IS_STR(d.c[0].title, KR_STR("Bank \"A\", d.d."), "a quoted title");
	IS_STR(d.c[0].country, KR_STR("AL"), "a country in capitals");
	IS_STR(d.c[1].language, KR_STR("sr-Latn"), "a language");
	OK(has(&d, "bank-a", KR_RULE_PREFIX, "198.51.100.0/24"), "an IPv4 prefix");
	OK(has(&d, "bank-a", KR_RULE_PREFIX, "2001:db8::/32"), "an IPv6 prefix, canonical");
	OK(has(&d, "bank-a", KR_RULE_ASN, "64500") && has(&d, "bank-a", KR_RULE_ASN, "64501"),
	   "AS numbers");
	OK(has(&d, "bank-a", KR_RULE_DOMAIN, "bank.example.org"),
	   "a domain, canonical, without *.");
	OK(has(&d, "govt", KR_RULE_PREFIX, "192.0.2.1/32"),
	   "an address is a prefix of all its bits");
	OK(has(&d, "govt", KR_RULE_PREFIX, "203.0.113.0/25"), "values on lines of one cell");
	OK(has(&d, "govt", KR_RULE_COUNTRY, "XK") && has(&d, "govt", KR_RULE_COUNTRY, "AL"),
	   "countries");
	IS(read_text(a, "prefixes;name;note\n198.51.100.0/24 203.0.113.0/24;x;a, b\n", &d), 0,
	   "semicolons, columns in any order and not all of them");
	OK(has(&d, "x", KR_RULE_PREFIX, "203.0.113.0/24") && kr_str_eqc(d.c[0].note, "a, b"),
	   "are read");
	IS(read_text(a, "\xef\xbb\xbfname,prefixes\r\nx,198.51.100.0/24\r\n", &d), 0,
	   "a byte order mark and CRLF");
}

static void tall(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_register_draft d;

	IS(read_text(a,
		     "name,kind,value,title\n"
		     "a,prefix,198.51.100.0/24,Title of A\n"
		     "b,asn,64500,\n"
		     "a,Domain,example.org,Title of A\n"
		     "a,country,AL,\n"
		     "c,,,\n",
		     &d),
	   0, "one row for each value");
	IS(d.n_c, 3, "three constituents");
	IS(d.n_rules, 4, "four rules");
	IS_STR(d.c[0].title, KR_STR("Title of A"), "texts may be repeated");
	OK(has(&d, "a", KR_RULE_DOMAIN, "example.org"), "kinds in any case");
	IS(read_text(a, "name,kind,value,title\na,prefix,198.51.100.0/24,One\na,asn,1,Two\n", &d),
	   -KR_EINVAL, "but not be different");
	IS(faults[0].line, 3, "which is told");
	IS(read_text(a, "name,kind,value\na,network,198.51.100.0/24\na,asn,\na,asn,0\n", &d),
	   -KR_EINVAL, "kinds and values are checked");
	IS(n_faults, 3, "each of them");
	IS(read_text(a, "name,kind\na,asn\n", &d), -KR_EINVAL, "kind needs value");
}

static void errors(void)
{
	static const struct {
		const char *row, *message, *remedy;
		unsigned column;
	} t[] = {
		{"a,,,,,,,198.51.100.1/24,,,", "198.51.100.1/24 has bits behind its length",
		 "198.51.100.0/24", 9},
		{"a,,,,,,,198.51.100.0/24 198.51.100.0/33,,,", "198.51.100.0/33 is not a network",
		 "", 25},
		{"a,,,,,,,0.0.0.0/0,,,", "own every address", "", 9},
		{"a,,,,,,,,AS0,,", "AS0 is not a valid asn", "64500", 10},
		{"a,,,,,,,,,exa_mple..org,", "is not a valid domain", "example.org", 11},
		{"a,,,,,,,,,,ALB", "ALB is not a valid country", "ISO 3166", 12},
		{"a b,,,,,,,,,,", "is not a short name", "letters", 1},
		{",Title,,,,,,,,,", "name: empty", "", 1},
		{"a,,,Albania,,,,,,,", "longer than 2", "", 5},
		{"a,,,A!,,,,,,,", "not a country code", "", 5},
		{"a,,,,nobody,,,,,,", "not a mail address", "", 6},
		{"a,,,,,english please,,,,,", "not a language tag", "", 7},
		{"a,b\xff,,,,,,,,,", "not UTF-8", "", 4},
	};
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_register_draft d;
	char text[600], line[800];
	int err;

	for (size_t i = 0; i < KR_ARRAY_LEN(t); i++) {
		snprintf(line, sizeof(line), HEAD "good,,,,,,,192.0.2.0/24,,,\n%s\n", t[i].row);
		err = read_text(a, line, &d);
		OK(err == -KR_EINVAL && n_faults == 1 && faults[0].line == 3 &&
			   faults[0].column == t[i].column &&
			   strstr(faults[0].message, t[i].message) &&
			   strstr(faults[0].remedy, t[i].remedy),
		   "%s", kr_fault_text(&faults[0], text, sizeof(text)));
	}
	IS(read_text(a, "", &d), -KR_EINVAL, "an empty file");
	IS(read_text(a, HEAD, &d), -KR_EINVAL, "a file without a row would empty the register");
	IS(read_text(a, "nam,prefixes\nx,192.0.2.0/24\n", &d), -KR_EINVAL, "no column name");
	IS(n_faults, 2, "and one that is not known");
	IS(read_text(a, "name,name\nx,y\n", &d), -KR_EINVAL, "a column twice");
	IS(read_text(a, "name,prefixes\nx,192.0.2.0/24\ny,192.0.2.0/24\nx,\n", &d), -KR_EINVAL,
	   "a name twice");
	OK(strstr(faults[0].message, "line 2") && faults[0].line == 4, "says where it was first");
	IS(read_text(a, "name,prefixes\nx\n", &d), -KR_EINVAL, "too few cells");
	IS(faults[0].line, 2, "with the line");
	line[0] = 0;
	strcat(line, "name,asns\n");
	for (int i = 0; i < 30; i++)
		sprintf(line + strlen(line), "n%d,x\n", i);
	IS(read_text(a, line, &d), -KR_EINVAL, "thirty errors");
	IS(n_faults, KR_REGISTER_FAULTS_MAX, "are listed up to twenty");
	IS(faults[19].line, 21, "in their order");
}

int main(void)
{
	wide();
	tall();
	errors();
	return tap_end();
}
