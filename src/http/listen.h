/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#include <sys/socket.h>

/*
 * Read "127.0.0.1:8440" or "[::1]:8440".
 *
 * Returns 0; -KR_ECONF (not an address with a port), with the remedy.
 */
KR_MUST_USE int kr_http__listen_parse(const char *text, struct sockaddr_storage *ret,
				      socklen_t *ret_n, struct kr_fault *reterr);
/* The same; is it an address of this machine's loopback? */
KR_MUST_USE int kr_http__listen_loopback(const char *text, bool *ret, struct kr_fault *reterr);
/*
 * Open, bind and listen.
 *
 * ret_port  the port chosen, also where 0 was asked for
 *
 * Returns a non-blocking descriptor, the caller's; -KR_ECONF, -KR_EBUSY (taken), -KR_EDENIED,
 * -KR_EIO.
 */
KR_MUST_USE int kr_http__listen(const char *text, uint16_t *ret_port, struct kr_fault *reterr);
