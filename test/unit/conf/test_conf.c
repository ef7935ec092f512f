/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "tap.h"

static char dir[] = "/tmp/karaula-conf-XXXXXX";
static int dirfd_;

static int load(const char *content, const struct kr_conf **ret, struct kr_fault *f)
{
	if (kr_file_replace(dirfd_, KR_CONF_FILE, kr_str_c(content), 0600, f))
		return -KR_EIO;
	return kr_conf_load(dirfd_, KR_CONF_FILE, ret, f);
}

/* The whole message for a file that must be refused. */
static void refused(const char *content, const char *want)
{
	const struct kr_conf *c = NULL;
	struct kr_fault f = {0};
	char text[700];
	int err = load(content, &c, &f);

	OK(err == -KR_ECONF && !c, "refused");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)), want, want);
	kr_conf_unref(c);
}

static void defaults(void)
{
	const struct kr_conf *c;

	IS(kr_conf_load(AT_FDCWD, NULL, &c, NULL), 0, "no file: all defaults");
	IS_CSTR(c->http_listen, "127.0.0.1:8440", "listener");
	IS(c->http_timeout, 30000000, "span");
	IS(c->store_cache, 8u << 20, "size");
	IS(c->take_enrich_force, false, "bool");
	IS_CSTR(c->labels_tlp_default, "amber", "word");
	IS_CSTR(c->node_name, "", "absent text is empty, not NULL");
	kr_conf_unref(c);
}

static void good(void)
{
	const struct kr_conf *c, *again;
	KR_AUTO_BUF names = KR_BUF(1000);
	struct kr_fault f = {0};
	struct kr_setting s;
	size_t i;

	IS(load("# comment\n/* more\n*/ node { name = \"n-1\" // and more\n country = RS }\n"
		"http {\n\ttimeout = 1m\n\tlisten = [::1]:0 # here too\n}\n",
		&c, &f),
	   0, "comments of all kinds, quoted and bare values");
	IS_CSTR(c->node_name, "n-1", "quoted");
	IS_CSTR(c->http_listen, "[::1]:0", "bare");
	IS(c->http_timeout, 60000000, "span");
	for (i = 0; kr_setting_at(i, &s); i++)
		if (!strcmp(s.name, "timeout"))
			break;
	IS(kr_conf_line(c, i), 6, "the line it stands on, in spite of the comments");
	IS_CSTR(kr_conf_value(c, i), "1m", "the value as written");
	IS(load("node { name = \"n-1\" }\nlimits { depth_max = 32 }\nhttp { threads = 4 }", &again,
		&f),
	   0, "another file");
	OK(kr_conf_needs_restart(c, again, &names), "differs in settings that need a restart");
	IS_CSTR(kr_buf_cstr(&names), "http.listen, http.threads, http.timeout", "which are named");
	OK(!kr_conf_needs_restart(again, again, NULL), "no difference to itself");
	kr_conf_ref(c);
	kr_conf_unref(c);
	IS_CSTR(c->node_name, "n-1", "a reference keeps it");
	kr_conf_unref(c);
	kr_conf_unref(again);
}

static void mistakes(void)
{
	refused("http {\n\n\tprt = 5\n}\n",
		"karaula.conf:3: no such setting 'prt' in section http");
	refused("# one\n# two\nhttp {\n\ttimout = 5s\n}\n",
		"karaula.conf:4: no such setting 'timout' in section http (did you mean "
		"'timeout'?)");
	refused("htp { timeout = 5s }",
		"karaula.conf:1: no such section 'htp' (did you mean 'http'?)");
	refused("node { }\nlisten = \"127.0.0.1:1\"",
		"karaula.conf:2: no such section 'listen' (it stands in a section: http { listen = "
		"... })");
	refused("http {\n timeout = 5\n timeout = 6s }",
		"karaula.conf:2: http.timeout: '5' is not a span of time: 90s, 15m, 12h, 30d, 5y");
	refused("http {\n timeout = 5s\n timeout = 6s }",
		"karaula.conf:3: 'timeout' is set a second time, after line 2");
	refused("http { listen = 0.0.0.0 }",
		"karaula.conf:1: http.listen: '0.0.0.0' is not an address and port: 127.0.0.1:8440 "
		"or [::1]:8440");
	refused("http {\n listen = {a, b}\n}",
		"karaula.conf:2: unexpected token '{' (settings look "
		"like: http { timeout = 30s })");
	refused("http {\n", "karaula.conf:1: '{' is not closed by '}'");
	refused("\nhttp { } }\n", "karaula.conf:2: '}' closes nothing");
	refused("\n\nnode { name = \"x\n", "karaula.conf:3: quote is not closed");
	refused("/* x\n", "karaula.conf:1: comment '/*' is not closed by '*/'");
	refused("node {\n name = \"x\xff\" }", "karaula.conf:2: text is not UTF-8");
	refused("node {\n name = \"x\001\" }", "karaula.conf:2: node.name: 'x\001' is not a name: "
					       "letters, digits, '-', '_' and '.'");
	refused("include(\"/etc/passwd\")", "karaula.conf:1: no such section 'include'");
}

static void limits_of_files(void)
{
	const struct kr_conf *c = NULL;
	struct kr_fault f = {0};
	char *big = malloc((1 << 20) + 100);

	memset(big, ' ', (1 << 20) + 99);
	big[(1 << 20) + 99] = '\0';
	IS(load(big, &c, &f), -KR_ELIMIT, "a file of more than 1 MiB");
	free(big);
	IS(kr_conf_load(dirfd_, "none.conf", &c, &f), -KR_ENOENT, "no such file");
	IS(kr_file_replace(dirfd_, KR_CONF_FILE, kr_str_n("node {\0}", 8), 0600, &f), 0,
	   "write NUL");
	IS(kr_conf_load(dirfd_, KR_CONF_FILE, &c, &f), -KR_ECONF, "NUL does not hide what follows");
}

static void template(void)
{
	KR_AUTO_BUF b = KR_BUF(1 << 20);
	const struct kr_conf *c = NULL, *plain;
	struct kr_fault f = {0};
	struct kr_setting s;
	bool same = true;

	kr_conf_template(&b, "example-csirt", "RS");
	IS(load(kr_buf_cstr(&b), &c, &f), 0, "the file of init loads");
	if (!c)
		return;
	IS_CSTR(c->node_name, "example-csirt", "name");
	IS_CSTR(c->node_country, "RS", "country");
	/* With the comments taken away, the defaults that it shows must be the defaults. */
	for (size_t i = 0; i + 2 < b.n; i++)
		if (!memcmp(b.p + i, "\t#", 2) && b.p[i + 2] != ' ')
			b.p[i + 1] = ' ';
	kr_conf_unref(c);
	c = NULL;
	for (char *p = b.p; (p = strstr(p, "\t name = \"\"")); p++)
		memcpy(p, "\t#name", 6);
	IS(load(kr_buf_cstr(&b), &c, &f), 0, "and so does every default in it");
	IS(kr_conf_load(AT_FDCWD, NULL, &plain, NULL), 0, "defaults");
	for (size_t i = 0; c && kr_setting_at(i, &s); i++)
		if (strcmp(s.section, "node") != 0 &&
		    strcmp(kr_conf_value(c, i), kr_conf_value(plain, i)) != 0)
			same = false;
	OK(same, "values in comments are the defaults");
	kr_conf_unref(plain);
	kr_conf_unref(c);
}

static void documentation(void)
{
	KR_AUTO_BUF want = KR_BUF(1 << 20), have = KR_BUF(1 << 20);
	char path[1000];
	const char *source = getenv("KARAULA_SOURCE");

	if (!source) {
		SKIP("KARAULA_SOURCE is not set", "doc/configuration.md");
		return;
	}
	snprintf(path, sizeof(path), "%s/doc/configuration.md", source);
	kr_conf_markdown(&want);
	IS(kr_file_read(AT_FDCWD, path, 1 << 20, &have, NULL), 0, "doc/configuration.md is there");
	OK(kr_str_eq(kr_buf_str(&have), kr_buf_str(&want)),
	   "and up to date (else: build/karaula config doc -o doc/configuration.md)");
}

/* libconfuse is not thread-safe; kr_conf_load() is. */
static void *loads(void *arg)
{
	size_t *n = arg;

	for (int i = 0; i < 200; i++) {
		const struct kr_conf *c;

		if (kr_conf_load(dirfd_, "threads.conf", &c, NULL))
			continue;
		*n += c->http_threads == 7;
		kr_conf_unref(c);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t t[4];
	size_t n[4] = {0};

	IS(kr_file_replace(dirfd_, "threads.conf", KR_STR("http { threads = 7 }"), 0600, NULL), 0,
	   "write");
	for (size_t i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, loads, &n[i]);
	for (size_t i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	IS(n[0] + n[1] + n[2] + n[3], 800, "four threads load at a time");
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	defaults();
	good();
	mistakes();
	limits_of_files();
	template();
	documentation();
	threads();
	unlinkat(dirfd_, KR_CONF_FILE, 0);
	unlinkat(dirfd_, "threads.conf", 0);
	rmdir(dir);
	return tap_end();
}
