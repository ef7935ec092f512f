/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/dsn.h"

#include "tap.h"

static struct kr_arena *a;

static struct kr_dsn read_mail(const char *mail)
{
	KR_AUTO_BUF json = KR_BUF(1 << 20), again = KR_BUF(1 << 20);
	struct kr_dsn d = {0}, back = {0};
	struct kr_fault f = {0};

	IS(kr_dsn_read(kr_str_c(mail), a, &d, &f), 0, "read");
	kr_dsn_write_json(&d, &json);
	IS(kr_dsn_read_json(kr_buf_str(&json), a, &back, &f), 0, "through JSON");
	kr_dsn_write_json(&back, &again);
	IS_STR(kr_buf_str(&again), kr_buf_str(&json), "and back is the same");
	return d;
}

/* As Postfix writes it. */
static const char bounce[] =
	"Return-Path: <>\r\nDelivered-To: bounces@example.org\r\n"
	"X-Original-To: bounces+17.00112233445566778899@example.org\r\n"
	"Date: Sun, 22 Nov 2026 00:00:00 +0000 (UTC)\r\n"
	"From: MAILER-DAEMON@mail.example.net (Mail Delivery System)\r\n"
	"Subject: Undelivered Mail Returned to Sender\r\n"
	"To: bounces+17.00112233445566778899@example.org\r\nAuto-Submitted: auto-replied\r\n"
	"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n"
	"\tboundary=\"A78.1/mail.example.net\"\r\n\r\nThis is a MIME-encapsulated message.\r\n\r\n"
	"--A78.1/mail.example.net\r\nContent-Description: Notification\r\n"
	"Content-Type: text/plain; charset=us-ascii\r\n\r\nI'm sorry.\r\n\r\n"
	"--A78.1/mail.example.net\r\nContent-Description: Delivery report\r\n"
	"Content-Type: message/delivery-status\r\n\r\n"
	"Reporting-MTA: dns; mail.example.net\r\nX-Postfix-Queue-ID: A78\r\n"
	"X-Postfix-Sender: rfc822; bounces+17.00112233445566778899@example.org\r\n\r\n"
	"Final-Recipient: rfc822; abuse@example.net\r\n"
	"Original-Recipient: rfc822;abuse@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
	"Remote-MTA: dns; mx.example.net\r\n"
	"Diagnostic-Code: smtp; 550 5.1.1 <abuse@example.net>: no such\r\n    user\r\n\r\n"
	"--A78.1/mail.example.net\r\nContent-Description: Undelivered Message\r\n"
	"Content-Type: message/rfc822\r\n\r\n"
	"Message-ID: <kr.17.aa@example.org>\r\nSubject: x\r\nTo: abuse@example.net\r\n\r\nHello\r\n"
	"\r\n--A78.1/mail.example.net--\r\n";

static void reports(void)
{
	struct kr_dsn d = read_mail(bounce);

	IS(d.kind, KR_DSN_REPORT, "a report");
	IS(d.n_to, 3, "sent to three addresses");
	IS_STR(d.to[0], KR_STR("bounces+17.00112233445566778899@example.org"),
	       "the original first");
	IS_STR(d.message_id, KR_STR("kr.17.aa@example.org"), "about this message");
	IS(d.n_recipients, 1, "one recipient");
	IS(d.recipients[0].action, KR_DSN_FAILED, "failed");
	OK(d.recipients[0].status[0] == 5 && d.recipients[0].status[1] == 1 &&
		   d.recipients[0].status[2] == 1,
	   "5.1.1");
	IS_STR(d.recipients[0].address, KR_STR("abuse@example.net"), "address");
	IS_STR(d.recipients[0].diagnostic,
	       KR_STR("smtp; 550 5.1.1 <abuse@example.net>: no such    user"), "diagnostic");

	d = read_mail(
		"Content-Type: multipart/report; boundary=x; report-type=delivery-status\n\n"
		"--x\n\nLate.\n--x\nContent-Type: message/delivery-status\n"
		"Content-Transfer-Encoding: base64\n\n"
		"UmVwb3J0aW5nLU1UQTogZG5zOyBhCgpBY3Rpb246IGRlbGF5ZWQKU3RhdHVzOiA0LjQuMQoKQWN0"
		"aW9uOiBGQUlMRUQgKG5vKQpTdGF0dXM6IHgK\n"
		"--x\nContent-Type: text/rfc822-headers\n\nMessage-Id:\n <kr.1.b@c>\n--x--\n");
	IS(d.kind, KR_DSN_REPORT, "with LF, base64 and headers only");
	IS(d.n_recipients, 2, "two recipients");
	IS(d.recipients[0].action, KR_DSN_DELAYED, "one is late");
	IS(d.recipients[1].action, KR_DSN_FAILED, "one failed");
	IS(d.recipients[1].status[0], 0, "without a status that can be read");
	IS_STR(d.message_id, KR_STR("kr.1.b@c"), "about this message");
}

static void others(void)
{
	struct kr_dsn d = read_mail("To: <a@example.org>, B <b@example.org>\nSubject: "
				    "=?utf-8?B?0JbQlg==?= \001x\nAuto-Submitted: auto-replied\n"
				    "In-Reply-To: <kr.2.c@d>\n\nI am on holiday.\n");

	IS(d.kind, KR_DSN_REPLY, "an answer of a program");
	IS_STR(d.message_id, KR_STR("kr.2.c@d"), "to this message");
	IS_STR(d.subject, KR_STR("\xd0\x96\xd0\x96  x"), "a subject for people");
	OK(d.n_to == 2 && kr_str_eqc(d.to[1], "b@example.org"), "to two");
	d = read_mail("Subject: hello\n\nHi\n");
	IS(d.kind, KR_DSN_OTHER, "a mail like any other");
	d = read_mail("Content-Type: multipart/report; report-type=feedback-report; "
		      "boundary=x\n\n--x\n\n");
	IS(d.kind, KR_DSN_COMPLAINT, "a complaint");
	d = read_mail("Content-Type: multipart/report; boundary=x\n\n--x\n\nno status\n--x--\n");
	IS(d.kind, KR_DSN_OTHER, "a report without a report");
	d = read_mail("");
	IS(d.kind, KR_DSN_OTHER, "nothing");
	d = read_mail("Subject: \xff\xfe\xc2\x9b\xe2\x82\n\n");
	IS_STR(d.subject, KR_STR("?????"), "bytes that are no text");
}

static void json(void)
{
	static const char *const bad[] = {"",
					  "[]",
					  "{\"kind\":9}",
					  "{\"kind\":-1}",
					  "{\"to\":[1]}",
					  "{\"recipients\":[{\"status\":1000000000}]}",
					  "{\"recipients\":[3]}",
					  "{\"x\":1}",
					  "{} {}",
					  "{\"recipients\":[{\"address\":1}]}"};
	struct kr_dsn d;

	for (size_t i = 0; i < KR_ARRAY_LEN(bad); i++)
		IS(kr_dsn_read_json(kr_str_c(bad[i]), a, &d, NULL), -KR_ESYNTAX, bad[i]);
}

int main(void)
{
	a = kr_arena_new(0);
	reports();
	others();
	json();
	kr_arena_free(a);
	return tap_end();
}
