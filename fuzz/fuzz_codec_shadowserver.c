/* SPDX-License-Identifier: Apache-2.0 */
#include "codec_fuzz.h"

/* Every conversion, columns of one letter. */
static const char doc[] =
	"{\"x\":{\"feed_name\":\"F\",\"file_name\":\"x\",\"constant_fields\":{\"tlp\":\"amber\"},"
	"\"required_fields\":[[\"time.source\",\"t\",\"add_UTC_to_timestamp\"]],\"optional_"
	"fields\":["
	"[\"source.ip\",\"i\",\"validate_ip\"],[\"source.network\",\"i\",\"validate_network\"],"
	"[\"extra.category\",\"c\",\"category_or_detail\",true],[\"extra.\",\"b\",\"convert_bool\"]"
	","
	"[\"extra.\",\"d\",\"convert_date\"],[\"extra.u\",\"d\",\"convert_date_utc\"],"
	"[\"extra.\",\"f\",\"convert_float\"],[\"extra.\",\"n\",\"convert_int\"],"
	"[\"destination.url\",\"url\",\"convert_http_host_and_url\",true],"
	"[\"product.vulnerabilities\",\"g\",\"extract_cve_from_tag\"],[\"extra.\",\"h\",\"force_"
	"base64\"],"
	"[\"extra.z\",\"n\",\"invalidate_zero\"],[\"classification.type\",\"e\",\"scan_exchange_"
	"type\"],"
	"[\"classification.taxonomy\",\"e\",\"scan_exchange_taxonomy\"],"
	"[\"classification.identifier\",\"e\",\"scan_exchange_identifier\"],"
	"[\"source.fqdn\",\"q\",\"validate_fqdn\"],[\"extra.fqdn\",\"q\",\"validate_fqdn\"],"
	"[\"extra.\",\"s\",\"validate_to_none\"],[\"extra.a\",\"i\",\"validate_ip\"]]}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_codec("shadowserver", doc, data, size);
}
