/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file and the command line: no input breaks them, what is wrong is told with a
 * message, and a file that is accepted listens on a loopback address.
 */
#include "cli/opts.h"
#include "conf/conf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void conf(const uint8_t *data, size_t size)
{
	const struct kr_conf *c;
	struct kr_fault f = {0};
	char path[40];
	int fd = memfd_create("conf", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (kr_conf_load(AT_FDCWD, path, &c, &f)) {
		if (!f.message[0])
			abort();
	} else {
		/* Whether an address may be listened on without TLS is decided at the start. */
		if (!strchr(c->http_listen, ':'))
			abort();
		kr_conf_unref(c);
	}
	close(fd);
}

/* The same bytes as words of a command line, each ended by a newline. */
static void words(const uint8_t *data, size_t size)
{
	KR_AUTO(kr_arena) *a = kr_arena_new((size_t)64 << 20);
	char *text = kr_arena_bytes(a, size + 1);
	const char *argv[256];
	struct kr_fault f = {0};
	struct kr_opts o;
	int n = 0;

	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	for (char *rest = text, *w; n < 256 && (w = strsep(&rest, "\n"));)
		argv[n++] = w;
	if (kr_opts_parse(a, n, argv, &o, &f) && !f.message[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 100000)
		return 0;
	conf(data, size);
	words(data, size);
	return 0;
}
