/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mo.h"

#include "tap.h"

/* What binds tighter is what is tested. */
#pragma GCC diagnostic ignored "-Wparentheses"

/* The same expression twice: as text for the reader, and by the compiler, which decides. */
#define AGREES(forms, expression)                                                                  \
	do {                                                                                       \
		struct kr_base__plural p_;                                                         \
		unsigned wrong_ = 0;                                                               \
		int r_ = kr_base__plural_parse(                                                    \
			KR_STR("nplurals=" #forms "; plural=" #expression ";"), &p_);              \
		for (uint64_t n = 0; !r_ && n < 2000; n++)                                         \
			wrong_ += kr_base__plural_form(&p_, n) != (unsigned)(expression);          \
		OK(!r_ && !wrong_, "%s", #expression);                                             \
	} while (0)

static void refused(const char *text)
{
	struct kr_base__plural p;

	OK(kr_base__plural_parse(kr_str_c(text), &p) == -KR_ESYNTAX, "refused: %s", text);
}

int main(void)
{
	struct kr_base__plural p;
	char deep[400];

	AGREES(2, n != 1);
	AGREES(1, 0);
	AGREES(2, n > 1);
	AGREES(2, !(n == 1));
	AGREES(3, n % 10 == 1 && n % 100 != 11					  ? 0
		  : n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 10 || n % 100 >= 20) ? 1
										  : 2);
	AGREES(3, (n == 1) ? 0 : (n >= 2 && n <= 4) ? 1 : 2);
	AGREES(4, n % 100 == 1 ? 0 : n % 100 == 2 ? 1 : n % 100 == 3 || n % 100 == 4 ? 2 : 3);
	AGREES(6, n == 0			  ? 0
		  : n == 1			  ? 1
		  : n == 2			  ? 2
		  : n % 100 >= 3 && n % 100 <= 10 ? 3
		  : n % 100 >= 11		  ? 4
						  : 5);
	AGREES(5, n < 3 ? n < 2 ? n < 1 ? 0 : 1 : 2 : n == 3 ? 3 : 4);
	AGREES(8, (n + 7 - 2 * 3) * 5 / 4 % 8);
	AGREES(2, n - 3 - 1 == 5);
	AGREES(2, !!n == 1);
	AGREES(2, 1 + 2 * 3 == 7 && n > 2 || n == 0);

	IS(kr_base__plural_parse(KR_STR(" nplurals = 2 ; plural = n != 1 "), &p), 0,
	   "blanks, no end");
	IS(kr_base__plural_parse(KR_STR("nplurals=2; plural=n;"), &p), 0,
	   "more than there are forms");
	IS(kr_base__plural_form(&p, 7), 0, "is the first form");
	IS(kr_base__plural_parse(KR_STR("nplurals=2; plural=1/(n-n)+1%(n-n);"), &p), 0,
	   "division by zero");
	IS(kr_base__plural_form(&p, 7), 0, "is zero");
	refused("");
	refused("nplurals=2;");
	refused("nplurals=0; plural=0;");
	refused("nplurals=9; plural=0;");
	refused("nplurals=x; plural=0;");
	refused("nplurals=2; plural=;");
	refused("nplurals=2; plural=n n;");
	refused("nplurals=2; plural=n +;");
	refused("nplurals=2; plural=(n;");
	refused("nplurals=2; plural=n);");
	refused("nplurals=2; plural=n ? 1;");
	refused("nplurals=2; plural=n : 1;");
	refused("nplurals=2; plural=(n ? 1) : 2;");
	refused("nplurals=2; plural=n = 1;");
	refused("nplurals=2; plural=m;");
	refused("nplurals=2; plural=-n;");
	refused("nplurals=2; plural=99999999999;");
	refused("nplurals=2; plural=n; more");
	snprintf(deep, sizeof(deep), "nplurals=2; plural=%.*sn", 200,
		 "((((((((((((((((((((((((((((((((((((((((((((((((("
		 "(((((((((((((((((((((((((((((((((((((((((((((((");
	refused(deep);
	return tap_end();
}
