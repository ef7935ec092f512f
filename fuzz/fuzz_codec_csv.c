/* SPDX-License-Identifier: Apache-2.0 */
#include "codec_fuzz.h"

static const char *const docs[] = {
	NULL, /* the header says it all */
	"{\"codec\":\"csv\",\"delimiter\":\";\",\"comment\":\"#\",\"skip_lines\":1,\"columns\":["
	"{\"name\":\"t\",\"field\":\"time\",\"time\":[\"%d.%m.%Y %H:%M\",\"iso\",\"epoch\"]},"
	"{\"name\":\"i\",\"field\":\"ip\",\"required\":true},{\"name\":\"p\",\"field\":\"port\","
	"\"separator\":\",\"},"
	"{\"name\":\"k\",\"field\":\"type\",\"values\":{\"a\":\"phishing\"},\"other\":"
	"\"undetermined\"}],"
	"\"filters\":[{\"column\":\"i\",\"is\":[\"10.*\",\"?\"]}],\"defaults\":{\"tlp\":\"green\"}"
	"}",
	"{\"codec\":\"csv\",\"header\":false,\"delimiter\":\"tab\",\"quote\":\"\",\"unmapped\":"
	"\"ignore\","
	"\"columns\":[\"ip\",null,{\"field\":\"extra.x\",\"time\":\"epoch\"}]}",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	return fuzz_codec("csv", docs[data[0] % KR_ARRAY_LEN(docs)], data + 1, size - 1);
}
