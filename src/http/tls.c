/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: the library asks for the certificate at every handshake, so a reload only puts a
 * new pair in front. A handshake may be using the old one, so pairs are kept until the server ends:
 * a few kilobytes for each reload that brought a new file.
 */
#include "http/tls.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "http/private.h"

#define CHAIN_MAX 8
#define PEM_MAX	  ((size_t)1 << 20)

struct pair {
	struct pair *older;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
	struct kr_buf pem; /* of both files: is it the same as before? */
};

struct kr_http__tls {
	char *certificate, *key;
	pthread_mutex_t lock; /* guards newest */
	struct pair *newest;
};

static void pair_free(struct pair *p)
{
	for (unsigned i = 0; i < p->n; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key)
		gnutls_privkey_deinit(p->key);
	if (p->pem.p)
		explicit_bzero(p->pem.p, p->pem.n);
	kr_buf_done(&p->pem);
	free(p);
}

static int wrong(const char *path, const char *what, int code, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_ECONF, "%s: %s", what, gnutls_strerror(code));
	kr_fault_where(reterr, "%s", path);
	kr_fault_remedy(reterr, "http.certificate and http.key name PEM files: the certificate "
				"with its chain, and its key");
	return -KR_ECONF;
}

static int check_mode(const char *path, struct kr_fault *reterr)
{
	struct stat st;

	if (stat(path, &st) || !(st.st_mode & 07))
		return 0;
	kr_fault_set(reterr, -KR_ECONF, "everybody on this machine can read the key");
	kr_fault_where(reterr, "%s", path);
	kr_fault_remedy(reterr, "chmod 600 %s", path);
	return -KR_ECONF;
}

/* Does the key belong to the certificate? */
static int check_pair(const struct kr_http__tls *t, struct pair *p, struct kr_fault *reterr)
{
	gnutls_pubkey_t pub = NULL;
	unsigned char a[64], b[64];
	size_t na = sizeof(a), nb = sizeof(b);
	int got = gnutls_pubkey_init(&pub);

	if (got >= 0)
		got = gnutls_pubkey_import_privkey(pub, p->key, 0, 0);
	if (got >= 0)
		got = gnutls_pubkey_get_key_id(pub, 0, a, &na);
	if (got >= 0)
		got = gnutls_pubkey_get_key_id(p->chain[0].pubkey, 0, b, &nb);
	if (pub)
		gnutls_pubkey_deinit(pub);
	if (got < 0)
		return wrong(t->key, "this key cannot be used", got, reterr);
	if (na != nb || memcmp(a, b, na) != 0)
		return wrong(t->key, "the key is that of another certificate",
			     GNUTLS_E_CERTIFICATE_KEY_MISMATCH, reterr);
	return 0;
}

static int pair_read(const struct kr_http__tls *t, struct pair **ret, struct kr_fault *reterr)
{
	struct pair *p = kr_xcalloc(1, sizeof(*p));
	gnutls_datum_t d;
	size_t mark;
	int err, got;

	p->pem = KR_BUF(2 * PEM_MAX);
	err = kr_file_read(AT_FDCWD, t->certificate, PEM_MAX, &p->pem, reterr);
	mark = p->pem.n;
	if (!err)
		err = check_mode(t->key, reterr);
	if (!err)
		err = kr_file_read(AT_FDCWD, t->key, PEM_MAX, &p->pem, reterr);
	if (err)
		goto out;
	d = (gnutls_datum_t){(unsigned char *)p->pem.p, (unsigned)mark};
	p->n = CHAIN_MAX;
	got = gnutls_pcert_list_import_x509_raw(p->chain, &p->n, &d, GNUTLS_X509_FMT_PEM,
						GNUTLS_X509_CRT_LIST_SORT);
	if (got < 0) {
		p->n = 0;
		err = wrong(t->certificate, "this is not a certificate", got, reterr);
		goto out;
	}
	d = (gnutls_datum_t){(unsigned char *)p->pem.p + mark, (unsigned)(p->pem.n - mark)};
	got = gnutls_privkey_init(&p->key);
	if (got >= 0)
		got = gnutls_privkey_import_x509_raw(p->key, &d, GNUTLS_X509_FMT_PEM, NULL, 0);
	err = got < 0 ? wrong(t->key, "this is not a key", got, reterr) : check_pair(t, p, reterr);
	if (!err) {
		*ret = p;
		return 0;
	}
out:
	pair_free(p);
	return err;
}

int kr_http__tls_new(const char *certificate, const char *key, struct kr_http__tls **ret,
		     struct kr_fault *reterr)
{
	struct kr_http__tls *t = kr_xcalloc(1, sizeof(*t));
	int err;

	pthread_mutex_init(&t->lock, NULL);
	t->certificate = kr_xstrdup(certificate);
	t->key = kr_xstrdup(key);
	err = pair_read(t, &t->newest, reterr);
	if (err)
		kr_http__tls_free(t);
	else
		*ret = t;
	return err;
}

int kr_http__tls_reload(struct kr_http__tls *t, struct kr_fault *reterr)
{
	struct pair *p = NULL;
	int err = pair_read(t, &p, reterr);

	if (err)
		return err;
	pthread_mutex_lock(&t->lock);
	if (kr_str_eq(kr_buf_str(&p->pem), kr_buf_str(&t->newest->pem))) {
		pthread_mutex_unlock(&t->lock);
		pair_free(p);
		return 0;
	}
	p->older = t->newest;
	t->newest = p;
	pthread_mutex_unlock(&t->lock);
	return 0;
}

void kr_http__tls_free(struct kr_http__tls *t)
{
	if (!t)
		return;
	for (struct pair *p = t->newest, *older; p; p = older) {
		older = p->older;
		pair_free(p);
	}
	pthread_mutex_destroy(&t->lock);
	free(t->certificate);
	free(t->key);
	free(t);
}

int kr_http__tls_choose(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn, int n_reqs,
			const gnutls_pk_algorithm_t *pk_algos, int n_pk_algos,
			gnutls_pcert_st **ret, unsigned *ret_n, gnutls_privkey_t *ret_key)
{
	struct kr_http__conn *conn = kr_http__conn_of(gnutls_session_get_ptr(session));
	struct kr_http__tls *t = conn ? conn->h->tls : NULL;

	(void)req_ca_rdn;
	(void)n_reqs;
	(void)pk_algos;
	(void)n_pk_algos;
	if (!t)
		return -1;
	pthread_mutex_lock(&t->lock);
	*ret = t->newest->chain;
	*ret_n = t->newest->n;
	*ret_key = t->newest->key;
	pthread_mutex_unlock(&t->lock);
	return 0;
}

void kr_http__tls_write(struct MHD_Connection *c, struct kr_str bytes)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (i && i->tls_session)
		(void)gnutls_record_send(i->tls_session, bytes.p, bytes.n);
}
