/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: three questions that are asked before anything is done for a request.
 *
 * Who is it? The socket's peer; if that is a proxy we trust, the last address of X-Forwarded-For
 * that is not such a proxy, since everything left of it may be made up by the client.
 *
 * Does it mean us? A page of any site can have its own name point to this machine (DNS rebinding);
 * the Host header shows that name.
 *
 * Did our own pages ask for it? Browsers say where a request comes from in Sec-Fetch-Site (W3C
 * Fetch Metadata) and Origin (RFC 6454). A request that changes something and comes from another
 * site is refused; one that says neither is refused if it carries a cookie. Programs with a key
 * send no cookie and neither header.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "http/private.h"
#include "http/url.h"

#define FORWARDED_MAX 32 /* addresses that are looked at */

struct kr_ip kr_http__ip(const struct sockaddr *sa)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct kr_ip ip = {0};

	if (sa && sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr, text, sizeof(text));
	else if (sa && sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)sa)->sin6_addr, text,
			  sizeof(text));
	if (kr_ip_parse(kr_str_c(text), &ip))
		ip.family = 0;
	return ip;
}

int kr_http__proxies(struct kr_http *h, struct kr_fault *reterr)
{
	struct kr_str rest = kr_str_c(h->o.proxies), word;
	size_t cap = 0;

	while (rest.p && kr_str_split(&rest, ' ', &word)) {
		struct kr_ip net;

		if (!word.n)
			continue;
		if (kr_net_parse(word, &net)) {
			kr_fault_set(reterr, -KR_ECONF, "'%.*s' is not the address of a proxy",
				     KR_STR_ARG(word));
			kr_fault_remedy(reterr, "http.proxy takes addresses or networks: "
						"192.0.2.1 2001:db8::/64");
			return -KR_ECONF;
		}
		h->proxies = kr_arena_more(h->arena, h->proxies, h->n_proxies, &cap, sizeof(net));
		h->proxies[h->n_proxies++] = net;
	}
	return 0;
}

bool kr_http__proxy_is(const struct kr_http *h, const struct kr_ip *peer)
{
	for (size_t i = 0; i < h->n_proxies; i++)
		if (kr_net_contains(&h->proxies[i], peer))
			return true;
	return false;
}

struct count {
	struct kr_str name;
	unsigned n;
};

static enum MHD_Result count(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct count *c = cls;

	(void)kind;
	(void)value;
	c->n += kr_str_ieq(kr_str_c(key), c->name);
	return MHD_YES;
}

unsigned kr_http__header_count(struct kr_http__request *q, const char *name)
{
	struct count c = {kr_str_c(name), 0};

	MHD_get_connection_values(q->r.connection, MHD_HEADER_KIND, count, &c);
	return c.n;
}

static enum MHD_Result keep_last(void *cls, enum MHD_ValueKind kind, const char *key,
				 const char *value)
{
	struct kr_http_pair *want = cls;

	(void)kind;
	if (kr_str_ieq(kr_str_c(key), want->name))
		want->value = kr_str_c(value);
	return MHD_YES;
}

/* The last header of a name: a proxy may add one of its own behind that of the client. */
static struct kr_str last_header(struct kr_http__request *q, const char *name)
{
	struct kr_http_pair want = {.name = kr_str_c(name)};

	MHD_get_connection_values(q->r.connection, MHD_HEADER_KIND, keep_last, &want);
	return want.value;
}

/* The last that is not one of our proxies. */
static struct kr_ip forwarded(const struct kr_http *h, struct kr_str list, struct kr_ip peer)
{
	for (int i = 0; i < FORWARDED_MAX && list.n; i++) {
		size_t at = list.n;
		struct kr_ip ip;

		while (at && list.p[at - 1] != ',')
			at--;
		if (kr_ip_parse(kr_str_trim(kr_str_from(list, at)), &ip))
			return peer;
		peer = ip;
		if (!kr_http__proxy_is(h, &ip))
			return ip;
		list = kr_str_first(list, at ? at - 1 : 0);
	}
	return peer;
}

void kr_http__client(struct kr_http__request *q)
{
	struct kr_ip ip = q->conn ? q->conn->peer : (struct kr_ip){0};

	q->r.secure = q->h->tls != NULL;
	if (kr_http__proxy_is(q->h, &ip)) {
		ip = forwarded(q->h, last_header(q, "X-Forwarded-For"), ip);
		if (kr_str_ieq(last_header(q, "X-Forwarded-Proto"), KR_STR("https")))
			q->r.secure = true;
	}
	if (ip.family)
		kr_ip_text(&ip, q->r.client);
}

struct kr_str kr_http_client(const struct kr_http_request *r)
{
	return kr_str_c(r->client);
}

bool kr_http__host_ok(struct kr_http__request *q)
{
	struct kr_str host = kr_http_header(&q->r, "Host");

	return kr_http__header_count(q, "Host") == 1 &&
	       (kr_http_host_ok(host, q->h->port) ||
		kr_http_host_listed(host, kr_str_c(q->h->o.hosts), q->h->port));
}

/* "https://node.example.org" with the name and port of this very request. */
static bool origin_is_ours(struct kr_http__request *q, struct kr_str origin)
{
	struct kr_str scheme = q->r.secure ? KR_STR("https://") : KR_STR("http://");

	return kr_str_istarts(origin, scheme) &&
	       kr_str_ieq(kr_str_from(origin, scheme.n), kr_http_header(&q->r, "Host"));
}

bool kr_http__origin_ok(struct kr_http__request *q)
{
	struct kr_str site = kr_http_header(&q->r, "Sec-Fetch-Site"),
		      origin = kr_http_header(&q->r, "Origin");

	if (kr_http__header_count(q, "Sec-Fetch-Site") > 1 ||
	    kr_http__header_count(q, "Origin") > 1)
		return false;
	if (site.p)
		return kr_str_eqc(site, "same-origin") || kr_str_eqc(site, "none");
	if (origin.p)
		return origin_is_ours(q, origin);
	return !kr_http_header(&q->r, "Cookie").p;
}
