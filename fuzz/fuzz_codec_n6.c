/* SPDX-License-Identifier: Apache-2.0 */
#include "codec_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_codec("n6", NULL, data, size);
}
