/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and ids by which a message is known when it comes back: an envelope sender for each
 * delivery (variable envelope return path) with a check that only this node can make, so that
 * nobody can spoil the health of a recipient with invented bounces.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

#define KR_VERP_KEY 32

/*
 * "bounces+17.0f3a...@example.org" for delivery 17.
 *
 * key     of kr_store_link_key()
 * bounce  checked address of setting mail.bounce, "bounces@example.org"
 *
 * Returns it, in the arena; p NULL where the arena is full.
 */
struct kr_str kr_verp_sender(const uint8_t key[KR_VERP_KEY], uint64_t delivery,
			     struct kr_str bounce, struct kr_arena *a);
/*
 * Which delivery is this address of? Any case, as servers may change it; <> around it are passed
 * over.
 *
 * Returns 0; -KR_ENOENT (not an address of this kind); -KR_EDENIED (the check is wrong).
 */
KR_MUST_USE int kr_verp_read(const uint8_t key[KR_VERP_KEY], struct kr_str address,
			     uint64_t *ret_delivery);
/* Message id of a delivery, the same at every attempt: "kr.17.9c1e...@example.org". */
struct kr_str kr_verp_message_id(const uint8_t key[KR_VERP_KEY], uint64_t delivery,
				 struct kr_str domain, struct kr_arena *a);
/* The same question to a message id. */
KR_MUST_USE int kr_verp_read_id(const uint8_t key[KR_VERP_KEY], struct kr_str id,
				uint64_t *ret_delivery);
