/* SPDX-License-Identifier: Apache-2.0 */
#include "web/assets.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#include "web/assets_stamp.h"

/* As in model/data.c: the assembler reads the files, the stamp has this compiled again when they
 * change. */
#define EMBED(id, name)                                                                            \
	extern const char kr_web__begin_##id[], kr_web__end_##id[];                                \
	__asm__(".pushsection .rodata\n"                                                           \
		".global kr_web__begin_" #id "\n"                                                  \
		".global kr_web__end_" #id "\n"                                                    \
		".hidden kr_web__begin_" #id "\n"                                                  \
		".hidden kr_web__end_" #id "\n"                                                    \
		"kr_web__begin_" #id ":\n"                                                         \
		".incbin \"" KR_WEB_DIR "/" name "\"\n"                                            \
		"kr_web__end_" #id ":\n"                                                           \
		".byte 0\n"                                                                        \
		".popsection\n");
EMBED(style, "style.css")
EMBED(icon, "icon.svg")

static void init(struct kr_web_asset *a, const char *name, const char *type, const char *start,
		 const char *end)
{
	char hex[KR_HASH_SIZE * 2 + 1];
	struct kr_hash hash;

	a->bytes = kr_str_n(start, (size_t)(end - start));
	a->type = type;
	kr_hash_of(start, a->bytes.n, &hash);
	kr_hash_text(&hash, hex);
	snprintf(a->etag, sizeof(a->etag), "%.16s", hex);
	snprintf(a->url, sizeof(a->url), "/assets/%s-%s", a->etag, name);
}

void kr_web__assets_init(struct kr_web_assets *a)
{
	init(&a->style, "style.css", "text/css; charset=utf-8", kr_web__begin_style,
	     kr_web__end_style);
	init(&a->icon, "icon.svg", "image/svg+xml", kr_web__begin_icon, kr_web__end_icon);
}

const struct kr_web_asset *kr_web__asset(const struct kr_web_assets *a, struct kr_str name)
{
	const struct kr_web_asset *all[] = {&a->style, &a->icon};

	for (size_t i = 0; i < KR_ARRAY_LEN(all); i++)
		if (kr_str_eqc(name, all[i]->url + strlen("/assets/")))
			return all[i];
	return NULL;
}
