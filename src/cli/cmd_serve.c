/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the main thread opens everything, says that it is ready, and then only waits for
 * signals: SIGHUP reads the configuration again, SIGTERM and SIGINT end the node, and between them
 * it tells the service manager's watchdog that it lives. Pages, commands from the control socket
 * and reports that a crash left unfinished have threads of their own. Ending goes the other way
 * round: no new work, running work is told to stop, and what is still running after DRAIN_S seconds
 * is left behind: everything durable is on disk already, and the next start goes on from there.
 */
#include "cli/cli.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/control.h"
#include "cli/janitor.h"
#include "cli/node.h"
#include "cli/notify.h"
#include "cli/serve_api.h"
#include "cli/serve_login.h"
#include "cli/teller.h"
#include "pipe/deliver.h"
#include "web/web.h"

#define DRAIN_S	   8
#define IDLE_MS	   60000
#define LINES_MAX  16
#define SERIES_MAX 2000

struct serve {
	struct kr_node *node;
	struct kr_web *web;
	struct kr_http *http;
	struct kr_serve_login login;
	struct kr_control *control;
	struct kr_janitor *janitor;
	struct kr_teller *teller;
	struct kr_metrics *metrics;
	struct kr_deliver *deliver;
	struct kr_serve_api *api;
	sigset_t signals;
};

static int ready(void *ctx, struct kr_fault *reterr)
{
	const struct serve *s = ctx;

	if (s->node->stopping)
		return kr_fault_set(reterr, -KR_EUNAVAIL, "the node is stopping");
	return 0;
}

static const struct kr_conf *settings(void *ctx)
{
	return kr_node_conf(ctx);
}

static void setup_log(struct kr_node *n)
{
	const struct kr_conf *c = kr_node_conf(n);
	struct kr_log_options o = {.json = !strcmp(c->log_format, "json"), .fd = STDERR_FILENO};

	if (kr_log_level_parse(kr_str_c(c->log_level), &o.level))
		o.level = KR_LOG_INFO;
	kr_log_setup(&o);
	kr_conf_unref(c);
}

/* ---- start and stop ---- */

static size_t lines_of(char *text, const char **lines, size_t max)
{
	size_t n = 0;

	for (char *rest = text, *line; n < max && (line = strsep(&rest, "\n"));)
		if (*line)
			lines[n++] = line;
	return n;
}

static void make_pages(struct serve *s, const struct kr_conf *c)
{
	KR_AUTO(kr_tables) *tables = kr_pipe_tables(s->node->pipe);
	KR_AUTO_BUF attribution = KR_BUF(16384);
	const char *lines[LINES_MAX];
	struct kr_web_opts o = {
		.store = s->node->store,
		.accounts = s->node->accounts,
		.public_url = c->http_public_url,
		.node_name = c->node_name[0] ? c->node_name : NULL,
		.lang = c->node_language,
		.ready = ready,
		.ready_ctx = s,
		.query_us = c->api_query_time,
		.conf = settings,
		.conf_ctx = s->node,
	};

	if (kr_pap_parse(kr_str_c(c->labels_pap_open), &o.pap_open) ||
	    kr_pap_parse(kr_str_c(c->labels_pap_default), &o.pap_default))
		o.pap_open = o.pap_default = KR_PAP_NONE;
	s->metrics = kr_metrics_new(SERIES_MAX);
	o.metrics = s->metrics;
	kr_tables_attribution(tables, &attribution);
	kr_buf_ch(&attribution, '\0');
	o.attribution = lines;
	o.n_attribution = attribution.err ? 0 : lines_of(attribution.p, lines, LINES_MAX);
	s->web = kr_web_new(&o);
}

/* A relative path starts at the data directory; "" stays empty. */
static const char *below(const struct serve *s, const char *path, struct kr_arena *a)
{
	if (!path[0] || path[0] == '/')
		return path;
	return kr_arena_printf(a, "%s/%s", s->node->dir, path).p;
}

static int start_http(struct serve *s, struct kr_fault *reterr)
{
	const struct kr_conf *c = kr_node_conf(s->node);
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_http_mount mounts[KR_HTTP_MOUNTS_MAX];
	struct kr_http_opts o = {
		.listen = c->http_listen,
		.threads = (unsigned)c->http_threads,
		.limits =
			{
				.connections_max = (unsigned)c->http_connections_max,
				.connections_address_max = (unsigned)c->http_connections_per_ip_max,
				.timeout_s = (unsigned)(c->http_timeout / 1000000),
				.header_time_s = (unsigned)(c->http_header_time / 1000000),
				.body_time_s = (unsigned)(c->http_body_time / 1000000),
				.body_rate = (unsigned)c->http_body_rate,
				.streams_max = (unsigned)c->http_streams_max,
				.memory_max = c->http_request_max,
			},
		.mounts = mounts,
		.certificate = below(s, c->http_certificate, a),
		.key = below(s, c->http_key, a),
		.hosts = c->http_host,
		.proxies = c->http_proxy,
		.ctx = &s->login,
		.authenticate = kr_serve_authenticate,
		.done = kr_serve_done,
	};
	int err;

	make_pages(s, c);
	s->login = (struct kr_serve_login){s->node->accounts, s->web};
	s->api = kr_serve_api_new(s->node, c);
	mounts[o.n_mounts++] = kr_serve_api_mount(s->api);
	mounts[o.n_mounts++] = kr_web_mount(s->web);
	err = kr_http_start(&o, &s->http, reterr);
	kr_conf_unref(c);
	return err;
}

static int start(struct serve *s, const char *dir, struct kr_fault *reterr)
{
	const struct kr_conf *c;
	int err = kr_node_open(dir, true, &s->node, reterr);

	if (err)
		return err;
	s->node->serving = true;
	setup_log(s->node);
	err = start_http(s, reterr);
	if (err)
		return err;
	c = kr_node_conf(s->node);
	err = kr_control_start(s->node, (unsigned)c->control_clients_max, &s->control, reterr);
	kr_conf_unref(c);
	if (!err)
		err = kr_deliver_start(s->node->store, s->node->net, s->metrics, &s->deliver,
				       reterr);
	if (!err)
		err = kr_serve_api_start(s->api, s->http, reterr);
	if (err)
		return err;
	s->janitor = kr_janitor_start(s->node);
	s->teller = kr_teller_start(s->node, s->deliver);
	kr_pipe_count_in(s->node->pipe, s->metrics);
	return kr_sources_start(s->node->sources, s->metrics, reterr);
}

/* Returns true if all could be closed in order. */
static bool stop(struct serve *s)
{
	bool done;

	if (s->node) {
		s->node->stopping = true;
		if (s->node->net)
			kr_net_stop(s->node->net);
	}
	kr_serve_api_cancel(s->api);
	kr_teller_stop(s->teller);
	done = kr_deliver_stop(s->deliver, DRAIN_S * 1000);
	done = kr_control_stop(s->control, DRAIN_S * 1000) && done;
	if (s->node && !kr_sources_stop(s->node->sources, (DRAIN_S - 1) * 1000))
		done = false;
	kr_janitor_stop(s->janitor);
	kr_http_stop(s->http);
	done = kr_serve_api_stop(s->api, DRAIN_S * 1000) && done;
	kr_web_free(s->web);
	if (done) {
		kr_node_close(s->node);
		kr_metrics_free(s->metrics);
	}
	return done;
}

static void reload(struct serve *s)
{
	KR_AUTO_BUF restart = KR_BUF(4096);
	struct kr_fault f = {0};
	int err;

	kr_notify_reloading();
	err = kr_node_reload(s->node, &restart, &f);
	if (err)
		kr_log(KR_LOG_ERROR, "configuration is wrong, the old one stays", KR_FAULT(&f));
	else
		setup_log(s->node);
	if (!err)
		kr_log(KR_LOG_NOTICE, "configuration reloaded");
	kr_deliver_wake(s->deliver);
	f = (struct kr_fault){0};
	if (kr_http_reload(s->http, &f))
		kr_log(KR_LOG_ERROR, "the certificate is wrong, the old one stays", KR_FAULT(&f));
	if (restart.n)
		kr_log(KR_LOG_WARNING, "settings changed that need a restart",
		       KR_S("settings", kr_buf_cstr(&restart)));
	kr_notify("READY=1");
}

/* Wait for the signal that ends us. */
static int wait_signals(struct serve *s)
{
	int watchdog_ms = kr_notify_watchdog_ms();
	int wait_ms = watchdog_ms ? watchdog_ms : IDLE_MS;
	struct timespec t = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L};

	for (;;) {
		int sig = sigtimedwait(&s->signals, NULL, &t);

		if (sig == SIGHUP)
			reload(s);
		else if (sig > 0)
			return sig;
		if (watchdog_ms)
			kr_notify("WATCHDOG=1");
	}
}

static void announce(struct kr_cli *c, const struct serve *s)
{
	kr_notify("READY=1");
	fprintf(c->out, "%s\n", kr_http_url(s->http));
	fflush(c->out);
	kr_log(KR_LOG_NOTICE, "node is ready", KR_S("pages", kr_http_url(s->http)),
	       KR_S("directory", s->node->dir), KR_S("version", KR_VERSION));
}

static int run(struct kr_cli *c)
{
	struct serve s = {0};
	int err, sig;

	/* Before any thread starts, so that all of them leave these signals to us. */
	sigemptyset(&s.signals);
	sigaddset(&s.signals, SIGHUP);
	sigaddset(&s.signals, SIGTERM);
	sigaddset(&s.signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &s.signals, NULL);
	umask(0027);
	err = start(&s, c->dir, &c->fault);
	if (err) {
		stop(&s);
		if (err == -KR_EBUSY && !c->fault.remedy[0])
			kr_fault_remedy(&c->fault, "only one node may serve a data directory");
		return err;
	}
	if (s.node->damage.code)
		kr_log(KR_LOG_ERROR, "a table cannot be used", KR_FAULT(&s.node->damage));
	announce(c, &s);
	sig = wait_signals(&s);
	kr_notify("STOPPING=1");
	kr_log(KR_LOG_NOTICE, "node stops", KR_S("signal", sig == SIGINT ? "SIGINT" : "SIGTERM"));
	if (!stop(&s)) {
		kr_log(KR_LOG_WARNING,
		       "a command did not end in time; the next start goes on from what "
		       "is on disk");
		_exit(0);
	}
	return 0;
}

const struct kr_cmd kr_cmd_serve = {
	.noun = "serve",
	.doc = N_("run the node: pages, commands of others, until Ctrl-C"),
	.help = N_(
		"  karaula -C /var/lib/karaula serve\n"
		"  systemctl start karaula\n"
		"  systemctl reload karaula        reads the configuration again\n\n"
		"Prints the address of the pages once it listens. SIGHUP reads the configuration "
		"again, a\n"
		"wrong one changes nothing; SIGTERM and SIGINT end the node within ten seconds.\n"),
	.need = KR_NEED_NOTHING,
	.run = run,
};
