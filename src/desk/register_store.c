/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * The store holds the truth, the compiled file follows it: its stamp is the version of the register
 * in the store. A crash between the two, a file that was removed or damaged, or a restored backup
 * leaves another stamp or none, and the file is made again.
 */
#include "desk/register.h"

#include "base/file.h"
#include "store/read.h"

static int compile_stored(struct kr_store *s, struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_constituent *c;
	struct kr_rule *rules;
	size_t n_c, n_rules;
	uint64_t version = kr_store_register_version(s);
	int err = kr_store_register_read(s, &KR_SCOPE_ALL, false, a, &c, &n_c, &rules, &n_rules,
					 reterr);

	if (!err)
		err = kr_mkdir_all(kr_store_dirfd(s), "tables", 0750, reterr);
	if (!err)
		err = kr_register_compile(kr_store_dirfd(s), rules, n_rules, version, reterr);
	return err;
}

int kr_register_sync(struct kr_store *s, struct kr_register **ret, struct kr_fault *reterr)
{
	struct kr_register *r = NULL;
	int err = kr_register_open(kr_store_dirfd(s), &r, reterr);

	if (!err && kr_register_version(r) == kr_store_register_version(s)) {
		*ret = r;
		return 0;
	}
	if (!err)
		kr_register_unref(r);
	err = compile_stored(s, reterr);
	if (!err)
		err = kr_register_open(kr_store_dirfd(s), ret, reterr);
	return err ? err : 1;
}

int kr_register_replace(struct kr_store *s, const struct kr_by *by, struct kr_register_draft *draft,
			struct kr_register **ret, struct kr_register_change *ret_change,
			struct kr_fault *reterr)
{
	int err = kr_store_register_replace(s, by, draft->c, draft->n_c, draft->rules,
					    draft->n_rules, ret_change, reterr);

	if (!err)
		err = kr_mkdir_all(kr_store_dirfd(s), "tables", 0750, reterr);
	if (!err)
		err = kr_register_compile(kr_store_dirfd(s), draft->rules, draft->n_rules,
					  kr_store_register_version(s), reterr);
	return err ? err : kr_register_open(kr_store_dirfd(s), ret, reterr);
}
