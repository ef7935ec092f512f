/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden cases: golden [--bless] DIR. A case is a folder DIR/CODEC/CASE/ with
 *
 *   in.NAME        what is read; NAME is also the report's file name
 *   mapping.json   optional; that of DIR/CODEC/ counts where a case has none
 *   want.jsonl     the events, written by codec json
 *   refused.txt    "line:column: reason" of what was refused; absent: nothing is
 *   error.txt      the fault that refuses the report as a whole; absent: none does
 *
 * Each case is read whole, byte by byte, and in random cuts: all must give the same. What was read
 * is then written by every codec that also reads, read back, and must be the same events again.
 * --bless writes the expected files anew: look at the difference before you commit it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "codec_run.h"
#include "prop.h"
#include "tap.h"

#define FILE_MAX ((size_t)16 << 20)

static size_t one_byte(void)
{
	return 1;
}

static size_t random_size(void)
{
	return 1 + (size_t)prop_below(prop_chance(50) ? 20 : 600);
}

static bool read_file(int dir, const char *name, struct kr_buf *ret)
{
	struct kr_fault f;

	if (faccessat(dir, name, R_OK, 0))
		return false;
	if (kr_file_read(dir, name, FILE_MAX, ret, &f)) {
		printf("# %s: %s\n", name, f.message);
		return false;
	}
	return true;
}

static void compare(int dir, const char *file, const struct kr_buf *got, bool bless,
		    const char *name)
{
	struct kr_buf want = KR_BUF(FILE_MAX);
	char what[500];

	if (bless && got->n) {
		OK(kr_file_replace(dir, file, kr_buf_str(got), 0644, NULL) == 0, "%s: %s written",
		   name, file);
		return;
	}
	if (bless) {
		unlinkat(dir, file, 0);
		return;
	}
	read_file(dir, file, &want);
	snprintf(what, sizeof(what), "%s: %s", name, file);
	IS_STR(kr_buf_str(got), kr_buf_str(&want), what);
	kr_buf_done(&want);
}

/* Through every codec that writes and reads: the same events come back. */
static void write_and_read(const struct kr_codec *codec, const struct kr_codec_opts *opts,
			   struct kr_str in, const struct kr_buf *want, const char *name)
{
	const struct kr_codec *json = kr_codec_find(KR_STR("json"));

	for (size_t i = 0; kr_codec_at(i); i++) {
		const struct kr_codec *via = kr_codec_at(i);
		struct kr_codec_opts plain = kr_codec_opts_default();
		struct codec_result there, back;
		char what[700];

		if (!(via->caps & KR_CODEC_READ) || !(via->caps & KR_CODEC_WRITE) ||
		    !codec_carries(via, kr_buf_str(want)))
			continue;
		there = codec_result_new();
		back = codec_result_new();
		codec_run(codec, opts, in, NULL, via, &there);
		codec_run(via, &plain, kr_buf_str(&there.events), random_size, json, &back);
		snprintf(what, sizeof(what), "%s: through %s and back", name, via->name);
		IS_STR(kr_buf_str(&back.events), kr_buf_str(want), what);
		IS(back.error.n + back.refused.n, 0, what);
		codec_result_done(&there);
		codec_result_done(&back);
	}
}

static void run(int dir, const struct kr_codec *codec, const char *in_name, bool bless,
		const char *name)
{
	const struct kr_codec *json = kr_codec_find(KR_STR("json"));
	size_t (*const cuts[])(void) = {NULL, one_byte, random_size, random_size, random_size};
	struct kr_codec_opts opts = kr_codec_opts_default();
	struct kr_buf in = KR_BUF(FILE_MAX), doc = KR_BUF(FILE_MAX);
	struct codec_result one = codec_result_new();
	struct kr_mapping *mapping = NULL;
	struct kr_fault f = {0};

	opts.report = kr_str_c(in_name + 3);
	OK(read_file(dir, in_name, &in), "%s: %s is there", name, in_name);
	if (!read_file(dir, "mapping.json", &doc))
		read_file(dir, "../mapping.json", &doc);
	if (doc.n && kr_mapping_compile(kr_buf_str(&doc), &mapping, &f))
		codec_add_fault(&one, &f);
	opts.mapping = mapping;
	for (size_t i = 0; i < KR_ARRAY_LEN(cuts) && !(doc.n && !mapping); i++) {
		struct codec_result other = codec_result_new();

		codec_run(codec, &opts, kr_buf_str(&in), cuts[i], json, i ? &other : &one);
		OK(!one.wrong && !other.wrong, "%s: offsets and lines", name);
		if (i)
			OK(codec_result_same(&one, &other), "%s: the same in any cut", name);
		codec_result_done(&other);
	}
	compare(dir, "want.jsonl", &one.events, bless, name);
	compare(dir, "refused.txt", &one.refused, bless, name);
	compare(dir, "error.txt", &one.error, bless, name);
	if (!one.error.n)
		write_and_read(codec, &opts, kr_buf_str(&in), &one.events, name);
	kr_mapping_unref(mapping);
	codec_result_done(&one);
	kr_buf_done(&in);
	kr_buf_done(&doc);
}

/* The names in a folder, sorted; the caller frees the list. */
static int list(const char *path, struct dirent ***ret)
{
	int n = scandir(path, ret, NULL, alphasort);

	return n < 0 ? 0 : n;
}

static void run_case(const struct kr_codec *codec, const char *path, const char *name, bool bless)
{
	struct dirent **files;
	int n = list(path, &files), dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool any = false;

	for (int i = 0; i < n; i++) {
		if (strncmp(files[i]->d_name, "in.", 3) == 0 && !any) {
			any = true;
			run(dir, codec, files[i]->d_name, bless, name);
		}
		free(files[i]);
	}
	if (n)
		free(files);
	OK(any, "%s has an input", name);
	close(dir);
}

int main(int argc, char **argv)
{
	bool bless = argc > 1 && strcmp(argv[1], "--bless") == 0;
	const char *root = argc > 1 + bless ? argv[1 + bless] : "test/golden";
	unsigned cases = 0;

	prop_begin(0);
	for (size_t i = 0; kr_codec_at(i); i++) {
		char path[1024];
		struct dirent **names;
		int n;

		snprintf(path, sizeof(path), "%s/%s", root, kr_codec_at(i)->name);
		n = list(path, &names);
		for (int k = 0; k < n; k++) {
			char folder[1700], name[600];

			snprintf(folder, sizeof(folder), "%s/%s", path, names[k]->d_name);
			snprintf(name, sizeof(name), "%s/%s", kr_codec_at(i)->name,
				 names[k]->d_name);
			if (!strchr(names[k]->d_name, '.')) {
				run_case(kr_codec_at(i), folder, name, bless);
				cases++;
			}
			free(names[k]);
		}
		if (n)
			free(names);
	}
	OK(cases > 0, "%u cases", cases);
	return tap_end();
}
