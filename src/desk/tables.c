/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/tables.h"

#include <unistd.h>

#include "base/file.h"
#include "model/country.h"
#include "model/taxonomy.h"

#define SIZE_MAX_OF_TABLE ((size_t)1 << 20)

enum { RSIT, EXTRA, SPELLINGS, COUNTRIES, TABLES };

static const char *const names[TABLES] = {"data/rsit.csv", "data/rsit-extra.csv",
					  "data/rsit-spellings.csv", "data/countries.csv"};

/* 1 if the file is there. */
static int read_table(int dirfd, const char *name, struct kr_buf *b, struct kr_fault *reterr)
{
	int err;

	if (faccessat(dirfd, name, F_OK, 0))
		return 0;
	err = kr_file_read(dirfd, name, SIZE_MAX_OF_TABLE, b, reterr);
	return err < 0 ? err : 1;
}

int kr_desk_tables_load(int dirfd, struct kr_fault *reterr)
{
	struct kr_buf b[TABLES];
	struct kr_str s[TABLES];
	int err = 0;

	for (int i = 0; i < TABLES; i++) {
		b[i] = KR_BUF(SIZE_MAX_OF_TABLE + 1);
		s[i] = KR_STR_NULL;
	}
	for (int i = 0; err >= 0 && i < TABLES; i++) {
		err = read_table(dirfd, names[i], &b[i], reterr);
		if (err == 1)
			s[i] = kr_buf_str(&b[i]);
	}
	if (err >= 0)
		err = s[RSIT].p || s[EXTRA].p || s[SPELLINGS].p
			      ? kr_taxonomy_load(s[RSIT], s[EXTRA], s[SPELLINGS], reterr)
			      : 0;
	if (!err && s[COUNTRIES].p)
		err = kr_countries_load(s[COUNTRIES], reterr);
	for (int i = 0; i < TABLES; i++)
		kr_buf_done(&b[i]);
	return err;
}
