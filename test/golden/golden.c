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
#include "codec/codec.h"
#include "codec/mapping.h"
#include "model/label.h"
#include "prop.h"
#include "tap.h"

#define SIZE_MAX_FILE ((size_t)16 << 20)

struct result {
	struct kr_buf events, refused, error;
};

static void result_done(struct result *r)
{
	kr_buf_done(&r->events);
	kr_buf_done(&r->refused);
	kr_buf_done(&r->error);
}

static struct result result_new(void)
{
	return (struct result){KR_BUF(SIZE_MAX_FILE), KR_BUF(SIZE_MAX_FILE), KR_BUF(SIZE_MAX_FILE)};
}

static void drain(struct kr_batch *b, const struct kr_codec *as, struct result *r, bool *first)
{
	for (size_t i = 0; i < b->n; i++) {
		as->item(&r->events, b->events[i], *first);
		*first = false;
	}
	for (size_t i = 0; i < b->n_refusals; i++)
		kr_buf_printf(&r->refused, "%u:%u: %.*s\n", b->refusals[i].line,
			      b->refusals[i].column, KR_STR_ARG(b->refusals[i].reason));
	kr_batch_clear(b);
}

static void add_fault(struct result *r, const struct kr_fault *f)
{
	char text[800];

	kr_buf_printf(&r->error, "%s: %s\n", kr_err_name(f->code),
		      kr_fault_text(f, text, sizeof(text)));
}

/* Read in pieces of at most cut bytes (0: random sizes) and write the events as codec `as` does. */
static void read_as(const struct kr_codec *codec, const struct kr_codec_opts *opts,
		    struct kr_str in, size_t cut, const struct kr_codec *as, struct result *r)
{
	struct kr_batch *b = kr_batch_new(0);
	struct kr_codec_state *s = NULL;
	struct kr_fault f = {0};
	bool first = true;
	int err = codec->open(opts, &s, &f);

	as->begin(&r->events);
	while (!err && in.n) {
		size_t most = cut ? cut : 1 + (size_t)prop_below(prop_chance(50) ? 20 : 600);
		size_t n = KR_MIN(in.n, most);
		/* A block of its own for each piece: a slice that outlives its batch is seen by
		 * ASan. */
		char *piece = malloc(n);

		memcpy(piece, in.p, n);
		err = codec->feed(s, kr_str_n(piece, n), b, &f);
		drain(b, as, r, &first);
		free(piece);
		in = kr_str_from(in, n);
	}
	if (!err)
		err = codec->finish(s, b, &f);
	drain(b, as, r, &first);
	as->end(&r->events, first);
	if (err)
		add_fault(r, &f);
	if (s)
		codec->close(s);
	kr_batch_free(b);
}

static bool read_file(int dir, const char *name, struct kr_buf *ret)
{
	struct kr_fault f;

	if (faccessat(dir, name, R_OK, 0))
		return false;
	if (kr_file_read(dir, name, SIZE_MAX_FILE, ret, &f)) {
		printf("# %s: %s\n", name, f.message);
		return false;
	}
	return true;
}

static void compare(int dir, const char *file, const struct kr_buf *got, bool bless,
		    const char *name)
{
	struct kr_buf want = KR_BUF(SIZE_MAX_FILE);
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

/* Through every codec that writes and reads: the same events come back, but for what IDF cannot
 * say. */
static void write_and_read(const struct kr_codec *codec, const struct kr_codec_opts *opts,
			   struct kr_str in, const struct kr_buf *want, const char *name)
{
	const struct kr_codec *json = kr_codec_find(KR_STR("json"));

	for (size_t i = 0; kr_codec_at(i); i++) {
		const struct kr_codec *via = kr_codec_at(i);
		struct kr_codec_opts plain = kr_codec_opts_default();
		struct result there, back;
		char what[500];

		if (!(via->caps & KR_CODEC_READ) || !(via->caps & KR_CODEC_WRITE))
			continue;
		/* IDF has no AMBER+STRICT and does not count. */
		if (strcmp(via->name, "idf") == 0 &&
		    (kr_str_find(kr_buf_str(want), KR_STR("AMBER+STRICT")) >= 0 ||
		     kr_str_find(kr_buf_str(want), KR_STR("\"count\":")) >= 0))
			continue;
		there = result_new();
		back = result_new();
		read_as(codec, opts, in, SIZE_MAX, via, &there);
		read_as(via, &plain, kr_buf_str(&there.events), 0, json, &back);
		snprintf(what, sizeof(what), "%s: through %s and back", name, via->name);
		IS_STR(kr_buf_str(&back.events), kr_buf_str(want), what);
		IS(back.error.n + back.refused.n, 0, what);
		result_done(&there);
		result_done(&back);
	}
}

static void run(int dir, const struct kr_codec *codec, const char *in_name, bool bless,
		const char *name)
{
	const struct kr_codec *json = kr_codec_find(KR_STR("json"));
	static const size_t cuts[] = {SIZE_MAX, 1, 0, 0, 0};
	struct kr_codec_opts opts = kr_codec_opts_default();
	struct kr_buf in = KR_BUF(SIZE_MAX_FILE), doc = KR_BUF(SIZE_MAX_FILE);
	struct result one = result_new();
	struct kr_mapping *mapping = NULL;
	struct kr_fault f = {0};

	opts.report = kr_str_c(in_name + 3);
	OK(read_file(dir, in_name, &in), "%s: %s is there", name, in_name);
	if (!read_file(dir, "mapping.json", &doc))
		read_file(dir, "../mapping.json", &doc);
	if (doc.n && kr_mapping_compile(kr_buf_str(&doc), &mapping, &f))
		add_fault(&one, &f);
	opts.mapping = mapping;
	for (size_t i = 0; i < KR_ARRAY_LEN(cuts) && !one.error.n; i++) {
		struct result other = result_new();

		read_as(codec, &opts, kr_buf_str(&in), cuts[i], json, i ? &other : &one);
		if (i) {
			IS_STR(kr_buf_str(&other.events), kr_buf_str(&one.events),
			       "the same events in any cut");
			IS_STR(kr_buf_str(&other.refused), kr_buf_str(&one.refused),
			       "the same refusals");
			IS_STR(kr_buf_str(&other.error), kr_buf_str(&one.error), "the same fault");
		}
		result_done(&other);
	}
	compare(dir, "want.jsonl", &one.events, bless, name);
	compare(dir, "refused.txt", &one.refused, bless, name);
	compare(dir, "error.txt", &one.error, bless, name);
	if (!one.error.n)
		write_and_read(codec, &opts, kr_buf_str(&in), &one.events, name);
	kr_mapping_unref(mapping);
	result_done(&one);
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
