/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the table has a handful of rows, so it is read anew for each address; a
 * connection costs a thousand times more. IPv6 addresses that carry an IPv4 address in them
 * (mapped, which kr_ip_parse() unfolds; NAT64 of RFC 6052; 6to4 of RFC 3056) are checked as that
 * one too, since a gateway would lead there.
 */
#include "net/net.h"

static const struct {
	const char *net, *why;
} rows[] = {
#define B(net, why) {net, why},
#include "net/blocked.def"
#undef B
};

static const char *find(const struct kr_ip *ip)
{
	struct kr_ip net;

	for (size_t i = 0; i < KR_ARRAY_LEN(rows); i++)
		if (kr_net_parse(kr_str_c(rows[i].net), &net) == 0 && kr_net_contains(&net, ip))
			return rows[i].why;
	return NULL;
}

const char *kr_net_blocked(const struct kr_ip *ip)
{
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b}, mapped[12] = {[10] = 0xff, 0xff};
	struct kr_ip inner = {.family = 4, .plen = 32};
	const uint8_t *at = NULL;
	const char *why = find(ip);

	if (why || ip->family != 6)
		return why;
	if (!memcmp(ip->b, nat64, sizeof(nat64)) || !memcmp(ip->b, mapped, sizeof(mapped)))
		at = ip->b + 12;
	else if (ip->b[0] == 0x20 && ip->b[1] == 0x02)
		at = ip->b + 2;
	if (!at)
		return NULL;
	memcpy(inner.b, at, 4);
	return find(&inner);
}
