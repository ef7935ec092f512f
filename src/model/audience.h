/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a label reaches (FIRST TLP 2.0). Audiences of events are given by what the event is; named
 * ones come with records.
 */
#pragma once

#include "model/label.h"

enum kr_audience {
	KR_AUDIENCE_NOBODY = 0,
	KR_AUDIENCE_STAFF,  /* our own team */
	KR_AUDIENCE_OWNERS, /* the constituents that own the address: the organisation's clients */
	KR_AUDIENCE_COMMUNITY, /* partners */
	KR_AUDIENCE_PUBLIC,
};

/*
 * The tightest label that may reach an audience: AMBER+STRICT staff, AMBER owners, GREEN the
 * community, CLEAR the public. RED reaches no audience, only named persons. NONE: nothing may.
 */
enum kr_tlp kr_audience_tlp(enum kr_audience a);
/* The label that a row counts as: one without a label is AMBER. */
static inline enum kr_tlp kr_tlp_effective(enum kr_tlp tlp)
{
	return tlp == KR_TLP_NONE ? KR_TLP_AMBER : tlp;
}
