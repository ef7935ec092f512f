/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *p)
{
	if (!p) {
		fputs("<2>out of memory\n", stderr);
		abort();
	}
	return p;
}

void *kr_xmalloc(size_t n)
{
	return or_abort(malloc(n ? n : 1));
}

void *kr_xcalloc(size_t count, size_t size)
{
	return or_abort(calloc(count ? count : 1, size ? size : 1));
}

void *kr_xrealloc(void *p, size_t n)
{
	return or_abort(realloc(p, n ? n : 1));
}

char *kr_xstrdup(const char *s)
{
	return or_abort(strdup(s));
}
