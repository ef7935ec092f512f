/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and networks: as inet_pton() where that has an opinion, and text is read back the same.
 */
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
	if (!condition)
		abort();
}

static void check_net(const struct kr_ip *net)
{
	struct kr_ip first, last, again;
	char text[KR_IP_TEXT_MAX];

	need(kr_net_text(net, text) == strlen(text) && strlen(text) < sizeof(text));
	need(kr_net_parse(kr_str_c(text), &again) == 0 && kr_ip_cmp(net, &again) == 0);
	kr_net_range(net, &first, &last);
	need(kr_net_contains(net, &first) && kr_net_contains(net, &last) &&
	     kr_ip_cmp(&first, &last) <= 0);
	first = kr_ip_net(&last, net->plen);
	need(kr_ip_cmp(&first, net) == 0);
	if (kr_ip_special(net))
		need(kr_ip_special(&last));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kr_str in = kr_str_n((const char *)data, size);
	char text[65], back[KR_IP_TEXT_MAX];
	uint8_t b4[4], b6[16];
	struct kr_ip ip, net;
	bool comparable, is4, is6, got;

	if (size >= sizeof(text))
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	/* inet_pton() knows no zones, and ends at a NUL. */
	comparable = !memchr(text, '%', size) && !memchr(text, '\0', size);
	is4 = comparable && inet_pton(AF_INET, text, b4) == 1;
	is6 = comparable && inet_pton(AF_INET6, text, b6) == 1;
	got = !kr_ip_parse(in, &ip);
	if (comparable)
		need(got == (is4 || is6));
	if (got) {
		if (is4)
			need(ip.family == 4 && !memcmp(ip.b, b4, 4));
		need(kr_ip_text(&ip, back) == strlen(back) && !kr_ip_parse(kr_str_c(back), &net) &&
		     !kr_ip_cmp(&ip, &net));
		check_net(&ip);
	}
	if (kr_net_parse(in, &net) >= 0)
		check_net(&net);
	return 0;
}
