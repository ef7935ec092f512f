/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhook: one POST of JSON, signed. The receiver checks Karaula-Signature with the shared secret,
 * refuses old times, and knows a repeated attempt by Idempotency-Key; so an attempt without an
 * answer is repeated without doubt. Redirects are not followed: a POST of data goes where it was
 * addressed to or nowhere.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "net/http.h"
#include "net/secret.h"
#include "pipe/sink.h"

#define BODY_MAX     ((size_t)256 << 20)
#define RESPONSE_MAX ((uint64_t)64 << 10)

static bool on(const struct kr_conf *conf)
{
	return conf->delivery_webhook;
}

static void write_body(const struct kr_sink_job *job, struct kr_buf *b)
{
	const struct kr_letter *l = job->letter;
	struct kr_json_out o = KR_JSON_OUT(b);
	char time[KR_TIME_TEXT_MAX];

	kr_json_object(&o);
	kr_json_key(&o, KR_STR("delivery"));
	kr_json_uint(&o, job->delivery->id);
	kr_json_kstr(&o, "node", kr_str_c(job->conf->node_name));
	kr_json_kstr(&o, "created", kr_str_c(kr_time_text(job->delivery->created, time)));
	kr_json_kstr(&o, "constituent", job->recipient->constituent_name);
	kr_json_kstr(&o, "tlp", kr_str_c(kr_tlp_text(l->digest.tlp)));
	kr_json_key(&o, KR_STR("rows"));
	kr_json_uint(&o, l->digest.rows);
	kr_json_key(&o, KR_STR("seen"));
	kr_json_uint(&o, l->digest.events);
	kr_json_key(&o, KR_STR("events"));
	kr_json_raw(&o, l->json.n ? kr_buf_str(&l->json) : KR_STR("[]"));
	kr_json_object_end(&o);
}

/* "t=1795305600,v1=..." of HMAC-SHA-256 over "1795305600.BODY". */
static int sign(const struct kr_sink_job *job, struct kr_str body, struct kr_str *ret,
		struct kr_fault *reterr)
{
	struct kr_buf secret = KR_BUF(KR_SECRET_MAX);
	KR_AUTO_BUF text = KR_BUF(BODY_MAX + 64);
	uint8_t mac[KR_HMAC_SIZE];
	char hex[KR_HMAC_SIZE * 2 + 1];
	long long seconds = (long long)(job->now / KR_SECOND);
	int err;

	if (!job->recipient->secret.n) {
		err = kr_fault_set(reterr, -KR_ECONF, "the webhook has no secret to sign with");
		kr_fault_remedy(reterr, "put one into a file of mode 0600 below DIR/secrets/ and "
					"name it in the recipient");
		return err;
	}
	err = kr_secret_read(job->shared->dirfd, job->recipient->secret, &secret, reterr);
	if (!err) {
		kr_buf_printf(&text, "%lld.", seconds);
		kr_buf_str_add(&text, body);
		kr_hmac_sha256(kr_buf_str(&secret), kr_buf_str(&text), mac);
		for (size_t i = 0; i < sizeof(mac); i++)
			snprintf(hex + i * 2, 3, "%02x", mac[i]);
		*ret = kr_arena_printf(job->a, "t=%lld,v1=%s", seconds, hex);
	}
	kr_secret_done(&secret);
	return err;
}

/* Does HOST or HOST:PORT of a URL mean this machine? "127.example.org" and "localhost@x" do not. */
static bool is_here(struct kr_str authority)
{
	struct kr_str host = authority;

	for (size_t i = host.n; i > 0 && host.p[i - 1] != ']'; i--)
		if (host.p[i - 1] == ':')
			host.n = i - 1;
	if (kr_str_ieq(host, KR_STR("localhost")) || kr_str_eqc(host, "[::1]"))
		return true;
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
			return false;
	return kr_str_starts(host, KR_STR("127."));
}

/* Data of others goes over the network in a sealed tunnel or not at all. */
static bool is_private(struct kr_str url)
{
	const struct kr_str http = KR_STR("http://");
	struct kr_str authority;
	size_t n = 0;

	if (kr_str_istarts(url, KR_STR("https://")))
		return true;
	if (!kr_str_istarts(url, http))
		return false;
	authority = kr_str_n(url.p + http.n, url.n - http.n);
	while (n < authority.n && !strchr("/?#\\", authority.p[n]))
		n++;
	authority.n = n;
	for (size_t i = 0; i < n; i++)
		if (authority.p[i] == '@')
			return false;
	return is_here(authority);
}

static int judge(const struct kr_sink_job *job, const struct kr_net_request *q,
		 const struct kr_net_response *r, struct kr_sink_result *ret,
		 struct kr_fault *reterr)
{
	if (r->status / 100 == 2) {
		ret->state = KR_DELIVERY_SENT;
		ret->health = KR_HEALTH_SENT;
		return 0;
	}
	if (r->status == 410) {
		ret->state = KR_DELIVERY_FAILED;
		ret->unwanted = true;
		kr_fault_set(reterr, -KR_ENOENT, "the webhook is gone (410) and is switched off");
		return -KR_ENOENT;
	}
	if ((r->status == 429 || r->status == 503) && r->retry_after_s >= 0)
		ret->after = job->now + r->retry_after_s * KR_SECOND;
	/* Refusals are repeated too: most are a secret or an address that somebody mends. */
	if (r->status / 100 == 3)
		return kr_fault_set(reterr, -KR_EREFUSED,
				    "the webhook answered with a redirect (%u), which is not "
				    "followed",
				    r->status);
	return kr_net_status(q, r, reterr);
}

static int ask(const struct kr_sink_job *job, struct kr_str body, struct kr_str signature,
	       struct kr_sink_result *ret, struct kr_fault *reterr)
{
	const struct kr_net_field fields[] = {
		{.name = KR_STR("Content-Type"), .value = KR_STR("application/json")},
		{.name = KR_STR("Idempotency-Key"),
		 .value = kr_arena_printf(job->a, "%.*s-%llu",
					  KR_STR_ARG(kr_str_c(job->conf->node_name)),
					  (unsigned long long)job->delivery->id)},
		{.name = KR_STR("Karaula-Signature"), .value = signature, .secret = true},
	};
	const struct kr_net_request q = {
		.method = KR_STR("POST"),
		.url = job->recipient->address,
		.fields = fields,
		.n_fields = KR_ARRAY_LEN(fields),
		.body = body,
		.size_max = RESPONSE_MAX,
		.timeout_us = job->conf->delivery_webhook_timeout,
		.silence_us = job->conf->delivery_webhook_timeout,
	};
	struct kr_net_response r;
	int err = kr_net_http(job->shared->net, &q, job->a, &r, reterr);

	return err ? err : judge(job, &q, &r, ret, reterr);
}

static int send_webhook(void *state, const struct kr_sink_job *job, struct kr_sink_result *ret,
			struct kr_fault *reterr)
{
	KR_AUTO_BUF body = KR_BUF(BODY_MAX);
	struct kr_str signature = KR_STR_NULL;
	int err;

	(void)state;
	if (!is_private(job->recipient->address)) {
		ret->state = KR_DELIVERY_FAILED;
		err = kr_fault_set(reterr, -KR_EREFUSED, "the webhook's address is not https://");
		kr_fault_remedy(reterr, "http:// is only for this machine");
		return err;
	}
	write_body(job, &body);
	if (body.err) {
		ret->state = KR_DELIVERY_FAILED;
		return kr_fault_set(reterr, -KR_ELIMIT, "the body is over %zu MiB", BODY_MAX >> 20);
	}
	ret->size = body.n;
	kr_hash_of(body.p, body.n, &ret->hash);
	err = sign(job, kr_buf_str(&body), &signature, reterr);
	return err ? err : ask(job, kr_buf_str(&body), signature, ret, reterr);
}

const struct kr_sink kr_sink_webhook = {
	.name = "webhook",
	.json = true,
	.on = on,
	.send = send_webhook,
};
