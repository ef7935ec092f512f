/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people read them: counts with separators, times with their zone, labels with colour and
 * word. */
#include "web/page.h"

#include <string.h>

/* The separator of thousands (CLDR 48). A no-break space for Albanian. */
static const char *thousands(const char *lang)
{
	if (!strcmp(lang, "en"))
		return ",";
	return strcmp(lang, "sq") ? "." : "\xc2\xa0";
}

struct kr_str kr_web__count_str(struct kr_page *p, uint64_t v)
{
	struct kr_str digits = kr_web__str_u64(p, v);
	KR_AUTO_BUF b = KR_BUF(64);

	for (size_t i = 0; i < digits.n; i++) {
		if (i && (digits.n - i) % 3 == 0)
			kr_buf_c(&b, thousands(p->lang));
		kr_buf_ch(&b, digits.p[i]);
	}
	return kr_arena_dup(p->a, kr_buf_str(&b));
}

void kr_web__count(struct kr_page *p, uint64_t v)
{
	kr_html_text(&p->h, kr_web__count_str(p, v));
}

static void time_open(struct kr_page *p, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	kr_html_open(&p->h, "time");
	kr_html_attr_c(&p->h, "datetime", kr_time_text(t, text));
}

/* "2026-11-21 14:05:22 UTC": whole seconds are enough for people, <time> has the rest. */
static struct kr_str time_str(struct kr_page *p, kr_time t)
{
	char text[KR_TIME_TEXT_MAX];

	kr_time_text(t, text);
	return kr_arena_printf(p->a, "%.10s %.8s UTC", text, text + 11);
}

void kr_web__time(struct kr_page *p, kr_time t)
{
	if (t == KR_TIME_NONE || !t) {
		kr_html_c(&p->h, "\xe2\x80\x93");
		return;
	}
	time_open(p, t);
	kr_html_text(&p->h, time_str(p, t));
	kr_html_close(&p->h, "time");
}

void kr_web__ago(struct kr_page *p, kr_time t)
{
	const char *form;
	kr_time unit, d;

	if (t == KR_TIME_NONE || !t) {
		kr_html_c(&p->h, "\xe2\x80\x93");
		return;
	}
	d = p->now - t;
	if (d < 2 * KR_MINUTE)
		unit = 0, form = T(p, "just now");
	else if (d < 2 * KR_HOUR)
		unit = KR_MINUTE, form = T(p, "%s min ago");
	else if (d < 2 * KR_DAY)
		unit = KR_HOUR, form = T(p, "%s h ago");
	else
		unit = KR_DAY, form = T(p, "%s days ago");
	time_open(p, t);
	kr_html_attr(&p->h, "title", time_str(p, t));
	if (unit)
		kr_web__textf(p, form, kr_web__count_str(p, (uint64_t)(d / unit)));
	else
		kr_html_c(&p->h, form);
	kr_html_close(&p->h, "time");
}

/* Texts with a value in them hold one "%s"; it is replaced here, never by printf: translations are
 * data. */
void kr_web__textf(struct kr_page *p, const char *text, struct kr_str value)
{
	const char *at = strstr(text, "%s");

	if (!at) {
		kr_html_c(&p->h, text);
		return;
	}
	kr_html_text(&p->h, kr_str_n(text, (size_t)(at - text)));
	kr_html_text(&p->h, value);
	kr_html_c(&p->h, at + 2);
}

const char *kr_web__format(struct kr_page *p, const char *text, struct kr_str value)
{
	const char *at = strstr(text, "%s");
	struct kr_str s;

	if (!at)
		return text;
	s = kr_arena_printf(p->a, "%.*s%.*s%s", (int)(at - text), text, KR_STR_ARG(value), at + 2);
	return s.p ? s.p : text;
}

void kr_web__tlp(struct kr_page *p, enum kr_tlp tlp)
{
	static const char *const class[] = {"tlp",	     "tlp tlp-clear", "tlp tlp-green",
					    "tlp tlp-amber", "tlp tlp-amber", "tlp tlp-red"};

	if (tlp == KR_TLP_NONE || tlp > KR_TLP_RED) {
		kr_html_c(&p->h, "\xe2\x80\x93");
		return;
	}
	kr_html_open(&p->h, "span");
	kr_html_attr_c(&p->h, "class", class[tlp]);
	kr_html_c(&p->h, "TLP:");
	kr_html_c(&p->h, kr_tlp_text(tlp));
	kr_html_close(&p->h, "span");
}

void kr_web__tag(struct kr_page *p, const char *kind, const char *text)
{
	kr_html_open(&p->h, "span");
	kr_html_attr(&p->h, "class", kr_arena_printf(p->a, "tag tag-%s", kind));
	kr_html_c(&p->h, text);
	kr_html_close(&p->h, "span");
}

void kr_web__bytes(struct kr_page *p, uint64_t n)
{
	static const char *const unit[] = {"bytes", "KB", "MB", "GB", "TB", "PB"};
	double v = (double)n;
	size_t u = 0;

	while (v >= 1000 && u + 1 < KR_ARRAY_LEN(unit)) {
		v /= 1000;
		u++;
	}
	kr_html_printf(&p->h, u && v < 100 ? "%.1f %s" : "%.0f %s", v, unit[u]);
}

void kr_web__facts(struct kr_page *p)
{
	kr_html_open(&p->h, "dl");
	kr_html_attr_c(&p->h, "class", "facts");
}

void kr_web__fact(struct kr_page *p, const char *name)
{
	kr_html_open(&p->h, "div");
	kr_html_el_c(&p->h, "dt", name);
	kr_html_open(&p->h, "dd");
}

void kr_web__fact_end(struct kr_page *p)
{
	kr_html_close(&p->h, "dd");
	kr_html_close(&p->h, "div");
}

void kr_web__fact_str(struct kr_page *p, const char *name, struct kr_str value)
{
	if (!value.n)
		return;
	kr_web__fact(p, name);
	kr_html_text(&p->h, value);
	kr_web__fact_end(p);
}

void kr_web__facts_end(struct kr_page *p)
{
	kr_html_close(&p->h, "dl");
}
