/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct kr_net {
	char *dir;
	pthread_mutex_t lock; /* guards conf */
	const struct kr_conf *conf;
	atomic_bool stopped;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Not undone: other users of libcurl in the process may have threads. */
static void start(void)
{
	CURLcode r = curl_global_init(CURL_GLOBAL_DEFAULT);

	assert(r == CURLE_OK);
	(void)r;
}

struct kr_net *kr_net_new(const struct kr_conf *conf, const char *dir)
{
	struct kr_net *n = kr_xcalloc(1, sizeof(*n));

	pthread_once(&once, start);
	n->dir = kr_xstrdup(dir);
	n->conf = kr_conf_ref(conf);
	pthread_mutex_init(&n->lock, NULL);
	return n;
}

void kr_net_free(struct kr_net *n)
{
	if (!n)
		return;
	kr_conf_unref(n->conf);
	pthread_mutex_destroy(&n->lock);
	free(n->dir);
	free(n);
}

void kr_net_configure(struct kr_net *n, const struct kr_conf *conf)
{
	const struct kr_conf *old;

	pthread_mutex_lock(&n->lock);
	old = n->conf;
	n->conf = kr_conf_ref(conf);
	pthread_mutex_unlock(&n->lock);
	kr_conf_unref(old);
}

void kr_net_stop(struct kr_net *n)
{
	atomic_store(&n->stopped, true);
}

bool kr_net_stopped(const struct kr_net *n)
{
	return atomic_load(&n->stopped);
}

const struct kr_conf *kr_net_conf(struct kr_net *n)
{
	const struct kr_conf *c;

	pthread_mutex_lock(&n->lock);
	c = kr_conf_ref(n->conf);
	pthread_mutex_unlock(&n->lock);
	return c;
}

const char *kr_net_dir(const struct kr_net *n)
{
	return n->dir;
}
