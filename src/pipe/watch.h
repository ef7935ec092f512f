/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that are looked at all the time (inotify): which of them has something new? Used by one
 * thread. */
#pragma once

#include "base/base.h"
#include "base/str.h"

#define KR_WATCH_MAX 256 /* folders; more are found by their interval alone */

struct kr_watch;

/* Never NULL; without inotify it watches nothing. */
struct kr_watch *kr_watch_new(void);
void kr_watch_free(struct kr_watch *w);
/* For poll(): readable when something happened; -1: nothing ever does. */
int kr_watch_fd(const struct kr_watch *w);
/*
 * Say which folders are watched now: between begin and end each is named once, all others go. A
 * folder that is not there yet is tried again the next time.
 */
void kr_watch_begin(struct kr_watch *w);
void kr_watch_add(struct kr_watch *w, uint32_t id, struct kr_str path);
void kr_watch_end(struct kr_watch *w);
/* Read what happened: calls hit for each folder with a file that was closed or moved in. */
void kr_watch_read(struct kr_watch *w, void (*hit)(void *ctx, uint32_t id), void *ctx);
