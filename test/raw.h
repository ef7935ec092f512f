/* SPDX-License-Identifier: Apache-2.0 */
/* A client on a bare socket: it can be slow, rude and wrong. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

struct answer {
	struct kr_buf b; /* all that came */
	int status;	 /* 0: no answer */
	struct kr_str head, body;
};

__attribute__((unused)) static int raw_connect(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		perror("connect");
		exit(1);
	}
	return fd;
}

__attribute__((unused)) static void raw_send(int fd, const void *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t put = send(fd, (const char *)p + at, n - at, MSG_NOSIGNAL);

		if (put <= 0)
			return;
		at += (size_t)put;
	}
}

/* Read until the other side closes, or nothing comes for timeout_ms. */
__attribute__((unused)) static void raw_read(int fd, int timeout_ms, struct answer *ret)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char chunk[16384];
	ptrdiff_t gap;

	*ret = (struct answer){.b = KR_BUF((size_t)64 << 20)};
	while (poll(&pfd, 1, timeout_ms) > 0) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n <= 0)
			break;
		kr_buf_add(&ret->b, chunk, (size_t)n);
	}
	gap = kr_str_find(kr_buf_str(&ret->b), KR_STR("\r\n\r\n"));
	if (gap > 0) {
		ret->head = kr_str_first(kr_buf_str(&ret->b), (size_t)gap + 2);
		ret->body = kr_str_from(kr_buf_str(&ret->b), (size_t)gap + 4);
		if (kr_str_starts(ret->head, KR_STR("HTTP/1.")))
			ret->status = atoi(ret->head.p + 9);
	}
}

/* Value of a header of the answer; p NULL if it is not there. */
__attribute__((unused)) static struct kr_str raw_header(const struct answer *a, const char *name)
{
	struct kr_str rest = a->head, line;

	while (rest.p && kr_str_split(&rest, '\n', &line)) {
		ptrdiff_t colon = kr_str_chr(line, ':');

		if (colon > 0 && kr_str_ieq(kr_str_first(line, (size_t)colon), kr_str_c(name)))
			return kr_str_trim(kr_str_from(line, (size_t)colon + 1));
	}
	return KR_STR_NULL;
}

/* Bytes as they are, then the answer. */
__attribute__((unused)) static void raw_talk(uint16_t port, struct kr_str bytes, struct answer *ret)
{
	int fd = raw_connect(port);

	raw_send(fd, bytes.p, bytes.n);
	raw_read(fd, 3000, ret);
	close(fd);
}

/* A well-formed request; headers end in \r\n each. */
__attribute__((unused)) static void raw_get(uint16_t port, const char *method, const char *target,
					    const char *headers, struct answer *ret)
{
	struct kr_buf b = KR_BUF((size_t)1 << 20);

	kr_buf_printf(&b, "%s ", method);
	kr_buf_c(&b, target);
	kr_buf_printf(&b, " HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n", port);
	kr_buf_c(&b, headers);
	kr_buf_c(&b, "\r\n");
	raw_talk(port, kr_buf_str(&b), ret);
	kr_buf_done(&b);
}
