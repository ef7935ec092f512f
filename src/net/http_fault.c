/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong between us and a server, said so that a person can mend it. */
#include "base/time.h"
#include "net/http_internal.h"

static const struct {
	CURLcode code;
	int err;
	const char *what, *remedy;
} known[] = {
	{CURLE_COULDNT_RESOLVE_HOST, -KR_EUNAVAIL, "its name is not found",
	 "look at the name, and at the resolver (getent hosts NAME)"},
	{CURLE_COULDNT_RESOLVE_PROXY, -KR_EUNAVAIL, "the name of the proxy is not found",
	 "look at the setting net.proxy"},
	{CURLE_COULDNT_CONNECT, -KR_EUNAVAIL, "it takes no connection",
	 "look whether it runs, and whether a firewall stands between"},
	{CURLE_OPERATION_TIMEDOUT, -KR_EUNAVAIL, "it does not answer", "it is tried again later"},
	{CURLE_GOT_NOTHING, -KR_EUNAVAIL, "it closed the connection without an answer",
	 "it is tried again later"},
	{CURLE_PARTIAL_FILE, -KR_EUNAVAIL, "the connection was cut in the middle of the answer",
	 "it is tried again later"},
	{CURLE_RECV_ERROR, -KR_EUNAVAIL, "the connection was cut", "it is tried again later"},
	{CURLE_SEND_ERROR, -KR_EUNAVAIL, "the connection was cut", "it is tried again later"},
	{CURLE_HTTP2, -KR_EUNAVAIL, "the connection was cut", "it is tried again later"},
	{CURLE_HTTP2_STREAM, -KR_EUNAVAIL, "the connection was cut", "it is tried again later"},
	{CURLE_PEER_FAILED_VERIFICATION, -KR_EDENIED, "its certificate is not valid",
	 "if it is signed by an authority of your own, name its file in net.ca_file"},
	{CURLE_SSL_ISSUER_ERROR, -KR_EDENIED, "its certificate is not valid",
	 "if it is signed by an authority of your own, name its file in net.ca_file"},
	{CURLE_SSL_CACERT_BADFILE, -KR_ECONF, "the file of certificate authorities cannot be read",
	 "install ca-certificates, or look at the setting net.ca_file"},
	{CURLE_SSL_CERTPROBLEM, -KR_ECONF, "our client certificate cannot be used",
	 "it must be PEM, with its key, and readable by the node"},
	{CURLE_SSL_CONNECT_ERROR, -KR_EUNAVAIL, "no TLS with it",
	 "it must speak TLS 1.2 or 1.3; http:// if it speaks no TLS at all"},
	{CURLE_FILESIZE_EXCEEDED, -KR_ELIMIT, "its answer is larger than net.response_max",
	 "raise the setting net.response_max if that is right"},
	{CURLE_BAD_CONTENT_ENCODING, -KR_ECORRUPT, "its answer is not compressed as it says",
	 "it is tried again later"},
	/* What answers was taken for HTTP 0.9. */
	{CURLE_UNSUPPORTED_PROTOCOL, -KR_EREFUSED, "what answers there does not speak HTTP",
	 "look at the address and its port"},
	{CURLE_WEIRD_SERVER_REPLY, -KR_EREFUSED, "what answers there does not speak HTTP",
	 "look at the address and its port"},
};

/* Words of libcurl and of servers, made fit for a message. */
static void plain(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			*s = ' ';
}

static void where(struct kr_fault *reterr, const struct kr_net__origin *o)
{
	kr_fault_where(reterr, "%s port %u", o->host, o->port);
}

int kr_net__curl_fault(CURLcode code, const struct kr_net__origin *o, const char *detail,
		       struct kr_fault *reterr)
{
	char text[160];

	snprintf(text, sizeof(text), "%s", detail[0] ? detail : curl_easy_strerror(code));
	plain(text);
	for (size_t i = 0; i < KR_ARRAY_LEN(known); i++) {
		if (known[i].code != code)
			continue;
		kr_fault_set(reterr, known[i].err, "%s (%s)", known[i].what, text);
		kr_fault_remedy(reterr, "%s", known[i].remedy);
		where(reterr, o);
		return known[i].err;
	}
	kr_fault_set(reterr, -KR_EUNAVAIL, "the request failed (%s)", text);
	where(reterr, o);
	return -KR_EUNAVAIL;
}

int kr_net__late_fault(const struct kr_net__origin *o, bool silent, int64_t us,
		       struct kr_fault *reterr)
{
	char span[KR_TIME_TEXT_MAX];

	kr_span_text(us, span);
	if (silent) {
		kr_fault_set(reterr, -KR_EUNAVAIL, "nothing came for %s", span);
		kr_fault_remedy(reterr, "it is tried again later; net.silence sets how long");
	} else {
		kr_fault_set(reterr, -KR_EUNAVAIL, "the answer was not complete after %s", span);
		kr_fault_remedy(reterr, "it is tried again later; net.timeout sets how long");
	}
	where(reterr, o);
	return -KR_EUNAVAIL;
}

/* ---- status ---- */

static int status_error(unsigned status)
{
	switch (status) {
	case 401:
	case 403:
	case 407: return -KR_EDENIED;
	case 404:
	case 410: return -KR_ENOENT;
	case 408:
	case 425:
	case 429: return -KR_EUNAVAIL;
	default: return status >= 500 ? -KR_EUNAVAIL : -KR_EREFUSED;
	}
}

static const char *status_remedy(unsigned status)
{
	switch (status) {
	case 401: return "look at the secret it is asked with";
	case 403: return "ask its operator whether you may have it";
	case 407: return "the proxy wants a password: put it into net.proxy";
	case 404:
	case 410: return "look at the address: there is nothing";
	case 429: return "it wants to be asked less often: raise the interval";
	default:
		return status >= 500   ? "the trouble is on its side; it is tried again later"
		       : status >= 400 ? "look at the address and the secret"
				       : "look at the address: it leads elsewhere";
	}
}

int kr_net_status(const struct kr_net_request *q, const struct kr_net_response *r,
		  struct kr_fault *reterr)
{
	struct kr_net__origin o = {.host = "?"};
	struct kr_str line = kr_str_first(r->snippet, 80);
	char text[81];
	int err;

	if (r->status / 100 == 2 || (r->status == 304 && (q->etag.n || q->last_modified.n)))
		return 0;
	(void)!kr_net__origin(r->url.n ? r->url : q->url, &o, NULL);
	err = status_error(r->status);
	line = kr_str_first(line, kr_utf8_valid(line));
	snprintf(text, sizeof(text), "%.*s", KR_STR_ARG(line));
	plain(text);
	if (text[0] && text[0] != '<')
		kr_fault_set(reterr, err, "it answered with status %u: %s", r->status, text);
	else
		kr_fault_set(reterr, err, "it answered with status %u", r->status);
	kr_fault_remedy(reterr, "%s", status_remedy(r->status));
	where(reterr, &o);
	return err;
}
