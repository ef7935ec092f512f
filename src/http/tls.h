/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate and key of the server, which may be exchanged while it runs. */
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/err.h"
#include "base/str.h"

struct MHD_Connection;
struct kr_http__tls;

/* TLS 1.2 and 1.3, as GnuTLS spells it. */
#define KR_HTTP__TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/*
 * Read certificate (with its chain) and key in PEM.
 *
 * Returns 0; -KR_ECONF (not there, not PEM, key of another certificate, key readable by all), with
 * the remedy.
 */
KR_MUST_USE int kr_http__tls_new(const char *certificate, const char *key,
				 struct kr_http__tls **ret, struct kr_fault *reterr);
/* The same files again; what is wrong changes nothing. */
KR_MUST_USE int kr_http__tls_reload(struct kr_http__tls *t, struct kr_fault *reterr);
void kr_http__tls_free(struct kr_http__tls *t);
/* The library's hook: which certificate for this handshake? */
int kr_http__tls_choose(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn, int n_reqs,
			const gnutls_pk_algorithm_t *pk_algos, int n_pk_algos,
			gnutls_pcert_st **ret, unsigned *ret_n, gnutls_privkey_t *ret_key);
/* Write on a connection past the library, what fits at once. */
void kr_http__tls_write(struct MHD_Connection *c, struct kr_str bytes);
