/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#define C(symbol) extern const struct kr_codec kr_codec_##symbol;
#include "codec/codecs.def"
#undef C

static const struct kr_codec *const codecs[] = {
#define C(symbol) &kr_codec_##symbol,
#include "codec/codecs.def"
#undef C
};

struct kr_codec_opts kr_codec_opts_default(void)
{
	return (struct kr_codec_opts){
		.observed = KR_TIME_NONE,
		.record_max = (size_t)1 << 20,
		.depth_max = 64,
		.columns_max = 1024,
	};
}

struct kr_codec_write_opts kr_codec_write_opts_default(void)
{
	return (struct kr_codec_write_opts){.written = KR_TIME_NONE};
}

bool kr_codec_can_write(const struct kr_codec *c, const struct kr_codec_write_opts *w)
{
	if (!(c->caps & KR_CODEC_WRITE))
		return false;
	return !(c->caps & KR_CODEC_REPORTER) ||
	       (w && w->reporter.name.n && w->reporter.contact.n && w->reporter.domain.n);
}

const struct kr_codec *kr_codec_at(size_t i)
{
	return i < KR_ARRAY_LEN(codecs) ? codecs[i] : NULL;
}

const struct kr_codec *kr_codec_find(struct kr_str name)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(codecs); i++)
		if (kr_str_ieq(kr_str_c(codecs[i]->name), name))
			return codecs[i];
	return NULL;
}

const struct kr_codec *kr_codec_sniff(struct kr_str head, struct kr_str name)
{
	const struct kr_codec *best = NULL;
	int surest = 49;

	for (size_t i = 0; i < KR_ARRAY_LEN(codecs); i++) {
		int sure = codecs[i]->sniff ? codecs[i]->sniff(head, name) : 0;

		if (sure > surest) {
			surest = sure;
			best = codecs[i];
		}
	}
	return best;
}
