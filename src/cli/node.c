/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "desk/tables.h"

static struct kr_store_opts store_opts(const struct kr_conf *c)
{
	return (struct kr_store_opts){
		.partition_rows_max = c->store_partition_rows,
		.group_rows_max = (uint32_t)c->store_group_rows,
		.cache_kib = (uint32_t)(c->store_cache >> 10),
	};
}

static void open_accounts(struct kr_node *n)
{
	struct kr_account_opts opts = kr_account_opts_of(n->conf);

	n->accounts = kr_accounts_new(n->store, &opts);
}

static int open_dir(const char *dir, struct kr_fault *reterr)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	fd = kr_fault_errno(reterr, errno, "cannot open the data directory '%s'", dir);
	kr_fault_remedy(reterr, "name it with -C DIR or KARAULA_DIR, or make it with karaula init");
	return fd;
}

static int load_conf(int dirfd, const char *dir, const struct kr_conf **ret,
		     struct kr_fault *reterr)
{
	int err = kr_conf_load(dirfd, KR_CONF_FILE, ret, reterr);

	if (err == -KR_ENOENT) {
		kr_fault_set(reterr, err, "'%s' is no data directory: it has no " KR_CONF_FILE,
			     dir);
		kr_fault_remedy(reterr, "name it with -C DIR or KARAULA_DIR, or make it with "
					"karaula init");
	}
	return err;
}

/* A damaged table is no reason not to work: it is left out and told. */
static int open_pipe(struct kr_node *n, struct kr_fault *reterr)
{
	struct kr_fault f = {0};
	int err = kr_pipe_open(n->store, n->conf, &n->pipe, &f);

	if (err > 0)
		n->damage = f;
	else if (err < 0 && reterr)
		*reterr = f;
	return err < 0 ? err : 0;
}

int kr_node_open(const char *dir, bool with_store, struct kr_node **ret, struct kr_fault *reterr)
{
	struct kr_node *n = kr_xcalloc(1, sizeof(*n));
	struct kr_store_opts opts;
	int err;

	n->dir = kr_xstrdup(dir ? dir : ".");
	pthread_rwlock_init(&n->conf_lock, NULL);
	n->dirfd = open_dir(n->dir, reterr);
	err = n->dirfd < 0 ? n->dirfd : load_conf(n->dirfd, n->dir, &n->conf, reterr);
	if (!err && with_store)
		err = kr_desk_tables_load(n->dirfd, reterr);
	if (!err && with_store) {
		opts = store_opts(n->conf);
		err = kr_store_open(n->dir, &opts, &n->store, reterr);
	}
	if (!err && with_store) {
		open_accounts(n);
		err = open_pipe(n, reterr);
	}
	if (!err && with_store)
		n->outbox = kr_desk_outbox_new(n->store);
	if (!err && with_store) {
		n->net = kr_net_new(n->conf, n->dir);
		n->sources = kr_sources_new(n->pipe, n->net);
	}
	if (err) {
		kr_node_close(n);
		return err;
	}
	*ret = n;
	return 0;
}

void kr_node_close(struct kr_node *n)
{
	if (!n)
		return;
	kr_sources_free(n->sources);
	kr_net_free(n->net);
	if (n->pipe)
		kr_pipe_close(n->pipe);
	kr_accounts_free(n->accounts);
	kr_desk_outbox_free(n->outbox);
	if (n->store)
		kr_store_close(n->store);
	kr_conf_unref(n->conf);
	if (n->dirfd >= 0)
		close(n->dirfd);
	pthread_rwlock_destroy(&n->conf_lock);
	free(n->dir);
	free(n);
}

const struct kr_conf *kr_node_conf(struct kr_node *n)
{
	const struct kr_conf *c;

	pthread_rwlock_rdlock(&n->conf_lock);
	c = kr_conf_ref(n->conf);
	pthread_rwlock_unlock(&n->conf_lock);
	return c;
}

int kr_node_reload(struct kr_node *n, struct kr_buf *ret_restart, struct kr_fault *reterr)
{
	struct kr_account_opts accounts;
	const struct kr_conf *fresh, *old;
	int err = load_conf(n->dirfd, n->dir, &fresh, reterr);

	if (err)
		return err;
	pthread_rwlock_wrlock(&n->conf_lock);
	old = n->conf;
	n->conf = fresh;
	pthread_rwlock_unlock(&n->conf_lock);
	kr_conf_needs_restart(old, fresh, ret_restart);
	kr_conf_unref(old);
	if (!n->pipe)
		return 0;
	fresh = kr_node_conf(n);
	accounts = kr_account_opts_of(fresh);
	kr_accounts_configure(n->accounts, &accounts);
	kr_pipe_configure(n->pipe, fresh);
	if (n->net)
		kr_net_configure(n->net, fresh);
	kr_conf_unref(fresh);
	/* Tables too: a damaged one is told like a wrong setting. */
	err = kr_pipe_reload(n->pipe, reterr);
	return err > 0 ? 0 : err;
}
