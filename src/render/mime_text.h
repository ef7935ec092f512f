/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the room: text as header fields and bodies carry it. */
#pragma once

#include "base/buf.h"
#include "base/str.h"

/* Text as it may stand in a header field: see kr_mime_words(). Appended. */
void kr_render__header_text(struct kr_buf *b, struct kr_str text);
/* All of a text (cleaned, without blanks around it) as encoded words. Appended. */
void kr_render__encoded(struct kr_buf *b, struct kr_str text, size_t column);
/* A parameter of a field: "; name=token", quoted, or in the form of RFC 2231, in lines of their
 * own. */
void kr_render__parameter(struct kr_buf *b, const char *name, struct kr_str value);

enum kr_transfer { KR_TRANSFER_7BIT, KR_TRANSFER_QP, KR_TRANSFER_BASE64 };
/* The plainest way that carries this text. */
enum kr_transfer kr_render__transfer(struct kr_str text);
/* Append text with its line ends as CR LF. */
void kr_render__lines(struct kr_buf *b, struct kr_str text);
/* Append text as quoted-printable (RFC 2045 section 6.7), line ends as CR LF. */
void kr_render__quoted(struct kr_buf *b, struct kr_str text);
