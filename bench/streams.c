/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What idle clients of a stream of events cost: memory of the server, and its CPU time while
 * nothing happens.
 *
 *     streams [CLIENTS [SECONDS]]
 *
 * The clients are another process. One line each: name, value.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "http/http.h"
#include "raw.h"

static int later(void *ctx, struct kr_buf *piece)
{
	(void)ctx;
	(void)piece;
	return KR_HTTP_LATER;
}

static int events(struct kr_http_request *r, struct kr_http_reply *p, struct kr_fault *f)
{
	(void)r;
	(void)f;
	p->type = "text/event-stream";
	p->stream = later;
	p->topic = "events";
	return 0;
}

static const struct kr_http_route routes[] = {{"GET", "/events", events, "", .quiet = true}};

/* Bytes of this process that are in memory. */
static double resident(void)
{
	unsigned long all = 0, rss = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu %lu", &all, &rss) != 2)
		exit(1);
	fclose(f);
	return (double)rss * (double)sysconf(_SC_PAGESIZE);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void clients(uint16_t port, unsigned n)
{
	char text[100];

	snprintf(text, sizeof(text), "GET /events HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port);
	for (unsigned i = 0; i < n; i++)
		raw_send(raw_connect(port), text, strlen(text));
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
	unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 60;
	struct kr_http_mount m = {.routes = routes, .n_routes = KR_ARRAY_LEN(routes)};
	struct kr_http_opts o = {
		.listen = "127.0.0.1:0",
		.limits = {.connections_max = 2 * n + 16,
			   .connections_address_max = 2 * n + 16,
			   .streams_max = n,
			   .memory_max = 65536},
		.mounts = &m,
		.n_mounts = 1,
	};
	struct kr_http *h;
	struct kr_fault f;
	double before, began;
	pid_t child;

	if (kr_http_start(&o, &h, &f)) {
		fprintf(stderr, "%s\n", f.message);
		return 1;
	}
	before = resident();
	child = fork();
	if (!child)
		clients(kr_http_port(h), n);
	for (int i = 0; i < 3000 && kr_http_streams(h) < n; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	printf("clients\t%u\n", kr_http_streams(h));
	began = cpu_ms();
	nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
	printf("rss_bytes\t%.0f\n", resident());
	printf("more_bytes\t%.0f\n", resident() - before);
	printf("cpu_ms_a_second\t%.3f\n", (cpu_ms() - began) / seconds);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	kr_http_stop(h);
	return 0;
}
