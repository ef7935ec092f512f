/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file that init writes, and doc/configuration.md: both are the table of
 * settings, written out. */
#include "conf/conf.h"

#include <string.h>

#define WIDTH 100

/* Text broken into lines, each with the prefix. */
static void wrapped(struct kr_buf *b, const char *prefix, const char *text)
{
	struct kr_str rest = kr_str_c(text), word;
	size_t column = 0;

	while (kr_str_split(&rest, ' ', &word)) {
		if (column && column + 1 + word.n > WIDTH) {
			kr_buf_ch(b, '\n');
			column = 0;
		}
		if (!column) {
			kr_buf_c(b, prefix);
			column = strlen(prefix);
		} else {
			kr_buf_ch(b, ' ');
			column++;
		}
		kr_buf_str_add(b, word);
		column += word.n;
	}
	kr_buf_ch(b, '\n');
}

static void value(struct kr_buf *b, const struct kr_setting *s, const char *text)
{
	/* Numbers and words that libconfuse takes bare; all else is quoted. */
	bool quote = s->type != KR_CONF_SPAN && s->type != KR_CONF_SIZE &&
		     s->type != KR_CONF_COUNT && s->type != KR_CONF_BOOL && s->type != KR_CONF_ENUM;

	kr_buf_printf(b, quote ? "%s = \"%s\"\n" : "%s = %s\n", s->name, text);
}

void kr_conf_template(struct kr_buf *ret, const char *name, const char *country)
{
	struct kr_setting s;
	const char *section = "";

	kr_buf_c(
		ret,
		"# Configuration of this karaula node. A line that begins with '#' is a comment; "
		"what "
		"stands in one\n"
		"# is the default. `karaula config check` looks for mistakes; a running node "
		"reads the file again\n"
		"# on SIGHUP (systemctl reload karaula) and keeps the old settings if the new ones "
		"are wrong.\n");
	for (size_t i = 0; kr_setting_at(i, &s); i++) {
		const char *given = NULL;

		if (strcmp(section, s.section) != 0)
			kr_buf_printf(ret, "%s\n%s {\n", *section ? "}\n" : "", s.section);
		else
			kr_buf_ch(ret, '\n');
		section = s.section;
		if (!strcmp(section, "node"))
			given = !strcmp(s.name, "name")	     ? name
				: !strcmp(s.name, "country") ? country
							     : NULL;
		wrapped(ret, "\t# ", s.doc);
		if (!s.live)
			kr_buf_c(ret, "\t# Takes effect at the next start.\n");
		kr_buf_c(ret, given ? "\t" : "\t#");
		value(ret, &s, given ? given : s.standard);
	}
	kr_buf_c(ret, "}\n");
}

static void limits(struct kr_buf *b, const struct kr_setting *s)
{
	if (s->type == KR_CONF_ENUM) {
		struct kr_str rest = kr_str_c(s->least), word;
		const char *sep = " One of";

		while (kr_str_split(&rest, ' ', &word)) {
			kr_buf_printf(b, "%s `%.*s`", sep, KR_STR_ARG(word));
			sep = ",";
		}
		kr_buf_ch(b, '.');
	} else if (*s->least) {
		kr_buf_printf(b, " From %s to %s.", s->least, s->most);
	}
}

void kr_conf_markdown(struct kr_buf *ret)
{
	struct kr_setting s;
	const char *section = "";

	kr_buf_c(ret,
		 "# Configuration\n\n"
		 "Written by `karaula config doc` from `src/conf/settings.def`; a test holds "
		 "the two "
		 "together.\n\n"
		 "The file is `karaula.conf` in the data directory; `karaula init` writes it "
		 "with a comment "
		 "for each setting.\n"
		 "`karaula config check` looks for mistakes, `karaula config show --origin` "
		 "prints what "
		 "holds and from where.\n"
		 "A running node reads it again on SIGHUP; a wrong file changes nothing, and "
		 "the log says "
		 "why.\n\n"
		 "    http {\n"
		 "            listen = \"127.0.0.1:8440\"    # a comment\n"
		 "            timeout = 30s\n"
		 "    }\n\n"
		 "A setting marked *restart* takes effect at the next start, the others on reload. "
		 "Values are:\n\n");
	for (size_t t = 0; t < KR_CONF_TYPES; t++)
		kr_buf_printf(ret, "- %s\n", kr_conf_type_doc((enum kr_conf_type)t));
	for (size_t i = 0; kr_setting_at(i, &s); i++) {
		if (strcmp(section, s.section) != 0)
			kr_buf_printf(ret, "\n## %s\n\n| setting | default | |\n|---|---|---|\n",
				      s.section);
		section = s.section;
		kr_buf_printf(ret, "| `%s` | %s%s%s | %s", s.name, *s.standard ? "`" : "",
			      *s.standard ? s.standard : "none", *s.standard ? "`" : "", s.doc);
		limits(ret, &s);
		kr_buf_c(ret, s.live ? " |\n" : " *restart* |\n");
	}
}
