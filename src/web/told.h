/* SPDX-License-Identifier: Apache-2.0 */
/* What pages about owners who are told share: deliveries, recipients, messages. */
#pragma once

#include "conf/conf.h"
#include "desk/delivery.h"
#include "store/outbox.h"
#include "web/page.h"

/* The state as a tag. */
void kr_web__delivery_state(struct kr_page *p, enum kr_delivery_state st);
/* In words of the reader's language. */
const char *kr_web__delivery_word(struct kr_page *p, enum kr_delivery_state st);
/* Why rows are not told: "the label may not leave by this way". */
const char *kr_web__why_word(struct kr_page *p, enum kr_outbox_why why);
/* "mail", "webhook" ... in words. */
const char *kr_web__sink_word(struct kr_page *p, struct kr_str sink);
/* delivery { mail = "yes" }: what switches a sink on in the configuration; "" where it needs
 * nothing. */
const char *kr_web__sink_setting(struct kr_str sink);
/* "fixed", "false alarm" ... */
const char *kr_web__verdict_word(struct kr_page *p, enum kr_verdict v);

/*
 * Deliveries as a table.
 *
 * whose  with a column for the constituent
 */
void kr_web__delivery_table_of(struct kr_page *p, const char *caption,
			       const struct kr_delivery *list, size_t n, bool whose);
/* Whom a recipient is: sink and address, with a link for who may read the register. */
void kr_web__recipient_name(struct kr_page *p, uint32_t id, struct kr_str sink,
			    struct kr_str address);
/* What keeps it from being told now, as tags: disabled, muted, its health, its sink. "ok" if
 * nothing does. */
void kr_web__recipient_state(struct kr_page *p, const struct kr_conf *conf,
			     const struct kr_recipient *r);
/* Recipients as a table; with links to their pages. */
void kr_web__recipient_table(struct kr_page *p, const struct kr_conf *conf, const char *caption,
			     const struct kr_recipient *list, size_t n);

/*
 * A message as it was or would be sent: subject, text, beginning of the table. The secret in a link
 * for answers is left out: whoever has it answers as the owner.
 *
 * m      its rows are reordered
 * table  address of the whole table; empty: none
 */
KR_MUST_USE int kr_web__message(struct kr_page *p, const struct kr_conf *conf,
				struct kr_desk_mailing *m, struct kr_str table);

/* What waits, by recipient; what is not told, by reason; which sinks are off. */
KR_MUST_USE int kr_web__waiting(struct kr_page *p, const struct kr_conf *conf);
/* On the page of a constituent: its recipients, messages and answers. */
KR_MUST_USE int kr_web__constituent_told(struct kr_page *p, const struct kr_constituent *c);
/*
 * Answers as a table.
 *
 * events  with a column for the event
 */
void kr_web__answer_table(struct kr_page *p, const char *caption, const struct kr_feedback *list,
			  size_t n, bool events);
