/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define BACKLOG 128

static int wrong(const char *text, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_ECONF, "'%s' is not an address with a port", text);
	kr_fault_remedy(reterr, "write 127.0.0.1:8440 or [::1]:8440");
	return -KR_ECONF;
}

int kr_http__listen_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_n,
			  struct kr_fault *reterr)
{
	struct kr_str s = kr_str_c(text);
	const char *colon = strrchr(text, ':');
	bool six = s.n && s.p[0] == '[';
	struct sockaddr_storage ss = {0};
	char host[64];
	uint64_t port;
	size_t n;

	if (!colon || kr_str_u64(kr_str_c(colon + 1), &port) || port > UINT16_MAX)
		return wrong(text, reterr);
	n = (size_t)(colon - text);
	if (six && (n < 3 || text[n - 1] != ']'))
		return wrong(text, reterr);
	s = six ? kr_str_n(text + 1, n - 2) : kr_str_n(text, n);
	if (s.n >= sizeof(host))
		return wrong(text, reterr);
	memcpy(host, s.p, s.n);
	host[s.n] = 0;
	if (six) {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)&ss;

		a->sin6_family = AF_INET6;
		a->sin6_port = htons((uint16_t)port);
		if (inet_pton(AF_INET6, host, &a->sin6_addr) != 1)
			return wrong(text, reterr);
		*ret_n = sizeof(*a);
	} else {
		struct sockaddr_in *a = (struct sockaddr_in *)&ss;

		a->sin_family = AF_INET;
		a->sin_port = htons((uint16_t)port);
		if (inet_pton(AF_INET, host, &a->sin_addr) != 1)
			return wrong(text, reterr);
		*ret_n = sizeof(*a);
	}
	*ret = ss;
	return 0;
}

int kr_http__listen_loopback(const char *text, bool *ret, struct kr_fault *reterr)
{
	struct sockaddr_storage ss;
	socklen_t n;
	int err = kr_http__listen_parse(text, &ss, &n, reterr);

	if (err)
		return err;
	*ret = ss.ss_family == AF_INET6
		       ? IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&ss)->sin6_addr)
		       : ntohl(((struct sockaddr_in *)&ss)->sin_addr.s_addr) >> 24 == 127;
	return 0;
}

static int failed(int fd, int errnum, const char *text, struct kr_fault *reterr)
{
	int code = errnum == EADDRINUSE			 ? -KR_EBUSY
		   : errnum == EACCES || errnum == EPERM ? -KR_EDENIED
							 : -KR_EIO;

	if (fd >= 0)
		close(fd);
	kr_fault_set(reterr, code, "cannot listen on %s: %s", text, strerror(errnum));
	if (errnum == EADDRINUSE)
		kr_fault_remedy(reterr,
				"another program has this port: stop it, or set another port");
	else if (code == -KR_EDENIED)
		kr_fault_remedy(reterr, "use a port above 1023");
	else if (errnum == EADDRNOTAVAIL || errnum == EAFNOSUPPORT)
		kr_fault_remedy(reterr, "this machine has no such address: use 127.0.0.1");
	return code;
}

int kr_http__listen(const char *text, uint16_t *ret_port, struct kr_fault *reterr)
{
	struct sockaddr_storage ss;
	socklen_t n;
	int one = 1, fd, err = kr_http__listen_parse(text, &ss, &n, reterr);

	if (err)
		return err;
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed(fd, errno, text, reterr);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    (ss.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) ||
	    bind(fd, (struct sockaddr *)&ss, n) || listen(fd, BACKLOG) ||
	    getsockname(fd, (struct sockaddr *)&ss, &n))
		return failed(fd, errno, text, reterr);
	*ret_port = ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
						   : ((struct sockaddr_in *)&ss)->sin_port);
	return fd;
}
