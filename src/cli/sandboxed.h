/* SPDX-License-Identifier: Apache-2.0 */
/* What this program does as a confined child of itself: base/sandbox.h. Private to cli and main. */
#pragma once

/* Do the task and end the process. Returns only what the process should end with. */
int kr_sandboxed_run(const char *task);

#define KR_SANDBOXED_DSN "dsn" /* a mail on descriptor 0, codec/dsn.h as JSON on 1 */
