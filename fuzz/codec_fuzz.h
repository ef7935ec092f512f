/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One input through a codec, whole and in cuts: the same events, refusals and fault come out,
 * offsets lie inside, and what came out survives writing and reading by every codec that does both.
 *
 * The first byte is the size of the cuts, the second the limit of a record; the rest is the report.
 */
#pragma once

#include "codec_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t fuzz_cut;

static size_t fuzz_cut_size(void)
{
	return fuzz_cut;
}

static void fuzz_through(const struct kr_codec *via, const struct kr_codec *codec,
			 const struct kr_codec_opts *opts, struct kr_str in,
			 const struct codec_result *want)
{
	const struct kr_codec *json = kr_codec_find(KR_STR("json"));
	struct kr_codec_opts plain = kr_codec_opts_default();
	struct codec_result there, back;

	if (!(via->caps & KR_CODEC_READ) || !(via->caps & KR_CODEC_WRITE) || want->error.n ||
	    !codec_carries(via, kr_buf_str(&want->events)))
		return;
	there = codec_result_new();
	back = codec_result_new();
	codec_run(codec, opts, in, NULL, via, &there);
	codec_run(via, &plain, kr_buf_str(&there.events), NULL, json, &back);
	if (!kr_str_eq(kr_buf_str(&back.events), kr_buf_str(&want->events)))
		abort();
	codec_result_done(&there);
	codec_result_done(&back);
}

static int fuzz_codec(const char *name, const char *mapping_doc, const uint8_t *data, size_t size)
{
	const struct kr_codec *codec = kr_codec_find(kr_str_c(name)),
			      *json = kr_codec_find(KR_STR("json"));
	struct kr_codec_opts opts = kr_codec_opts_default();
	struct codec_result one, two;
	struct kr_mapping *m = NULL;
	struct kr_str in;

	if (size < 2)
		return 0;
	fuzz_cut = 1 + data[0] % 64;
	opts.record_max = 16 + (size_t)data[1] * 16;
	opts.report = KR_STR("x.csv");
	opts.observed = 0;
	in = kr_str_n((const char *)data + 2, size - 2);
	if (mapping_doc && kr_mapping_compile(kr_str_c(mapping_doc), &m, NULL))
		abort();
	opts.mapping = m;
	one = codec_result_new();
	two = codec_result_new();
	codec_run(codec, &opts, in, NULL, json, &one);
	codec_run(codec, &opts, in, fuzz_cut_size, json, &two);
	if (!codec_result_same(&one, &two) || one.wrong || two.wrong)
		abort();
	for (size_t i = 0; kr_codec_at(i); i++)
		fuzz_through(kr_codec_at(i), codec, &opts, in, &one);
	codec_result_done(&one);
	codec_result_done(&two);
	kr_mapping_unref(m);
	return 0;
}
