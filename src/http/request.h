/* SPDX-License-Identifier: Apache-2.0 */
/* The library's hooks: a request from its first line to its end. cls is the struct kr_http. */
#pragma once

#include "http/private.h"

void *kr_http__on_target(void *cls, const char *uri, struct MHD_Connection *c);
enum MHD_Result kr_http__on_request(void *cls, struct MHD_Connection *c, const char *url,
				    const char *method, const char *version, const char *data,
				    size_t *data_n, void **con_cls);
void kr_http__on_done(void *cls, struct MHD_Connection *c, void **con_cls,
		      enum MHD_RequestTerminationCode how);
