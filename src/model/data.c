/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The assembler puts each file between two symbols. The compiler does not see which files those
 * are, so the build makes data_stamp.h from their content: a changed table changes the stamp, and
 * this file is compiled again.
 */
#include "model/data.h"

#include "model/data_stamp.h"

#define D(id, name)                                                                                \
	extern const char kr_data__begin_##id[], kr_data__end_##id[];                              \
	__asm__(".pushsection .rodata\n"                                                           \
		".global kr_data__begin_" #id "\n"                                                 \
		".global kr_data__end_" #id "\n"                                                   \
		".hidden kr_data__begin_" #id "\n"                                                 \
		".hidden kr_data__end_" #id "\n"                                                   \
		"kr_data__begin_" #id ":\n"                                                        \
		".incbin \"" KR_DATA_DIR "/" name "\"\n"                                           \
		"kr_data__end_" #id ":\n"                                                          \
		".byte 0\n"                                                                        \
		".popsection\n");
#include "model/data.def"
#undef D

struct kr_str kr_data(enum kr_data d)
{
	switch (d) {
#define D(id, name)                                                                                \
	case KR_DATA_##id:                                                                         \
		return kr_str_n(kr_data__begin_##id,                                               \
				(size_t)(kr_data__end_##id - kr_data__begin_##id));
#include "model/data.def"
#undef D
	case KR_DATA_MAX: break;
	}
	assert(d < KR_DATA_MAX);
	return KR_STR_NULL;
}

const char *kr_data_name(enum kr_data d)
{
	static const char *const names[KR_DATA_MAX] = {
#define D(id, name) name,
#include "model/data.def"
#undef D
	};

	assert((unsigned)d < KR_DATA_MAX);
	return names[d];
}
