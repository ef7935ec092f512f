/* SPDX-License-Identifier: Apache-2.0 */
#include "model/observable.h"

#include "prop.h"
#include "tap.h"

static struct kr_arena *arena;

static void refang_is(const char *in, const char *want)
{
	struct kr_str out = KR_STR_NULL;

	IS(kr_observable_refang(kr_str_c(in), arena, &out), 0, in);
	IS_STR(out, kr_str_c(want), "refanged");
}

static void detect_is(const char *in, enum kr_observable_kind kind, const char *want)
{
	KR_AUTO_BUF b = KR_BUF(KR_OBSERVABLE_MAX);
	struct kr_observable o = {0}, again = {0};
	int err = kr_observable_detect(kr_str_c(in), arena, &o, NULL);

	if (kind == KR_OBS_NONE) {
		IS(err, -KR_EINVAL, in);
		return;
	}
	OK(err == 0 && o.kind == kind, "%s is of kind %s", in, kr_observable_kind_text(kind));
	kr_observable_text(&o, &b);
	IS_STR(kr_buf_str(&b), kr_str_c(want), "its canonical text");
	OK(kr_observable_detect(kr_buf_str(&b), arena, &again, NULL) == 0 && again.kind == kind,
	   "which is of the same kind");
}

static void detection(void)
{
	detect_is("192.0.2[.]1", KR_OBS_IP, "192.0.2.1");
	detect_is("2001[:]db8::1", KR_OBS_IP, "2001:db8::1");
	detect_is("192.0.2.7/32", KR_OBS_IP, "192.0.2.7");
	detect_is("198.51.100.9/24", KR_OBS_NET, "198.51.100.0/24");
	detect_is("2001:db8::/32", KR_OBS_NET, "2001:db8::/32");
	detect_is("Evil dot Example dot ORG", KR_OBS_DOMAIN, "evil.example.org");
	detect_is("\xd1\x82\xd0\xb5\xd1\x81\xd1\x82[.]\xd1\x81\xd1\x80\xd0\xb1", KR_OBS_DOMAIN,
		  "xn--e1aybc.xn--90a3ac");
	detect_is("example.xn--90a3ac.", KR_OBS_DOMAIN, "example.xn--90a3ac");
	detect_is("hxxps[://]example[.]org/login", KR_OBS_URL, "https://example.org/login");
	detect_is("user(at)Example{.}org", KR_OBS_EMAIL, "user@example.org");
	detect_is("First.Last+tag@example.org", KR_OBS_EMAIL, "First.Last+tag@example.org");
	detect_is("D41D8CD98F00B204E9800998ECF8427E", KR_OBS_MD5,
		  "d41d8cd98f00b204e9800998ecf8427e");
	detect_is("da39a3ee5e6b4b0d3255bfef95601890afd80709", KR_OBS_SHA1,
		  "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	detect_is("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", KR_OBS_SHA256,
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	detect_is("cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0"
		  "ff8318d2877eec2f"
		  "63b931bd47417a81a538327af927da3e",
		  KR_OBS_SHA512,
		  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0"
		  "ff8318d2877eec2f"
		  "63b931bd47417a81a538327af927da3e");
	detect_is("as64500", KR_OBS_ASN, "AS64500");
	detect_is("", KR_OBS_NONE, NULL);
	detect_is("   ", KR_OBS_NONE, NULL);
	detect_is("AS0", KR_OBS_NONE, NULL);
	detect_is("AS4294967296", KR_OBS_NONE, NULL);
	detect_is("localhost", KR_OBS_NONE, NULL);
	detect_is("setup.7z", KR_OBS_NONE, NULL);
	detect_is("example.c0m", KR_OBS_NONE, NULL);
	detect_is("3.14", KR_OBS_NONE, NULL);
	detect_is("64500", KR_OBS_NONE, NULL);
	detect_is("@example.org", KR_OBS_NONE, NULL);
	detect_is("a b@example.org", KR_OBS_NONE, NULL);
	detect_is("a@b@example.org", KR_OBS_NONE, NULL);
	detect_is("a@localhost", KR_OBS_NONE, NULL);
	detect_is("http://", KR_OBS_NONE, NULL);
	detect_is("g41d8cd98f00b204e9800998ecf8427e", KR_OBS_NONE, NULL);
}

/* Doing it twice is the same as once, and nothing is left to undo. */
static void idempotent(unsigned runs)
{
	static const char *const parts[] = {"[",  "]",	     ".",     "(",   ")",	"{",
					    "}",  "dot",     " dot ", " ",   "[.]",	"hxxp",
					    "s",  ":",	     "//",    "[:]", "[://]",	"@",
					    "at", "example", "x",     "DOT", "\xc4\x8d"};
	unsigned wrong = 0, changed = 0;

	for (unsigned i = 0; i < runs; i++) {
		struct kr_arena_mark m = kr_arena_mark(arena);
		char buf[256];
		size_t n = 0;
		struct kr_str once, twice;

		for (uint64_t k = prop_below(20); k; k--) {
			const char *part = parts[prop_below(KR_ARRAY_LEN(parts))];

			memcpy(buf + n, part, strlen(part));
			n += strlen(part);
		}
		if (kr_observable_refang(kr_str_n(buf, n), arena, &once) < 0 ||
		    kr_observable_refang(once, arena, &twice) < 0 || twice.p != once.p ||
		    twice.n != once.n || kr_str_ifind(once, KR_STR("[.]")) >= 0 ||
		    kr_str_ifind(once, KR_STR("(dot)")) >= 0 ||
		    kr_str_istarts(once, KR_STR("hxxp:")))
			wrong++;
		changed += once.p != buf;
		kr_arena_rewind(arena, m);
	}
	IS(wrong, 0, "refanging twice changes nothing more");
	OK(changed > runs / 10, "%u of %u texts had something to undo", changed, runs);
}

static void display(void)
{
	IS_STR(kr_domain_display(KR_STR("xn--e1aybc.xn--90a3ac"), arena),
	       KR_STR("\xd1\x82\xd0\xb5\xd1\x81\xd1\x82.\xd1\x81\xd1\x80\xd0\xb1"),
	       "in its own letters");
	IS_STR(kr_domain_display(KR_STR("www.example.org"), arena), KR_STR("www.example.org"),
	       "nothing to show");
	IS_STR(kr_domain_display(KR_STR("xn--a.example"), arena), KR_STR("xn--a.example"),
	       "what is no Punycode stays");
}

int main(void)
{
	unsigned runs = prop_begin(50000);
	KR_AUTO(kr_arena) *none = kr_arena_new(4);
	struct kr_observable o;
	struct kr_fault f;
	static char huge[KR_OBSERVABLE_MAX + 1];

	arena = kr_arena_new(0);
	refang_is("hxxp://example[.]org", "http://example.org");
	refang_is("HXXPS://example(.)org", "HttPS://example.org");
	refang_is("example{.}org", "example.org");
	refang_is("a[dot]b(DOT)c{dot}d", "a.b.c.d");
	refang_is("example dot org", "example.org");
	refang_is("[[.]]", ".");
	refang_is("a[[[dot]]]b", "a.b");
	refang_is("user[@]example[.]org", "user@example.org");
	refang_is("user [at] example", "user @ example");
	refang_is("2001[:]db8[:][:]1", "2001:db8::1");
	refang_is("  plain  ", "plain");
	refang_is("hxxp", "hxxp");
	refang_is("", "");
	detection();
	idempotent(runs);
	display();
	IS(kr_observable_detect(KR_STR("UPPER.EXAMPLE.ORG"), none, &o, &f), -KR_ELIMIT,
	   "no memory");
	memset(huge, 'a', sizeof(huge));
	IS(kr_observable_detect(kr_str_n(huge, sizeof(huge)), arena, &o, &f), -KR_ELIMIT,
	   "too long");
	IS(kr_observable_detect(KR_STR("?"), arena, &o, &f), -KR_EINVAL, "none");
	OK(f.remedy[0] != '\0', "the fault names what is known");
	for (unsigned k = 1; k < KR_OBSERVABLES; k++)
		OK(kr_observable_kind_find(kr_str_c(kr_observable_kind_text(
			   (enum kr_observable_kind)k))) == (enum kr_observable_kind)k,
		   "kind %u is found by its name", k);
	IS(kr_observable_kind_find(KR_STR("")), KR_OBS_NONE, "no kind");
	IS(kr_observable_field(KR_OBS_DOMAIN), KR_F_SRC_FQDN, "the field of a kind");
	kr_arena_free(arena);
	return tap_end();
}
