/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_internal.h"

#include "tap.h"

static void urls(void)
{
	static const struct {
		const char *url;
		int err;
	} list[] = {
		{"https://feeds.example.org/list.csv", 0},
		{"http://127.0.0.1:8080/a?b=c#d", 0},
		{"https://[2001:db8::1]:8443/", 0},
		{"HTTPS://EXAMPLE.ORG", 0},
		{"", -KR_EINVAL},
		{"feeds.example.org/list.csv", -KR_EINVAL},
		{"ftp://example.org/", -KR_EINVAL},
		{"file:///etc/passwd", -KR_EINVAL},
		{"gopher://example.org/", -KR_EINVAL},
		{"https://user:pw@example.org/", -KR_EINVAL},
		{"https://user@example.org/", -KR_EINVAL},
		{"https://exa mple.org/", -KR_EINVAL},
		{"https://example.org/\r\nHost: x", -KR_EINVAL},
		{"https://example.org:0/", -KR_EINVAL},
		{"https://example.org:99999/", -KR_EINVAL},
		{"https://", -KR_EINVAL},
		{"http://169.254.169.254/latest/meta-data/", -KR_EDENIED},
		{"http://2852039166/", -KR_EDENIED}, /* the same in one number */
		{"http://[fe80::1]/", -KR_EDENIED},
		{"http://[::ffff:169.254.169.254]/", -KR_EDENIED},
	};
	struct kr_net__origin a, b;
	struct kr_fault f;
	char text[700];

	for (size_t i = 0; i < KR_ARRAY_LEN(list); i++) {
		f = (struct kr_fault){0};
		IS(kr_net_url_check(kr_str_c(list[i].url), &f), list[i].err, list[i].url);
		if (list[i].err)
			OK(f.remedy[0], "%s", kr_fault_text(&f, text, sizeof(text)));
	}
	IS(kr_net__origin(KR_STR("https://Example.org/a"), &a, NULL), 0, "an origin");
	IS(a.port, 443, "the port that is meant");
	IS(kr_net__origin(KR_STR("https://example.org:443/b"), &b, NULL), 0, "another");
	OK(kr_net__origin_same(&a, &b), "the same host and port");
	IS(kr_net__origin(KR_STR("http://example.org:443/b"), &b, NULL), 0, "another");
	OK(!kr_net__origin_same(&a, &b), "another scheme is another origin");
}

static void names(struct kr_arena *a)
{
	static const struct {
		const char *value, *name;
	} list[] = {
		{"attachment; filename=\"a b.csv\"", "a b.csv"},
		{"attachment;filename=plain.csv; x=y", "plain.csv"},
		{"attachment; filename=\"..\\\\..\\\\up.csv\"", "up.csv"},
		{"attachment; filename=\"/etc/passwd\"", "passwd"},
		{"attachment; filename=\"..\"", ""},
		{"attachment; filename=\"q\\\"uote.csv\"", "q\"uote.csv"},
		{"attachment; filename=\"a;filename=b\"", "a;filename=b"},
		{"inline; filename=x.csv; filename*=UTF-8''%c5%a1umadija.csv",
		 "\xc5\xa1umadija.csv"},
		{"inline; filename*=utf-8'sr'%2e%2e%2fup.csv", "up.csv"},
		{"inline; filename*=iso-8859-1''%e9.csv; filename=e.csv", "e.csv"},
		{"inline; filename*=UTF-8''%ff.csv", ""},
		{"inline; filename*=UTF-8''a%0ab", ""},
		{"inline; filename*=UTF-8''100%", "100%"},
		{"inline; filename=", ""},
		{"inline; filename=\"unclosed", "unclosed"},
		{"attachment", ""},
		{"", ""},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(list); i++) {
		kr_arena_clear(a);
		IS_STR(kr_net__disposition_name(kr_str_c(list[i].value), a), kr_str_c(list[i].name),
		       list[i].value);
	}
}

static void fields(void)
{
	struct kr_net_field f = {.name = KR_STR("X-A"), .value = KR_STR("b")};
	struct kr_net_request q = {.fields = &f, .n_fields = 1};

	IS(kr_net__request_check(&q, NULL), 0, "a plain field");
	f.value = KR_STR("b\r\nX-Evil: 1");
	IS(kr_net__request_check(&q, NULL), -KR_EINVAL, "a value that would begin a line");
	f.value = KR_STR("b");
	f.name = KR_STR("X A");
	IS(kr_net__request_check(&q, NULL), -KR_EINVAL, "a blank in a name");
	f.name = KR_STR("");
	IS(kr_net__request_check(&q, NULL), -KR_EINVAL, "no name");
	q.n_fields = 0;
	q.method = KR_STR("GET / HTTP/1.1");
	IS(kr_net__request_check(&q, NULL), -KR_EINVAL, "a method that is a line");
	q.method = KR_STR("");
	q.etag = KR_STR("\"a\"\n");
	IS(kr_net__request_check(&q, NULL), -KR_EINVAL, "an ETag that is two lines");
}

static void basic(struct kr_arena *a)
{
	/* RFC 7617, section 2; RFC 4648, section 10 */
	IS_STR(kr_net_basic(a, KR_STR("Aladdin"), KR_STR("open sesame")),
	       KR_STR("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "two bytes left over");
	IS_STR(kr_net_basic(a, KR_STR("f"), KR_STR("o")), KR_STR("Basic Zjpv"),
	       "nothing left over");
	IS_STR(kr_net_basic(a, KR_STR("fo"), KR_STR("o")), KR_STR("Basic Zm86bw=="), "one byte");
	IS_STR(kr_net_basic(a, KR_STR("foo"), KR_STR("o")), KR_STR("Basic Zm9vOm8="), "two bytes");
	IS_STR(kr_net_basic(a, KR_STR(""), KR_STR("")), KR_STR("Basic Og=="), "nothing");
}

static void status(void)
{
	static const struct {
		unsigned status;
		int err;
	} list[] = {{200, 0},
		    {204, 0},
		    {301, -KR_EREFUSED},
		    {304, -KR_EREFUSED},
		    {400, -KR_EREFUSED},
		    {401, -KR_EDENIED},
		    {403, -KR_EDENIED},
		    {404, -KR_ENOENT},
		    {410, -KR_ENOENT},
		    {429, -KR_EUNAVAIL},
		    {500, -KR_EUNAVAIL},
		    {503, -KR_EUNAVAIL}};
	struct kr_net_request q = {.url = KR_STR("https://example.org/secret-token")};
	struct kr_net_response r = {.snippet = KR_STR("no such\nfeed \x1b[2J")};
	struct kr_fault f;
	char text[700];

	for (size_t i = 0; i < KR_ARRAY_LEN(list); i++) {
		r.status = list[i].status;
		IS(kr_net_status(&q, &r, &f), list[i].err, "status");
		if (list[i].err)
			OK(!strstr(kr_fault_text(&f, text, sizeof(text)), "secret-token") &&
				   !strchr(text, '\x1b') && !strchr(text, '\n'),
			   "%s", text);
	}
	q.etag = KR_STR("\"a\"");
	r.status = 304;
	IS(kr_net_status(&q, &r, NULL), 0, "304 where a copy was named");
}

int main(void)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(1 << 20);

	urls();
	names(a);
	fields();
	basic(a);
	status();
	return tap_end();
}
