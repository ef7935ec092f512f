/* SPDX-License-Identifier: Apache-2.0 */
/* Any document compiles, or is refused with a message; what compiles reads a small table without
 * fault. */
#include <stdlib.h>

#include "codec_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char table[] =
		"timestamp,ip,port,tag\n2026-11-20,192.0.2.1,1,\"a;b\"\nx,y,z,\n";
	struct kr_codec_opts opts = kr_codec_opts_default();
	struct codec_result r = codec_result_new();
	const struct kr_str *warnings;
	struct kr_mapping *m = NULL;
	struct kr_fault f = {0};

	if (kr_mapping_compile(kr_str_n((const char *)data, size), &m, &f)) {
		if (!f.code || !f.message[0])
			abort();
		codec_result_done(&r);
		return 0;
	}
	if (kr_mapping_warnings(m, &warnings) && !warnings[0].n)
		abort();
	opts.mapping = m;
	opts.report = KR_STR("2026-11-20-x-y.csv");
	codec_run(kr_codec_find(kr_str_c(kr_mapping_codec(m))), &opts, kr_str_c(table), NULL,
		  kr_codec_find(KR_STR("json")), &r);
	kr_mapping_unref(m);
	codec_result_done(&r);
	return 0;
}
