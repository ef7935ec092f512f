/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the room: "_karaula", the member in which a foreign JSON format carries what it has no
 * place for, so that an event comes back as it was. See doc/formats.md.
 */
#pragma once

#include "codec/codec.h"
#include "codec/members.h"
#include "model/event.h"

#define KR_REST_KEY "_karaula"

/* What a writer did with each field. */
struct kr_rest {
	/* Written, and reads back as the same value: not repeated. */
	bool said[KR_FIELD_MAX];
	/* Something was written that reads back otherwise: the true value, or null for "none", is
	 * in _karaula. */
	bool filled[KR_FIELD_MAX];
	bool times_said; /* count, first and last too */
};

/* One event while it is written. */
struct kr_writing {
	struct kr_buf *b;
	const struct kr_event *e;
	const struct kr_codec_write_opts *w; /* may be NULL */
	bool comma;			     /* one is due before the next member */
	struct kr_rest rest;
};

/* `"name":value` of a field if the event has it; true then. It is noted as said. */
bool kr_codec__say(struct kr_writing *w, const char *name, enum kr_field f);
void kr_codec__say_text(struct kr_writing *w, const char *name, struct kr_str text);
void kr_codec__say_time(struct kr_writing *w, const char *name, kr_time t);
void kr_codec__say_key(struct kr_writing *w, const char *name);
/* A percent as a fraction from 0 to 1, if it reads back as the same; true then. */
bool kr_codec__say_fraction(struct kr_writing *w, const char *name, enum kr_field f);
/* What was kept under ns ("n6.") of members that are not among these, as the members they were. */
void kr_codec__say_extras(struct kr_writing *w, struct kr_str ns, const struct kr_member *members,
			  size_t n);
/* A text that was kept in extra, p NULL if it is not there, is no text, or is longer than max. */
struct kr_str kr_codec__extra_text(const struct kr_event *e, const char *name, size_t max);
/* Append `"_karaula":{...}`, unless plain is wanted. */
void kr_codec__rest_write(struct kr_writing *w);
/*
 * Take over what _karaula says, over what was read from the other members. It says all of extra, so
 * what was kept from the others is dropped.
 *
 * raw  the value of the member as written
 *
 * Returns 0; -KR_EINVAL and other errors of the reader, with r->why filled.
 */
KR_MUST_USE int kr_codec__rest_read(struct kr_reading *r, struct kr_str raw);

/*
 * An identifier that follows from the content of an event, its class, and who says it: the same for
 * the same, whenever it is written.
 */
void kr_codec__event_id(struct kr_buf *scratch, const struct kr_event *e,
			const struct kr_codec_write_opts *w, uint8_t ret[16]);
/* The same in the form of a random UUID (RFC 9562 version 4), which some formats demand; appended
 * with quotes. */
void kr_codec__event_uuid(struct kr_buf *b, const struct kr_event *e,
			  const struct kr_codec_write_opts *w);
/*
 * The time that a format must have: the event's own, else when it was seen first, observed, or is
 * written; else 1970.
 */
kr_time kr_codec__event_time(const struct kr_event *e, const struct kr_codec_write_opts *w);

/* 0.92 becomes 92, without the noise of binary fractions; -1: not from 0 to 1. */
double kr_codec__percent(struct kr_str fraction);
