/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What travels over run/karaula.sock: SOCK_SEQPACKET messages between two processes of one machine,
 * so numbers are in its own byte order. Private to cli.
 *
 *     client                                    node
 *     HELLO version, width, flags, language  ->        with stdout, stderr and the working
 * directory ARGS  the words, each with its NUL     ->        as many messages as it takes
 *                                            <- OPEN   a path of these words, or "-"
 *     FILE  errno, number of a pump          ->        with the descriptor
 *     ENDED number of a pump: its input is complete ->
 *                                            <- EXIT   status and fault; then the connection is
 * closed
 *
 * The client hangs up, or shuts its side down, to cancel. HELLO's first two numbers and EXIT never
 * change.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"

#include <sys/types.h>

#define KR_WIRE_VERSION	 1
#define KR_WIRE_MAX	 ((size_t)32 << 10) /* bytes of a message */
#define KR_WIRE_ARGS_MAX ((size_t)4 << 20)  /* bytes of all words */
#define KR_WIRE_FDS_MAX	 4
#define KR_WIRE_PATH_MAX 4096
#define KR_WIRE_SOCKET	 "karaula.sock"

enum kr_wire_type {
	KR_WIRE_HELLO = 0x6b720001,
	KR_WIRE_ARGS,
	KR_WIRE_OPEN,
	KR_WIRE_FILE,
	KR_WIRE_ENDED,
	KR_WIRE_EXIT,
};

struct kr_wire_hello {
	uint32_t type, version;
	int32_t width;
	uint32_t colour;
	uint32_t words, bytes;
	char lang[24];
};

struct kr_wire_file {
	uint32_t type;
	int32_t error; /* errno; 0: a descriptor comes along */
	uint32_t pump; /* 0: the file itself; else its bytes are copied by the client, see ENDED */
};

struct kr_wire_exit {
	uint32_t type;
	int32_t err; /* 0 or -KR_E* */
	uint64_t line, column, byte;
	char where[160], message[256], remedy[200];
};

/* Send one message with descriptors. 0 or -errno; never SIGPIPE. */
int kr_wire_send(int fd, const void *p, size_t n, const int *fds, size_t n_fds);
/*
 * Receive one message.
 *
 * flags  MSG_DONTWAIT or 0
 * fds    descriptors that came along, at most KR_WIRE_FDS_MAX, close-on-exec; owned by the caller
 * then
 *
 * Returns its length; 0 at the end of the connection; -EAGAIN; -EPROTO (too long, or too many
 * descriptors: they are closed); -errno.
 */
ssize_t kr_wire_recv(int fd, void *p, size_t size, int flags, int *fds, size_t *ret_n_fds);
void kr_wire_fault_put(struct kr_wire_exit *x, int err, const struct kr_fault *f);
/* Everything in x is checked: it may come from anybody. */
int kr_wire_fault_get(const struct kr_wire_exit *x, struct kr_fault *f);
