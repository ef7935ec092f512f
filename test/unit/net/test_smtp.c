/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that follows a script, on a thread: each test says what it answers at which command, and
 * what must be known afterwards. Real servers are met in test/e2e/test_mail.py.
 */
#include "net/smtp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/thread.h"
#include "tap.h"

#include <fcntl.h>

/* What is answered to each command; NULL: hang up. */
struct script {
	const char *greeting, *mail, *rcpt, *data, *end;
	size_t cut_after; /* bytes of the message after which the connection is cut; 0: never */
	bool silent;	  /* says nothing after the message, for longer than anybody waits */
};

struct server {
	struct script script;
	int fd, messages, connections;
	unsigned port;
	struct kr_thread thread;
	char got[4096], commands[4096];
	size_t got_n;
};

static bool answer(int fd, const char *text)
{
	return text && send(fd, text, strlen(text), MSG_NOSIGNAL) > 0;
}

static size_t line_of(int fd, char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && recv(fd, line + n, 1, 0) == 1)
		if (line[n++] == '\n')
			break;
	line[n] = '\0';
	return n;
}

static bool message(struct server *s, int fd)
{
	char line[1200];
	size_t n, all = 0;

	while ((n = line_of(fd, line, sizeof(line))) > 0) {
		if (!strcmp(line, ".\r\n")) {
			s->messages++;
			if (s->script.silent)
				usleep(2500000);
			return answer(fd, s->script.end);
		}
		if (s->got_n + n < sizeof(s->got)) {
			memcpy(s->got + s->got_n, line, n);
			s->got_n += n;
		}
		all += n;
		if (s->script.cut_after && all >= s->script.cut_after)
			return false;
	}
	return false;
}

static bool command(struct server *s, int fd, const char *line)
{
	if (!strncmp(line, "EHLO", 4))
		return answer(fd, "250-script\r\n250 SIZE 1000000\r\n");
	if (!strncmp(line, "MAIL", 4))
		return answer(fd, s->script.mail);
	if (!strncmp(line, "RCPT", 4))
		return answer(fd, s->script.rcpt);
	if (!strncmp(line, "QUIT", 4))
		return answer(fd, "221 bye\r\n") && false;
	if (strncmp(line, "DATA", 4) != 0)
		return answer(fd, "250 ok\r\n");
	if (!answer(fd, s->script.data) || s->script.data[0] != '3')
		return s->script.data != NULL;
	return message(s, fd);
}

static void serve(void *arg)
{
	struct server *s = arg;
	char line[1200];
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		s->connections++;
		if (answer(fd, s->script.greeting))
			while (line_of(fd, line, sizeof(line)) > 0) {
				if (strlen(s->commands) + strlen(line) < sizeof(s->commands))
					strcat(s->commands, line);
				if (!command(s, fd, line))
					break;
			}
		close(fd);
	}
}

static void start(struct server *s, struct script script)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	*s = (struct server){.script = script, .fd = socket(AF_INET, SOCK_STREAM, 0)};
	if (bind(s->fd, (struct sockaddr *)&a, n) || listen(s->fd, 5) ||
	    getsockname(s->fd, (struct sockaddr *)&a, &n) ||
	    kr_thread_start(&s->thread, "server", serve, s, NULL))
		exit(1);
	s->port = ntohs(a.sin_port);
}

static void end(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	kr_thread_join(&s->thread);
	close(s->fd);
}

static struct kr_net *net_for(unsigned port, const char *more)
{
	char dir[] = "/tmp/karaula-smtp-XXXXXX", text[1000];
	const struct kr_conf *conf = NULL;
	struct kr_fault f = {0};
	struct kr_net *net;
	int fd;

	if (!mkdtemp(dir) || (fd = open(dir, O_RDONLY | O_DIRECTORY)) < 0)
		exit(1);
	snprintf(text, sizeof(text),
		 "mail {\n%s\tport = \"%u\"\n\ttls = \"none\"\n"
		 "\ttimeout = \"1s\"\n%s}\n",
		 strstr(more, "server") ? "" : "\tserver = \"127.0.0.1\"\n", port, more);
	if (kr_file_replace(fd, "karaula.conf", kr_str_c(text), 0600, &f) ||
	    kr_conf_load(fd, "karaula.conf", &conf, &f)) {
		printf("# %s\n", f.message);
		exit(1);
	}
	net = kr_net_new(conf, dir);
	kr_conf_unref(conf);
	unlinkat(fd, "karaula.conf", 0);
	close(fd);
	rmdir(dir);
	return net;
}

static const struct kr_smtp_mail mail = {
	.from = {"bounces+7.0@example.org", 23},
	.to = {"abuse@example.net", 17},
	.message = {"Subject: s\r\n\r\nHello\r\n.dot\r\n", 27},
};

static void expect(const char *what, struct script script, enum kr_smtp_outcome outcome, int want,
		   unsigned code, bool recipient, const char *words)
{
	struct kr_smtp_result r;
	struct kr_fault f = {0};
	struct server s;
	struct kr_net *net;
	int err;

	start(&s, script);
	net = net_for(s.port, "");
	{
		KR_AUTO(kr_smtp) *c = kr_smtp_new(net);

		err = kr_smtp_send(c, &mail, &r, &f);
	}
	OK(err == want && r.outcome == outcome, "%s: outcome %d, %d, %s", what, (int)r.outcome, err,
	   f.message);
	OK(r.code == code && r.recipient == recipient, "%s: code %u, about the recipient: %d", what,
	   r.code, r.recipient);
	OK(strstr(f.message, words), "%s: says '%s'", what, words);
	end(&s);
	kr_net_free(net);
}

#define FINE                                                                                       \
	.greeting = "220 script\r\n", .mail = "250 ok\r\n", .rcpt = "250 ok\r\n",                  \
	.data = "354 go\r\n", .end = "250 queued as 1\r\n"

static void outcomes(void)
{
	expect("all is well", (struct script){FINE}, KR_SMTP_SENT, 0, 250, false, "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
	expect("no such user", (struct script){FINE, .rcpt = "550 5.1.1 no such user\r\n"},
	       KR_SMTP_PERMANENT, -KR_EREFUSED, 550, true, "550 5.1.1 no such user");
	expect("greylisted",
	       (struct script){FINE, .rcpt = "450-4.2.0 greylisted\r\n450 4.2.0 come back\r\n"},
	       KR_SMTP_TEMPORARY, -KR_EUNAVAIL, 450, false, "greylisted");
	expect("we may not relay",
	       (struct script){FINE, .rcpt = "554 5.7.1 Relay access denied\r\n"},
	       KR_SMTP_TEMPORARY, -KR_EUNAVAIL, 554, false, "Relay access denied");
	expect("our sender is refused", (struct script){FINE, .mail = "550 go away\r\n"},
	       KR_SMTP_TEMPORARY, -KR_EUNAVAIL, 550, false, "go away");
	expect("we are refused", (struct script){FINE, .greeting = "554 no\r\n"}, KR_SMTP_TEMPORARY,
	       -KR_EUNAVAIL, 554, false, "");
	expect("it hangs up at once", (struct script){FINE, .greeting = NULL}, KR_SMTP_TEMPORARY,
	       -KR_EUNAVAIL, 0, false, "cannot be used");
	expect("DATA is refused", (struct script){FINE, .data = "554 no message\r\n"},
	       KR_SMTP_PERMANENT, -KR_EREFUSED, 554, false, "no message");
	expect("the message is refused", (struct script){FINE, .end = "554 5.6.0 too odd\r\n"},
	       KR_SMTP_PERMANENT, -KR_EREFUSED, 554, false, "too odd");
	expect("the message is put off", (struct script){FINE, .end = "452 4.3.1 disk full\r\n"},
	       KR_SMTP_TEMPORARY, -KR_EUNAVAIL, 452, false, "disk full");
	expect("it hangs up after the message", (struct script){FINE, .end = NULL}, KR_SMTP_DOUBT,
	       -KR_EUNAVAIL, 0, false, "whether it took");
	expect("it never answers after the message", (struct script){FINE, .silent = true},
	       KR_SMTP_DOUBT, -KR_EUNAVAIL, 0, false, "whether it took");
#pragma GCC diagnostic pop
}

static void wire(void)
{
	struct kr_smtp_result r;
	struct kr_fault f = {0};
	struct server s;
	struct kr_net *net;
	struct kr_smtp *c;
	char *big = malloc(1 << 24);

	start(&s, (struct script){FINE});
	net = net_for(s.port, "");
	c = kr_smtp_new(net);
	for (int i = 0; i < 3; i++)
		IS(kr_smtp_send(c, &mail, &r, &f), 0, "sent");
	kr_smtp_free(c);
	end(&s);
	IS(s.messages, 3, "three messages");
	IS(s.connections, 1, "over one connection");
	OK(strstr(s.commands, "MAIL FROM:<bounces+7.0@example.org>"), "envelope sender");
	OK(strstr(s.commands, "RCPT TO:<abuse@example.net>\r\n"), "envelope recipient");
	OK(strstr(s.commands, "QUIT"), "goodbye is said");
	OK(!strncmp(s.got, "Subject: s\r\n\r\nHello\r\n..dot\r\n", 28), "a dot is doubled");
	kr_net_free(net);

	/* Cut in the middle of a long message: the server cannot have it. */
	for (size_t i = 0; i < 1 << 24; i++)
		big[i] = i % 70 == 68 ? '\r' : i % 70 == 69 ? '\n' : 'a';
	start(&s, (struct script){FINE, .cut_after = 1000});
	net = net_for(s.port, "");
	c = kr_smtp_new(net);
	IS(kr_smtp_send(c,
			&(struct kr_smtp_mail){mail.from, mail.to, kr_str_n(big, (1 << 24) - 46)},
			&r, &f),
	   -KR_EUNAVAIL, "cut in the middle of DATA");
	IS(r.outcome, KR_SMTP_TEMPORARY, "is tried again");
	kr_smtp_free(c);
	end(&s);
	free(big);
	/* Nobody listens any more. */
	c = kr_smtp_new(net);
	IS(kr_smtp_send(c, &mail, &r, &f), -KR_EUNAVAIL, "the server is down");
	IS(r.outcome, KR_SMTP_TEMPORARY, "is tried again");
	kr_net_stop(net);
	kr_smtp_free(c);
	kr_net_free(net);
}

static void setting(const char *more, const char *words)
{
	struct kr_net *net = net_for(25, more);
	KR_AUTO(kr_smtp) *c = kr_smtp_new(net);
	struct kr_smtp_result r;
	struct kr_fault f = {0};

	OK(kr_smtp_send(c, &mail, &r, &f) < 0 && strstr(f.message, words), "%s: %s", more,
	   f.message);
	IS(r.outcome, KR_SMTP_TEMPORARY, "nothing is given up for a setting");
	kr_smtp_free(c);
	c = NULL;
	kr_net_free(net);
}

int main(void)
{
	outcomes();
	wire();
	setting("\tuser = \"karaula\"\n", "no password");
	setting("\tuser = \"karaula\"\n\tpassword = \"smtp\"\n", "");
	setting("\tserver = \"mail.example.org\"\n", "without encryption");
	setting("\tserver = \"a/b\"\n", "mail.server");
	return tap_end();
}
