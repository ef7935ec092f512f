/* SPDX-License-Identifier: Apache-2.0 */
/* A stream to a descriptor of the caller that remembers why it failed and can be interrupted.
 * Private to cli. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct kr_out {
	int fd;			 /* closed with the stream */
	int error;		 /* errno of the first failed write; 0: none */
	unsigned kind;		 /* S_IF* */
	bool (*stop)(void *ctx); /* asked while the reader is slow; may be NULL */
	void *ctx;
};

/*
 * Make the stream. o stays where it is until fclose().
 *
 * line  write at each end of line: for terminals
 *
 * Returns NULL if there is no memory for it.
 */
FILE *kr_out_open(struct kr_out *o, int fd, bool line, bool (*stop)(void *ctx), void *ctx);
