/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: text is read in one pass by hand, since inet_pton() needs a NUL, a family and a
 * second look for each. IPv4-mapped addresses (::ffff:0:0/96) become IPv4 on reading, so one host
 * has one value. Text is RFC 5952; embedded IPv4 notation is never written, as most tools do not
 * either.
 */
#include "base/ip.h"

#include "base/err.h"

/* Dotted quad over the whole slice. */
static bool parse_v4(const char *p, const char *end, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned v, d;

		if (i && (p == end || *p++ != '.'))
			return false;
		if (p == end || (v = (unsigned)(unsigned char)*p - '0') > 9)
			return false;
		p++;
		/* A leading zero is octal to some readers, so it is nothing to us. */
		if (p != end && (d = (unsigned)(unsigned char)*p - '0') <= 9) {
			if (!v)
				return false;
			v = v * 10 + d;
			p++;
			if (p != end && (d = (unsigned)(unsigned char)*p - '0') <= 9) {
				v = v * 10 + d;
				p++;
			}
		}
		if (v > 255)
			return false;
		out[i] = (uint8_t)v;
	}
	return p == end;
}

/* One group of 1 to 4 hexadecimal digits; returns the bytes used, 0 when there is none. */
static size_t parse_group(const char *p, const char *end, unsigned *ret)
{
	unsigned v = 0;
	size_t n = 0;

	while (p + n < end && n < 5) {
		int d = kr_hex_value(p[n]);

		if (d < 0)
			break;
		v = v << 4 | (unsigned)d;
		n++;
	}
	*ret = v;
	return n <= 4 ? n : 0;
}

/* RFC 4291 section 2.2, all three forms. */
static bool parse_v6(const char *p, const char *end, uint8_t out[16])
{
	uint8_t b[16] = {0};
	size_t n = 0, gap = SIZE_MAX;

	if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
		gap = 0;
		p += 2;
	}
	while (p < end) {
		unsigned v;
		size_t used = parse_group(p, end, &v);

		if (!used || n > 14)
			return false;
		if (p + used < end && p[used] == '.') {
			if (n > 12 || !parse_v4(p, end, b + n))
				return false;
			n += 4;
			break;
		}
		b[n++] = (uint8_t)(v >> 8);
		b[n++] = (uint8_t)v;
		p += used;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':') {
			if (gap != SIZE_MAX)
				return false;
			gap = n;
			p++;
		}
	}
	if (gap == SIZE_MAX ? n != 16 : n > 14)
		return false;
	if (gap == SIZE_MAX)
		gap = n;
	memset(out, 0, 16);
	memcpy(out, b, gap);
	memcpy(out + 16 - (n - gap), b + gap, n - gap);
	return true;
}

static bool is_mapped(const uint8_t b[16])
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(b, prefix, sizeof(prefix)) == 0;
}

static void unmap(struct kr_ip *ip)
{
	memcpy(ip->b, ip->b + 12, 4);
	memset(ip->b + 4, 0, 12);
	ip->family = 4;
	ip->plen = (uint8_t)(ip->plen - 96);
}

/* The name of an interface (RFC 4007), not just anything. */
static bool zone_ok(struct kr_str zone)
{
	if (!zone.n || zone.n > 32)
		return false;
	for (size_t i = 0; i < zone.n; i++)
		if (!kr_is_alnum(zone.p[i]) && !(zone.p[i] && strchr("-._:@", zone.p[i])))
			return false;
	return true;
}

/* Address of either family, IPv4-mapped ones as they are written. */
static bool parse_any(struct kr_str s, struct kr_ip *ret)
{
	struct kr_ip ip = {.family = 4, .plen = 32};
	ptrdiff_t zone;

	if (s.n <= 15 && parse_v4(s.p, s.p + s.n, ip.b)) {
		*ret = ip;
		return true;
	}
	zone = kr_str_chr(s, '%');
	if (zone >= 0) {
		if (!zone_ok(kr_str_from(s, (size_t)zone + 1)))
			return false;
		s = kr_str_first(s, (size_t)zone);
	}
	if (s.n < 2 || s.n > 45 || !parse_v6(s.p, s.p + s.n, ip.b))
		return false;
	ip.family = 6;
	ip.plen = 128;
	*ret = ip;
	return true;
}

int kr_ip_parse(struct kr_str s, struct kr_ip *ret)
{
	struct kr_ip ip;

	if (!parse_any(s, &ip))
		return -KR_EINVAL;
	if (ip.family == 6 && is_mapped(ip.b))
		unmap(&ip);
	*ret = ip;
	return 0;
}

struct kr_ip kr_ip_net(const struct kr_ip *ip, uint8_t plen)
{
	struct kr_ip net = *ip;
	unsigned bytes, full;

	net.plen = KR_MIN(plen, kr_ip_bits(ip));
	full = net.plen / 8;
	bytes = kr_ip_bits(ip) / 8u;
	if (full < bytes) {
		net.b[full] &= (uint8_t)(0xff00u >> (net.plen % 8));
		memset(net.b + full + 1, 0, bytes - full - 1);
	}
	return net;
}

int kr_net_parse(struct kr_str s, struct kr_ip *ret)
{
	ptrdiff_t slash = kr_str_chr(s, '/');
	struct kr_ip ip, net;
	uint64_t plen;

	if (slash < 0) {
		if (kr_ip_parse(s, &ip))
			return -KR_EINVAL;
		*ret = ip;
		return 0;
	}
	if (!parse_any(kr_str_first(s, (size_t)slash), &ip))
		return -KR_EINVAL;
	s = kr_str_from(s, (size_t)slash + 1);
	if (!s.n || s.n > 3 || (s.n > 1 && s.p[0] == '0') || kr_str_u64(s, &plen) ||
	    plen > kr_ip_bits(&ip))
		return -KR_EINVAL;
	ip.plen = (uint8_t)plen;
	/* A network wider than the mapped block reaches outside of IPv4: it stays IPv6. */
	if (ip.family == 6 && plen >= 96 && is_mapped(ip.b))
		unmap(&ip);
	net = kr_ip_net(&ip, ip.plen);
	*ret = net;
	return memcmp(net.b, ip.b, sizeof(ip.b)) != 0;
}

static char *put_decimal(char *p, unsigned v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static char *put_v4(char *p, const uint8_t b[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_decimal(p, b[i]);
	}
	return p;
}

static char *put_group(char *p, unsigned v)
{
	bool any = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = v >> shift & 15;

		any |= digit || !shift;
		if (any)
			*p++ = "0123456789abcdef"[digit];
	}
	return p;
}

static char *put_v6(char *p, const uint8_t b[16])
{
	unsigned g[8];
	int best = -1, best_n = 1; /* a single zero group is written out */

	for (int i = 0; i < 8; i++)
		g[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
	for (int i = 0, n; i < 8; i += n + 1) {
		for (n = 0; i + n < 8 && !g[i + n]; n++)
			;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
	}
	for (int i = 0; i < 8;) {
		if (i == best) {
			*p++ = ':';
			*p++ = ':';
			i += best_n;
			continue;
		}
		if (i && i != best + (best < 0 ? 0 : best_n))
			*p++ = ':';
		p = put_group(p, g[i++]);
	}
	return p;
}

size_t kr_ip_text(const struct kr_ip *ip, char buf[KR_IP_TEXT_MAX])
{
	char *p = buf;

	if (ip->family == 4)
		p = put_v4(p, ip->b);
	else if (ip->family == 6)
		p = put_v6(p, ip->b);
	*p = '\0';
	return (size_t)(p - buf);
}

size_t kr_net_text(const struct kr_ip *ip, char buf[KR_IP_TEXT_MAX])
{
	char *p = buf + kr_ip_text(ip, buf);

	if (ip->family) {
		*p++ = '/';
		p = put_decimal(p, ip->plen);
		*p = '\0';
	}
	return (size_t)(p - buf);
}

int kr_ip_cmp(const struct kr_ip *a, const struct kr_ip *b)
{
	int c;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	c = memcmp(a->b, b->b, sizeof(a->b));
	return c ? c : (a->plen > b->plen) - (a->plen < b->plen);
}

bool kr_net_contains(const struct kr_ip *net, const struct kr_ip *ip)
{
	unsigned full = net->plen / 8, rest = net->plen % 8;

	if (net->family != ip->family || ip->plen < net->plen)
		return false;
	if (memcmp(net->b, ip->b, full) != 0)
		return false;
	return !rest || ((net->b[full] ^ ip->b[full]) & (0xff00u >> rest) & 0xff) == 0;
}

void kr_net_range(const struct kr_ip *net, struct kr_ip *ret_first, struct kr_ip *ret_last)
{
	struct kr_ip first = kr_ip_net(net, net->plen), last;
	unsigned bytes, full = net->plen / 8u;

	first.plen = kr_ip_bits(net);
	last = first;
	bytes = first.plen / 8u;
	if (full < bytes) {
		last.b[full] |= (uint8_t)(0xffu >> (net->plen % 8));
		memset(last.b + full + 1, 0xff, bytes - full - 1);
	}
	*ret_first = first;
	*ret_last = last;
}

/*
 * IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, 8190), the blocks that are not
 * globally reachable, and multicast (RFC 5771, 4291). Exceptions inside a block come before it.
 */
static const struct {
	struct kr_ip net;
	bool special;
} registry[] = {
#define V4(a, b, c, d, len, special) {{{a, b, c, d}, 4, len}, special},
#define V6(len, special, ...)	     {{{__VA_ARGS__}, 6, len}, special},
#include "base/ip_special.def"
#undef V4
#undef V6
};

bool kr_ip_special(const struct kr_ip *ip)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(registry); i++)
		if (kr_net_contains(&registry[i].net, ip))
			return registry[i].special;
	return false;
}
