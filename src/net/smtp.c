/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * libcurl speaks SMTP; we listen to what it says and hears (its debug callback), so that we know at
 * which command something failed, and what the server said. Two moments decide what is known after
 * a failure. Before the last byte of the message was handed to libcurl the server cannot have the
 * message, since it ends with a dot of its own (RFC 5321 section 4.1.1.4): trying again is safe.
 * After that, only an answer tells; without one the outcome is doubt.
 *
 * A refusal is the recipient's only where the server speaks about the recipient: to RCPT, and not
 * for reasons of policy (enhanced status 5.7.x, RFC 3463), which are about us. Refusals before that
 * are about the way to the server and count as temporary: an administrator mends them.
 */
#include "net/smtp.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ip.h"
#include "base/time.h"
#include "net/secret.h"

#define CONNECT_S  30
#define IDLE_MAX_S 20L /* a connection that rested for longer is not used again */

enum phase { HELLO, SENDER, RECIPIENT, DATA, FLOWING };

struct kr_smtp {
	struct kr_net *net;
	CURL *easy;
	/* Of the message that is being sent. */
	const struct kr_smtp_mail *mail;
	size_t handed; /* bytes of it that libcurl took */
	enum phase phase;
	bool answered; /* the server answered after all was handed over */
	bool over;     /* only goodbye is said any more */
	struct kr_smtp_result *r;
	char words[CURL_ERROR_SIZE];
};

struct kr_smtp *kr_smtp_new(struct kr_net *net)
{
	struct kr_smtp *s = kr_xcalloc(1, sizeof(*s));

	s->net = net;
	return s;
}

void kr_smtp_rest(struct kr_smtp *s)
{
	if (s->easy)
		curl_easy_cleanup(s->easy);
	s->easy = NULL;
}

void kr_smtp_free(struct kr_smtp *s)
{
	if (!s)
		return;
	kr_smtp_rest(s);
	free(s);
}

/* ---- settings ---- */

static bool is_loopback(const char *host)
{
	struct kr_ip ip;

	if (!strcmp(host, "localhost"))
		return true;
	if (kr_ip_parse(kr_str_c(host), &ip))
		return false;
	return ip.family == 4 ? ip.b[0] == 127
			      : !memcmp(ip.b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
}

/* A name or an address, nothing that changes a URL. */
static bool is_host(const char *host)
{
	struct kr_ip ip;

	if (!kr_ip_parse(kr_str_c(host), &ip))
		return true;
	for (const char *p = host; *p; p++)
		if (!kr_is_alnum(*p) && !strchr("-._", *p))
			return false;
	return *host != '\0' && strlen(host) < 254;
}

int kr_smtp_check(const struct kr_conf *conf, struct kr_fault *reterr)
{
	int err;

	if (!is_host(conf->mail_server))
		return kr_fault_set(reterr, -KR_ECONF,
				    "mail.server must be the name or address of a mail server");
	if (!strcmp(conf->mail_tls, "none") && !is_loopback(conf->mail_server)) {
		err = kr_fault_set(reterr, -KR_ECONF,
				   "mail would go over the network without encryption");
		kr_fault_remedy(reterr, "set mail.tls to starttls or implicit; none is for a "
					"server on this machine");
		return err;
	}
	if (conf->mail_user[0] && !conf->mail_password[0]) {
		err = kr_fault_set(reterr, -KR_ECONF, "mail.user has no password");
		kr_fault_remedy(reterr, "put it into a file of mode 0600 below DIR/secrets/ and "
					"name that in mail.password");
		return err;
	}
	return 0;
}

/* ---- what libcurl asks and tells ---- */

static void forget(struct kr_smtp *s)
{
	s->r->code = 0;
	s->r->answer[0] = '\0';
}

static size_t on_read(char *to, size_t size, size_t n, void *ctx)
{
	struct kr_smtp *s = ctx;
	struct kr_str rest = kr_str_from(s->mail->message, s->handed);
	size_t take = KR_MIN(size * n, rest.n);

	s->phase = FLOWING;
	if (take)
		memcpy(to, rest.p, take);
	s->handed += take;
	if (s->handed == s->mail->message.n)
		forget(s); /* the next answer is about the message */
	return take;
}

static void heard(struct kr_smtp *s, struct kr_str line)
{
	struct kr_smtp_result *r = s->r;
	uint64_t code;
	size_t n = strlen(r->answer);

	line = kr_str_trim(line);
	if (s->over || line.n < 3 || kr_str_u64(kr_str_first(line, 3), &code) || code < 200 ||
	    code > 599)
		return;
	/* The lines of one answer are put behind each other. */
	if (r->code != code)
		n = 0;
	r->code = (unsigned)code;
	if (n && n + 1 < sizeof(r->answer))
		r->answer[n++] = ' ';
	for (size_t i = n ? 4 : 0; i < line.n && n + 1 < sizeof(r->answer); i++)
		r->answer[n++] = line.p[i] >= ' ' && line.p[i] < 127 ? line.p[i] : '?';
	r->answer[n] = '\0';
	if (s->handed == s->mail->message.n && s->phase == FLOWING)
		s->answered = true;
}

static void said(struct kr_smtp *s, struct kr_str line)
{
	static const struct {
		const char *command;
		enum phase phase;
	} commands[] = {{"MAIL FROM", SENDER}, {"RCPT TO", RECIPIENT}, {"DATA", DATA}};

	s->over = kr_str_istarts(line, KR_STR("QUIT"));
	if (s->over)
		return;
	forget(s); /* each command has answers of its own */
	for (size_t i = 0; i < KR_ARRAY_LEN(commands); i++)
		if (kr_str_istarts(line, kr_str_c(commands[i].command)))
			s->phase = commands[i].phase;
}

static int on_debug(CURL *easy, curl_infotype type, char *p, size_t n, void *ctx)
{
	struct kr_smtp *s = ctx;

	(void)easy;
	if (!s->mail) /* only saying goodbye */
		return 0;
	if (type == CURLINFO_HEADER_IN)
		heard(s, kr_str_n(p, n));
	else if (type == CURLINFO_HEADER_OUT)
		said(s, kr_str_n(p, n));
	return 0;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct kr_smtp *s = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return s->phase != FLOWING && kr_net_stopped(s->net);
}

static size_t on_write(char *p, size_t size, size_t n, void *ctx)
{
	(void)p, (void)ctx;
	return size * n;
}

/* ---- one message ---- */

static int log_in(struct kr_smtp *s, const struct kr_conf *conf, struct kr_fault *reterr)
{
	struct kr_buf password = KR_BUF(KR_SECRET_MAX);
	int dirfd, err;

	if (!conf->mail_user[0])
		return 0;
	dirfd = open(kr_net_dir(s->net), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return kr_fault_set(reterr, -KR_ECONF, "the data directory cannot be opened");
	err = kr_secret_read(dirfd, kr_str_c(conf->mail_password), &password, reterr);
	close(dirfd);
	if (!err) {
		curl_easy_setopt(s->easy, CURLOPT_USERNAME, conf->mail_user);
		curl_easy_setopt(s->easy, CURLOPT_PASSWORD, kr_buf_cstr(&password));
	}
	kr_secret_done(&password);
	return err;
}

static void encrypt(struct kr_smtp *s, const struct kr_conf *conf)
{
	const char *tls = conf->mail_tls;
	const char *ca = conf->mail_ca_file[0] ? conf->mail_ca_file : conf->net_ca_file;
	bool verify = strcmp(tls, "opportunistic") != 0;
	char path[4096];

	curl_easy_setopt(s->easy, CURLOPT_USE_SSL,
			 (long)(!strcmp(tls, "none") ? CURLUSESSL_NONE
				: verify	     ? CURLUSESSL_ALL
						     : CURLUSESSL_TRY));
	curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	curl_easy_setopt(s->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (!ca[0])
		return;
	snprintf(path, sizeof(path), "%s%s%s", ca[0] == '/' ? "" : kr_net_dir(s->net),
		 ca[0] == '/' ? "" : "/", ca);
	curl_easy_setopt(s->easy, CURLOPT_CAINFO, path);
}

static void times(struct kr_smtp *s, const struct kr_conf *conf)
{
	long answer_s = (long)(conf->mail_timeout / 1000000);

	curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT, KR_MIN(answer_s, (long)CONNECT_S));
	curl_easy_setopt(s->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, answer_s);
	curl_easy_setopt(s->easy, CURLOPT_TIMEOUT, answer_s * 3);
	curl_easy_setopt(s->easy, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
}

static void callbacks(struct kr_smtp *s)
{
	curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->easy, CURLOPT_VERBOSE, 1L); /* into on_debug() alone */
	curl_easy_setopt(s->easy, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(s->easy, CURLOPT_DEBUGDATA, s);
	curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(s->easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(s->easy, CURLOPT_READDATA, s);
	curl_easy_setopt(s->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(s->easy, CURLOPT_XFERINFODATA, s);
	curl_easy_setopt(s->easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->words);
}

static int prepare(struct kr_smtp *s, const struct kr_conf *conf, struct kr_fault *reterr)
{
	const char *host = conf->mail_server;
	bool v6 = strchr(host, ':') != NULL;
	char url[400];

	if (!s->easy)
		s->easy = curl_easy_init();
	else
		curl_easy_reset(s->easy); /* connections stay */
	if (!s->easy)
		return kr_fault_set(reterr, -KR_EUNAVAIL, "no memory for a connection");
	snprintf(url, sizeof(url), "%s://%s%s%s:%u",
		 strcmp(conf->mail_tls, "implicit") ? "smtp" : "smtps", v6 ? "[" : "", host,
		 v6 ? "]" : "", (unsigned)conf->mail_port);
	curl_easy_setopt(s->easy, CURLOPT_URL, url);
	curl_easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
	callbacks(s);
	times(s, conf);
	encrypt(s, conf);
	return log_in(s, conf, reterr);
}

static bool is_policy(const struct kr_smtp_result *r)
{
	return r->code == 530 || r->code == 535 || strstr(r->answer, " 5.7.") != NULL;
}

static enum kr_smtp_outcome outcome(const struct kr_smtp *s, CURLcode code)
{
	struct kr_smtp_result *r = s->r;
	bool refused = r->code / 100 == 5;

	if (code == CURLE_OK)
		return KR_SMTP_SENT;
	if (s->phase == FLOWING && s->handed == s->mail->message.n && !s->answered)
		return KR_SMTP_DOUBT;
	if (s->phase == RECIPIENT && refused && !is_policy(r)) {
		r->recipient = true;
		return KR_SMTP_PERMANENT;
	}
	if (refused && (s->phase == DATA || s->answered))
		return KR_SMTP_PERMANENT;
	return KR_SMTP_TEMPORARY;
}

static int tell(const struct kr_smtp *s, const struct kr_conf *conf, CURLcode code,
		struct kr_fault *reterr)
{
	const struct kr_smtp_result *r = s->r;
	const char *detail = s->words[0] ? s->words : curl_easy_strerror(code);
	int err = r->outcome == KR_SMTP_PERMANENT ? -KR_EREFUSED : -KR_EUNAVAIL;

	if (r->outcome == KR_SMTP_SENT)
		return 0;
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return kr_fault_set(reterr, -KR_ECANCEL, "the node stops");
	if (r->outcome == KR_SMTP_DOUBT)
		kr_fault_set(reterr, err,
			     "the connection broke before the mail server said whether it "
			     "took the message: %s",
			     detail);
	else if (r->code >= 400)
		kr_fault_set(reterr, err, "the mail server said: %s", r->answer);
	else
		kr_fault_set(reterr, err, "the mail server cannot be used: %s", detail);
	kr_fault_where(reterr, "%s port %u", conf->mail_server, (unsigned)conf->mail_port);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		kr_fault_remedy(reterr, "name the authority that signed its certificate in "
					"mail.ca_file");
	else if (code == CURLE_USE_SSL_FAILED)
		kr_fault_remedy(reterr, "it offers no STARTTLS: see the setting mail.tls");
	else if (code == CURLE_LOGIN_DENIED)
		kr_fault_remedy(reterr, "look at mail.user and the file of mail.password");
	return err;
}

static int deliver(struct kr_smtp *s, const struct kr_conf *conf, struct kr_fault *reterr)
{
	char from[330], to[330];
	struct curl_slist *list;
	CURLcode code;

	snprintf(from, sizeof(from), "<%.*s>", KR_STR_ARG(s->mail->from));
	snprintf(to, sizeof(to), "<%.*s>", KR_STR_ARG(s->mail->to));
	list = curl_slist_append(NULL, to);
	if (!list)
		return kr_fault_set(reterr, -KR_EUNAVAIL, "no memory for a message");
	curl_easy_setopt(s->easy, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(s->easy, CURLOPT_MAIL_RCPT, list);
	curl_easy_setopt(s->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(s->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)s->mail->message.n);
	code = curl_easy_perform(s->easy);
	s->r->outcome = outcome(s, code);
	curl_easy_setopt(s->easy, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(list);
	return tell(s, conf, code, reterr);
}

int kr_smtp_send(struct kr_smtp *s, const struct kr_smtp_mail *m, struct kr_smtp_result *ret,
		 struct kr_fault *reterr)
{
	const struct kr_conf *conf = kr_net_conf(s->net);
	int err = kr_smtp_check(conf, reterr);

	*ret = (struct kr_smtp_result){.outcome = KR_SMTP_TEMPORARY};
	s->mail = m;
	s->r = ret;
	s->handed = 0;
	s->phase = HELLO;
	s->answered = s->over = false;
	s->words[0] = '\0';
	if (!err)
		err = prepare(s, conf, reterr);
	if (!err)
		err = deliver(s, conf, reterr);
	/* What failed may have left anything behind: the next message gets a new connection. */
	s->mail = NULL;
	if (err)
		kr_smtp_rest(s);
	kr_conf_unref(conf);
	return err;
}
