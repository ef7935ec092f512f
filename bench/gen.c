/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A generator of realistic reports, for benches and tests: the same options give the same bytes.
 *
 *     gen sinkhole ROWS [--seed N] [--duplicates PERCENT] [--prefixes FILE] [--date DAY]
 * [--quote-all] gen --columns 39 --rows ROWS ...
 *
 * sinkhole has 39 columns, device 18, ssl 76, with the column names of Shadowserver's reports,
 * made-up values, and quotes where a value has blanks, commas or quotes. Addresses are drawn from
 * ranges so that a few ranges have most of the rows (log-uniform over their ranks, as Zipf's law
 * has it); the ranges are made up, or come from a CSV whose lines begin with first and last
 * address. Duplicates are exact copies of one of the last 1,024 rows.
 */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/time.h"

#define RANGES_MAX 2000000u
#define RING	   1024u
#define ROW_MAX	   8192u

static const char *const sinkhole[] = {
	"timestamp",	 "protocol",	   "src_ip",	   "src_port",
	"src_asn",	 "src_geo",	   "src_region",   "src_city",
	"src_hostname",	 "src_naics",	   "src_sector",   "device_vendor",
	"device_type",	 "device_model",   "severity",	   "dst_ip",
	"dst_port",	 "dst_asn",	   "dst_geo",	   "dst_region",
	"dst_city",	 "dst_hostname",   "dst_naics",	   "dst_sector",
	"public_source", "infection",	   "family",	   "tag",
	"application",	 "version",	   "event_id",	   "http_url",
	"http_host",	 "http_agent",	   "forwarded_by", "ssl_cipher",
	"http_referer",	 "ssl_servername", "machine_name",
};
static const char *const device[] = {
	"timestamp",
	"severity",
	"ip",
	"protocol",
	"port",
	"hostname",
	"tag",
	"asn",
	"geo",
	"region",
	"city",
	"naics",
	"hostname_source",
	"sector",
	"device_vendor",
	"device_type",
	"device_model",
	"device_version",
};
static const char *const ssl[] = {
	"timestamp",
	"severity",
	"ip",
	"protocol",
	"port",
	"hostname",
	"tag",
	"asn",
	"geo",
	"region",
	"city",
	"naics",
	"hostname_source",
	"sector",
	"handshake",
	"cipher_suite",
	"ssl_poodle",
	"cert_length",
	"subject_common_name",
	"issuer_common_name",
	"cert_issue_date",
	"cert_expiration_date",
	"sha1_fingerprint",
	"cert_serial_number",
	"ssl_version",
	"signature_algorithm",
	"key_algorithm",
	"subject_organization_name",
	"subject_organization_unit_name",
	"subject_country",
	"subject_state_or_province_name",
	"subject_locality_name",
	"subject_street_address",
	"subject_postal_code",
	"subject_surname",
	"subject_given_name",
	"subject_email_address",
	"subject_business_category",
	"subject_serial_number",
	"issuer_organization_name",
	"issuer_organization_unit_name",
	"issuer_country",
	"issuer_state_or_province_name",
	"issuer_locality_name",
	"issuer_street_address",
	"issuer_postal_code",
	"issuer_surname",
	"issuer_given_name",
	"issuer_email_address",
	"issuer_business_category",
	"issuer_serial_number",
	"freak_vulnerable",
	"freak_cipher_suite",
	"sha256_fingerprint",
	"sha512_fingerprint",
	"md5_fingerprint",
	"http_response_type",
	"http_code",
	"http_reason",
	"content_type",
	"http_connection",
	"www_authenticate",
	"set_cookie",
	"server_type",
	"content_length",
	"transfer_encoding",
	"http_date",
	"cert_valid",
	"self_signed",
	"cert_expired",
	"browser_trusted",
	"validation_level",
	"browser_error",
	"tlsv13_support",
	"tlsv13_cipher",
	"jarm",
};
_Static_assert(KR_ARRAY_LEN(sinkhole) == 39 && KR_ARRAY_LEN(device) == 18 &&
		       KR_ARRAY_LEN(ssl) == 76,
	       "");

static const struct {
	const char *geo, *region, *city;
} places[] = {
	{"RS", "BELGRADE", "BELGRADE"},	  {"BA", "FEDERATION", "SARAJEVO"},
	{"ME", "PODGORICA", "PODGORICA"}, {"AL", "TIRANA", "TIRANA"},
	{"MK", "SKOPJE", "SKOPJE"},	  {"HR", "GRAD ZAGREB", "ZAGREB"},
	{"SI", "LJUBLJANA", "LJUBLJANA"}, {"DE", "HESSE", "FRANKFURT AM MAIN"},
	{"US", "VIRGINIA", "ASHBURN"},	  {"BR", "SAO PAULO", "SAO PAULO"},
	{"IN", "MAHARASHTRA", "MUMBAI"},  {"NL", "NOORD-HOLLAND", "AMSTERDAM"},
};
static const char *const sectors[] = {
	"Communications, Service Provider, and Hosting Service",
	"Commercial Facilities",
	"Information Technology",
	"Government",
	"Energy",
	"",
};
static const char *const families[] = {
	"andromeda", "necurs",	  "ranbyus",  "tinba",
	"mirai",     "conficker", "gamarue",  "ramnit",
	"sality",    "virut",	  "zeus",     "nymaim",
	"emotet",    "qakbot",	  "trickbot", "avalanche-andromeda",
};
static const char *const agents[] = {
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/102.0.0.0 Safari/537.36",
	"Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)",
	"Mozilla/5.0 \"quoted\" (X11; Linux)",
	"Go-http-client/1.1",
	"",
};
static const char *const devices[][3] = {
	{"ExampleTech", "router", "ET-4000"},
	{"SampleCam", "ip-camera", "SC-2"},
	{"SampleNAS", "nas", "N4"},
	{"DemoVPN", "vpn", ""},
	{"", "", ""},
};

struct range {
	uint32_t first, last;
};

static struct {
	uint64_t random, rows, seed;
	unsigned duplicates;
	bool quote_all;
	int32_t day;
	struct range *ranges;
	unsigned n_ranges;
} gen = {.seed = 1};

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(void)
{
	uint64_t z = (gen.random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)(((draw() >> 32) * n) >> 32);
}

/* A rank from 0 to n - 1, rank r with a weight near 1 / (r + 1). */
static uint32_t skewed(uint32_t n)
{
	double u = (double)(draw() >> 11) / 9007199254740992.0;
	double r = exp(u * log((double)n + 1)) - 1;

	return r >= n ? n - 1 : (uint32_t)r;
}

static void die(const char *what)
{
	fprintf(stderr, "gen: %s\n", what);
	exit(2);
}

static void make_ranges(void)
{
	gen.n_ranges = 20000;
	gen.ranges = kr_xcalloc(gen.n_ranges, sizeof(*gen.ranges));
	for (unsigned i = 0; i < gen.n_ranges; i++) {
		uint32_t size = 256u << below(5);
		uint32_t first = ((1u << 24) + below((223u << 24) - (1u << 24))) & ~(size - 1);

		gen.ranges[i] = (struct range){first, first + size - 1};
	}
}

/* Lines FIRST,LAST,...; other lines (IPv6, a header) are passed over. */
static void read_ranges(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[1024];

	if (!f)
		die("cannot open the file of --prefixes");
	gen.ranges = kr_xcalloc(RANGES_MAX, sizeof(*gen.ranges));
	while (gen.n_ranges < RANGES_MAX && fgets(line, sizeof(line), f)) {
		struct kr_str rest = kr_str_c(line), first, last;
		struct kr_ip a, b;

		if (!kr_str_split(&rest, ',', &first) || !kr_str_split(&rest, ',', &last) ||
		    kr_ip_parse(kr_str_trim(first), &a) || kr_ip_parse(kr_str_trim(last), &b) ||
		    a.family != 4 || b.family != 4 || kr_ip_u32(&a) > kr_ip_u32(&b))
			continue;
		gen.ranges[gen.n_ranges++] = (struct range){kr_ip_u32(&a), kr_ip_u32(&b)};
	}
	fclose(f);
	if (!gen.n_ranges)
		die("the file of --prefixes has no lines FIRST,LAST,...");
	/* Which ranges are the busy ones must not follow from their order in the file. */
	for (unsigned i = gen.n_ranges - 1; i; i--) {
		unsigned k = below(i + 1);
		struct range r = gen.ranges[i];

		gen.ranges[i] = gen.ranges[k];
		gen.ranges[k] = r;
	}
}

static void text(struct kr_buf *b, const char *s)
{
	bool quote = gen.quote_all ? *s != '\0' : strpbrk(s, " ,\"") != NULL;

	if (!quote) {
		kr_buf_c(b, s);
	} else {
		kr_buf_ch(b, '"');
		for (; *s; s++) {
			if (*s == '"')
				kr_buf_ch(b, '"');
			kr_buf_ch(b, *s);
		}
		kr_buf_ch(b, '"');
	}
	kr_buf_ch(b, ',');
}

static void textf(struct kr_buf *b, const char *fmt, ...) KR_PRINTF(2, 3);
static void textf(struct kr_buf *b, const char *fmt, ...)
{
	char s[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	text(b, s);
}

static void number(struct kr_buf *b, uint64_t v)
{
	kr_buf_u64(b, v);
	kr_buf_ch(b, ',');
}

static void empty(struct kr_buf *b, unsigned n)
{
	while (n--)
		kr_buf_ch(b, ',');
}

static void hex(struct kr_buf *b, unsigned bytes, const char *separator)
{
	char s[400];
	size_t n = 0;

	for (unsigned i = 0; i < bytes; i++)
		n += (size_t)snprintf(s + n, sizeof(s) - n, "%s%02X", i ? separator : "",
				      (unsigned)(draw() & 0xff));
	text(b, s);
}

/* Who a row is about. */
struct host {
	uint32_t ip, range;
	bool named;
};

static struct host draw_host(void)
{
	struct host h = {.range = skewed(gen.n_ranges)};
	struct range r = gen.ranges[h.range];

	h.ip = r.first +
	       (r.last - r.first == UINT32_MAX ? (uint32_t)draw() : below(r.last - r.first + 1));
	h.named = h.ip % 5 < 3;
	return h;
}

static void address(struct kr_buf *b, uint32_t ip)
{
	textf(b, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

static void timestamp(struct kr_buf *b, uint64_t row)
{
	char t[KR_TIME_TEXT_MAX];
	uint64_t second = KR_MIN(row * 86400 / KR_MAX(gen.rows, 1) + below(30), 86399u);

	kr_time_text(kr_day_time(gen.day) + (kr_time)second * KR_SECOND, t);
	t[10] = ' ';
	t[19] = '\0';
	text(b, t);
}

static void hostname(struct kr_buf *b, const struct host *h)
{
	if (h->named)
		textf(b, "host-%u-%u.pool%u.example.net", h->ip >> 8 & 255, h->ip & 255,
		      h->range % 500);
	else
		empty(b, 1);
}

static uint32_t asn(const struct host *h)
{
	return 64512 + h->range % 1000;
}

static void place(struct kr_buf *b, const struct host *h)
{
	size_t i = h->range % KR_ARRAY_LEN(places);

	text(b, places[i].geo);
	text(b, places[i].region);
	text(b, places[i].city);
}

static uint64_t naics(const struct host *h)
{
	return h->range % 4 ? 517311 : 0;
}

static void row_sinkhole(struct kr_buf *b, uint64_t row)
{
	struct host h = draw_host();
	const char *family = families[skewed(KR_ARRAY_LEN(families))];
	unsigned d = below(20);

	timestamp(b, row);
	text(b, "tcp");
	address(b, h.ip);
	number(b, 1024 + below(64000));
	number(b, asn(&h));
	place(b, &h);
	hostname(b, &h);
	number(b, naics(&h));
	text(b, sectors[h.range % KR_ARRAY_LEN(sectors)]);
	for (int i = 0; i < 3; i++)
		text(b, devices[d < 4 ? d : 4][i]);
	text(b, "critical");
	textf(b, "198.51.100.%u", 1 + below(40));
	number(b, below(4) ? 80 : 443);
	number(b, 64500);
	text(b, "DE");
	text(b, "HESSE");
	text(b, "FRANKFURT AM MAIN");
	empty(b, 1);
	number(b, 518210);
	text(b, "Information Technology");
	text(b, "example-sinkhole");
	text(b, family);
	text(b, below(2) ? family : "");
	text(b, family);
	text(b, "http");
	empty(b, 1);
	textf(b, "%016llx%016llx", (unsigned long long)draw(), (unsigned long long)draw());
	textf(b, "%s /%s%u.php HTTP/1.1", below(3) ? "GET" : "POST", below(2) ? "gate" : "c/",
	      below(1000));
	textf(b, "c2-%u.example.com", skewed(300));
	text(b, agents[skewed(KR_ARRAY_LEN(agents))]);
	empty(b, 4);
	kr_buf_ch(b, ',');
}

/* The first 14 columns of reports about what a scan found. */
static void scanned(struct kr_buf *b, uint64_t row, const struct host *h, uint32_t port,
		    const char *tag)
{
	timestamp(b, row);
	text(b, "info");
	address(b, h->ip);
	text(b, "tcp");
	number(b, port);
	hostname(b, h);
	text(b, tag);
	number(b, asn(h));
	place(b, h);
	number(b, naics(h));
	text(b, h->named ? "ptr" : "");
	text(b, sectors[h->range % KR_ARRAY_LEN(sectors)]);
}

static void row_device(struct kr_buf *b, uint64_t row)
{
	static const uint32_t ports[] = {443, 80, 8443, 8080, 10443};
	struct host h = draw_host();
	unsigned d = below(4);

	scanned(b, row, &h, ports[skewed(KR_ARRAY_LEN(ports))], d == 3 ? "ssl;vpn" : "iot");
	for (int i = 0; i < 3; i++)
		text(b, devices[d][i]);
	textf(b, below(3) ? "" : "%u.%u.%u", 1 + below(9), below(20), below(9));
}

static void certificate(struct kr_buf *b, const struct host *h)
{
	const char *geo = places[h->range % KR_ARRAY_LEN(places)].geo;

	number(b, below(3) ? 2048 : 1024);
	textf(b, "host%u.example.org", below(100000));
	textf(b, "Example CA %u", below(20));
	textf(b, "2026-%02u-%02u 00:00:00", 1 + below(10), 1 + below(28));
	textf(b, "2027-%02u-%02u 23:59:59", 1 + below(10), 1 + below(28));
	hex(b, 20, ":");
	hex(b, 9, "");
	number(b, 2);
	text(b, "sha256WithRSAEncryption");
	text(b, "rsaEncryption");
	textf(b, "Example %u d.o.o.", below(1000));
	empty(b, 1);
	text(b, geo);
	empty(b, 9);
	text(b, "Example Trust Services");
	empty(b, 1);
	text(b, "US");
	empty(b, 9);
}

static void row_ssl(struct kr_buf *b, uint64_t row)
{
	struct host h = draw_host();

	scanned(b, row, &h, 443, "ssl");
	text(b, below(5) ? "TLSv1.2" : "TLSv1.0");
	text(b, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	text(b, below(9) ? "N" : "Y");
	certificate(b, &h);
	text(b, "N");
	empty(b, 1);
	hex(b, 32, ":");
	hex(b, 64, ":");
	hex(b, 16, ":");
	text(b, "HTTP/1.1");
	number(b, below(4) ? 200 : 404);
	text(b, "OK");
	text(b, "text/html; charset=UTF-8");
	text(b, "keep-alive");
	empty(b, 2);
	text(b, below(2) ? "nginx" : "Apache/2.4.57 (Debian)");
	number(b, below(40000));
	empty(b, 1);
	text(b, "Fri, 20 Nov 2026 05:00:00 GMT");
	text(b, "Y");
	text(b, below(2) ? "Y" : "N");
	text(b, "N");
	text(b, "N");
	text(b, "unknown");
	text(b, "x509: unknown error");
	text(b, "Y");
	text(b, "TLS_AES_128_GCM_SHA256");
	text(b, "29d29d00029d29d00042d42d00000072b3a2ab59d97d3a4bb7f2d7e2aa6a53");
}

static const struct kind {
	const char *name;
	const char *const *columns;
	unsigned n;
	void (*row)(struct kr_buf *b, uint64_t row);
} kinds[] = {
	{"sinkhole", sinkhole, KR_ARRAY_LEN(sinkhole), row_sinkhole},
	{"device", device, KR_ARRAY_LEN(device), row_device},
	{"ssl", ssl, KR_ARRAY_LEN(ssl), row_ssl},
};

static void write_out(struct kr_buf *b)
{
	if (fwrite(b->p, 1, b->n, stdout) != b->n)
		die("cannot write");
	kr_buf_clear(b);
}

static void generate(const struct kind *k)
{
	struct kr_buf out = KR_BUF(1 << 20), row = KR_BUF(ROW_MAX), *ring;

	ring = kr_xcalloc(RING, sizeof(*ring));
	for (unsigned i = 0; i < RING; i++)
		ring[i] = KR_BUF(ROW_MAX);
	for (unsigned i = 0; i < k->n; i++)
		kr_buf_printf(&out, "\"%s\"%c", k->columns[i], i + 1 < k->n ? ',' : '\n');
	for (uint64_t i = 0; i < gen.rows; i++) {
		struct kr_buf *kept = &ring[i % RING];

		if (i >= RING && below(100) < gen.duplicates) {
			kr_buf_str_add(&out, kr_buf_str(&ring[below(RING)]));
		} else {
			kr_buf_clear(&row);
			k->row(&row, i);
			/* The last comma becomes the end of the line. */
			row.p[row.n - 1] = '\n';
			kr_buf_clear(kept);
			kr_buf_str_add(kept, kr_buf_str(&row));
			kr_buf_str_add(&out, kr_buf_str(&row));
		}
		if (out.n > (1 << 19))
			write_out(&out);
	}
	write_out(&out);
	for (unsigned i = 0; i < RING; i++)
		kr_buf_done(&ring[i]);
	free(ring);
	kr_buf_done(&row);
	kr_buf_done(&out);
}

static const struct kind *find_kind(const char *name, unsigned columns)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(kinds); i++)
		if (name ? strcmp(kinds[i].name, name) == 0 : kinds[i].n == columns)
			return &kinds[i];
	die("usage: gen sinkhole|device|ssl ROWS [--seed N] [--duplicates PERCENT] [--prefixes "
	    "FILE] "
	    "[--date 2026-11-20] [--quote-all], or gen --columns 39|18|76 --rows N ...");
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"columns", required_argument, NULL, 'c'},
		{"rows", required_argument, NULL, 'r'},
		{"seed", required_argument, NULL, 's'},
		{"duplicates", required_argument, NULL, 'd'},
		{"prefixes", required_argument, NULL, 'p'},
		{"date", required_argument, NULL, 'D'},
		{"quote-all", no_argument, NULL, 'q'},
		{0},
	};
	const char *prefixes = NULL, *name = NULL;
	unsigned columns = 0;
	int o;

	if (kr_day_parse(KR_STR("2026-11-20"), &gen.day))
		die("no day");
	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (o) {
		case 'c': columns = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'r': gen.rows = strtoull(optarg, NULL, 10); break;
		case 's': gen.seed = strtoull(optarg, NULL, 10); break;
		case 'd': gen.duplicates = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'p': prefixes = optarg; break;
		case 'q': gen.quote_all = true; break;
		case 'D':
			if (kr_day_parse(kr_str_c(optarg), &gen.day))
				die("--date is no day");
			break;
		default: return 2;
		}
	}
	if (optind < argc)
		name = argv[optind++];
	if (optind < argc)
		gen.rows = strtoull(argv[optind++], NULL, 10);
	/* Ranges and their order are the same for every seed: the same networks have troubles every
	 * day. */
	gen.random = 20261120;
	if (prefixes)
		read_ranges(prefixes);
	else
		make_ranges();
	/* A whole draw apart: seeds that follow each other would give the same draws, shifted. */
	gen.random = gen.seed * 0xd1342543de82ef95u;
	gen.random = draw();
	generate(find_kind(name, columns));
	free(gen.ranges);
	return fflush(stdout) ? 1 : 0;
}
