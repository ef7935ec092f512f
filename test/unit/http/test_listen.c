/* SPDX-License-Identifier: Apache-2.0 */
#include "http/listen.h"

#include <stdio.h>
#include <unistd.h>

#include "tap.h"

static void test_parse(void)
{
	static const char *const wrong[] = {"",
					    "8440",
					    "127.0.0.1",
					    "127.0.0.1:",
					    "127.0.0.1:65536",
					    "127.0.0.1:84x",
					    "[::1]",
					    "[::1:8440",
					    "::1:8440",
					    "localhost:8440",
					    "127.0.0.1:-1",
					    "[]:1",
					    "127.0.0.01:80"};
	static const char *const outside[] = {"0.0.0.0:8440", "192.0.2.1:8440", "[::]:8440",
					      "[2001:db8::1]:8440", "128.0.0.1:1"};
	static const char *const fine[] = {"127.0.0.1:8440", "127.255.0.1:0", "[::1]:65535"};
	struct sockaddr_storage ss;
	struct kr_fault f;
	socklen_t n;

	for (size_t i = 0; i < KR_ARRAY_LEN(fine); i++) {
		bool loopback = false;

		OK(!kr_http__listen_parse(fine[i], &ss, &n, &f), "'%s' is listened on", fine[i]);
		OK(!kr_http__listen_loopback(fine[i], &loopback, &f) && loopback,
		   "... it is loopback");
	}
	for (size_t i = 0; i < KR_ARRAY_LEN(wrong); i++) {
		OK(kr_http__listen_parse(wrong[i], &ss, &n, &f) == -KR_ECONF, "'%s' is refused",
		   wrong[i]);
		OK(f.remedy[0], "... with a remedy");
	}
	for (size_t i = 0; i < KR_ARRAY_LEN(outside); i++) {
		bool loopback = true;

		OK(!kr_http__listen_loopback(outside[i], &loopback, &f) && !loopback,
		   "'%s' is not loopback", outside[i]);
	}
}

static void test_taken(void)
{
	uint16_t port = 0, again = 0;
	struct kr_fault f;
	char text[32];
	int fd = kr_http__listen("127.0.0.1:0", &port, &f), other;

	OK(fd >= 0 && port, "port 0 gives port %u", port);
	snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	other = kr_http__listen(text, &again, &f);
	IS(other, -KR_EBUSY, "a port that is taken");
	OK(strstr(f.remedy, "another port"), "the remedy names another port");
	close(fd);
}

int main(void)
{
	test_parse();
	test_taken();
	return tap_end();
}
