/* SPDX-License-Identifier: Apache-2.0 */
#include "pipe/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define PATH_BYTES 1100

struct folder {
	uint32_t id;
	int wd; /* -1: not watched */
	bool named;
	char path[PATH_BYTES];
};

struct kr_watch {
	int fd;
	struct folder *folders;
	size_t n;
};

struct kr_watch *kr_watch_new(void)
{
	struct kr_watch *w = kr_xcalloc(1, sizeof(*w));

	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->folders = kr_xcalloc(KR_WATCH_MAX, sizeof(*w->folders));
	return w;
}

void kr_watch_free(struct kr_watch *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	free(w->folders);
	free(w);
}

int kr_watch_fd(const struct kr_watch *w)
{
	return w->fd;
}

void kr_watch_begin(struct kr_watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->folders[i].named = false;
}

static struct folder *find(struct kr_watch *w, uint32_t id, const char *path)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->folders[i].id == id && !strcmp(w->folders[i].path, path))
			return &w->folders[i];
	return NULL;
}

void kr_watch_add(struct kr_watch *w, uint32_t id, struct kr_str path)
{
	char text[PATH_BYTES];
	struct folder *f;

	if (path.n >= sizeof(text) || w->fd < 0)
		return;
	snprintf(text, sizeof(text), "%.*s", KR_STR_ARG(path));
	f = find(w, id, text);
	if (!f) {
		if (w->n == KR_WATCH_MAX)
			return;
		f = &w->folders[w->n++];
		*f = (struct folder){.id = id, .wd = -1};
		memcpy(f->path, text, path.n + 1);
	}
	f->named = true;
	/* The same folder gives the same number again. */
	f->wd = inotify_add_watch(w->fd, text, IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
}

static bool shared(const struct kr_watch *w, const struct folder *f)
{
	for (size_t i = 0; i < w->n; i++)
		if (&w->folders[i] != f && w->folders[i].named && w->folders[i].wd == f->wd)
			return true;
	return false;
}

void kr_watch_end(struct kr_watch *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct folder *f = &w->folders[i];

		if (!f->named && f->wd >= 0 && !shared(w, f))
			inotify_rm_watch(w->fd, f->wd);
	}
	for (size_t i = 0; i < w->n; i++)
		if (w->folders[i].named)
			w->folders[n++] = w->folders[i];
	w->n = n;
}

void kr_watch_read(struct kr_watch *w, void (*hit)(void *ctx, uint32_t id), void *ctx)
{
	_Alignas(struct inotify_event) char buf[16384];
	ssize_t n;

	while (w->fd >= 0 && (n = read(w->fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *e = (const void *)p;

			/* After an overflow all of them may have something. */
			for (size_t i = 0; i < w->n; i++)
				if (w->folders[i].wd == e->wd || (e->mask & IN_Q_OVERFLOW))
					hit(ctx, w->folders[i].id);
			p += sizeof(*e) + e->len;
		}
	}
}
