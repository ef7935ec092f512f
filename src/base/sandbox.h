/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work on bytes of strangers in a process that can do nothing else: it may read what it was handed,
 * compute, write its answer, and end. A flaw in a reader of mail then gives a wrong answer at most.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* First word of a command line by which this program is called as a sandboxed child. */
#define KR_SANDBOX_WORD "--sandboxed"

struct kr_sandbox_limits {
	size_t memory_max; /* bytes of address space */
	unsigned cpu_s;	   /* seconds of processor time */
};

/*
 * In the child: give up everything but reading descriptor 0, writing descriptor 1, memory and
 * ending with _exit(). There is no way back. Needs a process with one thread.
 *
 * Returns 0; -KR_EUNAVAIL (the kernel has no seccomp).
 */
KR_MUST_USE int kr_sandbox_enter(const struct kr_sandbox_limits *l, struct kr_fault *reterr);

/*
 * In the parent: run this program as a child with the words KR_SANDBOX_WORD and task. Any thread.
 *
 * in          its standard input
 * ret         what it writes is appended, up to the buffer's maximum
 * timeout_ms  after which it is ended
 *
 * Returns 0 (it ended with status 0); -KR_EREFUSED (it ended otherwise, was killed by its limits,
 * or took too long: what it was given is not fit to be read); -KR_EUNAVAIL (it could not be
 * started); -KR_ELIMIT (too much output).
 */
KR_MUST_USE int kr_sandbox_call(const char *task, struct kr_str in, struct kr_buf *ret,
				int timeout_ms, struct kr_fault *reterr);
