/* SPDX-License-Identifier: Apache-2.0 */
/* A node that is asked for its pages: each must be well-formed, without scripts, and hold what it
 * should. */
#pragma once

#include "node.h"

#include "desk/recipient.h"

static struct node node;

__attribute__((unused)) static void ask(const char *target, struct answer *a)
{
	raw_get(node.port, "GET", target, "", a);
}

__attribute__((unused)) static bool has(const struct answer *a, const char *text)
{
	return kr_str_find(a->body, kr_str_c(text)) >= 0;
}

/* Tags must be balanced, and none may be there that we do not write. */
static bool well_formed(const struct answer *a)
{
	static const char *const voids[] = {"meta", "link", "img", "input", "!DOCTYPE"};
	static const char *const never[] = {"script", "iframe", "b", "i", "style", "object"};
	struct kr_str stack[64], s = a->body;
	unsigned depth = 0;

	for (ptrdiff_t at; (at = kr_str_chr(s, '<')) >= 0;) {
		ptrdiff_t end = kr_str_chr(s, '>');
		bool close = s.p[at + 1] == '/', is_void = false;
		struct kr_str tag;
		size_t n = 0;

		if (end < at)
			return false;
		tag = kr_str_from(kr_str_first(s, (size_t)end), (size_t)at + 1 + close);
		while (n < tag.n && !kr_is_blank(tag.p[n]))
			n++;
		tag = kr_str_first(tag, n);
		s = kr_str_from(s, (size_t)end + 1);
		for (size_t i = 0; i < KR_ARRAY_LEN(never); i++)
			if (kr_str_eqc(tag, never[i]))
				return false;
		for (size_t i = 0; i < KR_ARRAY_LEN(voids); i++)
			is_void |= kr_str_eqc(tag, voids[i]);
		if (is_void)
			continue;
		if (close && (!depth || !kr_str_eq(stack[--depth], tag)))
			return false;
		if (!close && depth == KR_ARRAY_LEN(stack))
			return false;
		if (!close)
			stack[depth++] = tag;
	}
	return depth == 0;
}

__attribute__((unused)) static void page(const char *target, int status, const char *const *wanted,
					 size_t n)
{
	struct answer a;

	ask(target, &a);
	OK(a.status == status, "%s answers %d", target, a.status);
	OK(well_formed(&a), "... well-formed and without scripts");
	OK(!has(&a, "<script") && !has(&a, "<b>sons"), "... no value became markup");
	for (size_t i = 0; i < n; i++)
		OK(has(&a, wanted[i]), "... and has '%s'", wanted[i]);
	kr_buf_done(&a.b);
}
#define PAGE(target, status, ...)                                                                  \
	page(target, status, (const char *const[]){__VA_ARGS__},                                   \
	     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

__attribute__((unused)) static void recipient(struct kr_arena *a, const char *constituent,
					      const char *sink, const char *address,
					      const char *classes)
{
	const struct kr_desk_recipient_change c = {
		.sink = kr_str_c(sink), .address = kr_str_c(address), .classes = kr_str_c(classes)};
	struct kr_recipient r;
	struct kr_fault f;

	node_check(kr_desk_recipient_put(node.s, node.conf, KR_BY_LOCAL, 0, kr_str_c(constituent),
					 &c, a, &r, &f),
		   &f, "recipient");
}

__attribute__((unused)) static void role_page(const char *role, const char *target, int status,
					      const char *const *wanted, size_t n,
					      const char *never)
{
	char header[80];
	struct answer a;

	snprintf(header, sizeof(header), "X-Viewer: %s\r\n", role);
	raw_get(node.port, "GET", target, header, &a);
	OK(a.status == status, "%s: %s answers %d", role, target, a.status);
	OK(well_formed(&a), "... well-formed");
	for (size_t i = 0; i < n; i++)
		OK(has(&a, wanted[i]), "... and has '%s'", wanted[i]);
	if (never)
		OK(!has(&a, never), "... and has no '%s'", never);
	kr_buf_done(&a.b);
}
#define ROLE(role, target, status, never, ...)                                                     \
	role_page(role, target, status, (const char *const[]){__VA_ARGS__},                        \
		  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), never)

/* Send a form as a role; returns its status. */
__attribute__((unused)) static int post(const char *role, const char *target, const char *form,
					struct answer *a)
{
	KR_AUTO_BUF b = KR_BUF(65536);
	KR_AUTO_BUF head = KR_BUF(4096);

	kr_buf_c(&b, form);
	kr_buf_printf(&head,
		      "X-Viewer: %s\r\nSec-Fetch-Site: same-origin\r\nContent-Type: "
		      "application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n",
		      role, b.n);
	/* raw_get() ends the headers; what follows them is the body. */
	kr_buf_str_add(&head, kr_buf_str(&b));
	raw_get(node.port, "POST", target, kr_buf_cstr(&head), a);
	return a->status;
}
#define CSRF "csrf=" NODE_CSRF
