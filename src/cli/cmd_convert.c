/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works
 *
 * Input goes through in pieces of 256 KiB: decompress, feed the codec, write the events that came
 * out, empty the batch. So memory does not depend on the size of the input. All files together make
 * one output. A file that is refused is told and the next one is read; the exit status says so at
 * the end.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/input.h"
#include "base/time.h"
#include "cli/reporter.h"
#include "codec/codec.h"
#include "codec/mapping.h"

#define PIECE_SIZE     ((size_t)256 << 10)
#define BATCH_MAX      ((size_t)512 << 20)
#define OUT_SIZE_MAX   ((size_t)256 << 20)
#define MAPPING_MAX    ((size_t)64 << 20)
#define MAPPINGS       16
#define REFUSALS_SHOWN 1000

/* The limits that a node takes from its configuration: the defaults of conf/settings.def. */
static const struct kr_input_limits limits = {
	.bytes_max = (uint64_t)16 << 30,
	.ratio_max = 1000,
	.members_max = 1000,
};

struct converting {
	struct kr_cli *c;
	const struct kr_codec *from, *to; /* from NULL: detect */
	struct kr_mapping *mappings[MAPPINGS];
	int n_mappings;
	struct kr_codec_opts opts;
	struct kr_codec_write_opts write;
	struct kr_batch *batch;
	struct kr_buf out;
	char *piece;
	uint64_t events;  /* all of them */
	unsigned refused; /* files */
	int err;	  /* of the first file that was refused */
};

/* What is counted for one report. */
struct counts {
	uint64_t events, refused, shown, warnings;
};

static int list_codecs(struct kr_cli *c, const char *option, const char *given, unsigned cap)
{
	char names[160] = "";
	size_t n = 0;

	for (size_t i = 0; kr_codec_at(i); i++)
		if (kr_codec_at(i)->caps & cap)
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
					      kr_codec_at(i)->name);
	kr_fault_set(&c->fault, -KR_EUSAGE, "--%s: no such format: '%.60s'", option, given);
	kr_fault_remedy(&c->fault, "one of: %s", names);
	return -KR_EUSAGE;
}

static int choose_codec(struct kr_cli *c, const char *option, unsigned cap,
			const struct kr_codec **ret)
{
	const char *name = kr_cli_opt(c, option);

	if (!name)
		return 0;
	*ret = kr_codec_find(kr_str_c(name));
	return *ret && (*ret)->caps & cap ? 0 : list_codecs(c, option, name, cap);
}

static int load_mapping(struct converting *v, const char *path)
{
	KR_AUTO_BUF b = KR_BUF(MAPPING_MAX);
	struct kr_cli *c = v->c;
	char block[16384];
	const struct kr_str *warnings;
	ptrdiff_t n = 0;
	size_t n_warnings;
	int fd, err;

	if (v->n_mappings == MAPPINGS)
		return kr_fault_set(&c->fault, -KR_EUSAGE, "more than %d mappings", MAPPINGS);
	fd = kr_cli_open(c, path);
	if (fd < 0)
		return fd;
	while (!b.err && (n = read(fd, block, sizeof(block))) > 0)
		kr_buf_add(&b, block, (size_t)n);
	err = n < 0 ? kr_fault_errno(&c->fault, errno, "cannot read '%s'", path) : b.err;
	close(fd);
	if (b.err)
		return kr_fault_set(&c->fault, b.err, "'%s' is larger than %zu bytes", path, b.max);
	if (err)
		return err;
	err = kr_mapping_compile(kr_buf_str(&b), &v->mappings[v->n_mappings], &c->fault);
	if (err) {
		char where[sizeof(c->fault.where)];

		snprintf(where, sizeof(where), "%s", c->fault.where);
		kr_fault_where(&c->fault, "%.80s%s%.70s", path, where[0] ? " " : "", where);
		return err;
	}
	n_warnings = kr_mapping_warnings(v->mappings[v->n_mappings++], &warnings);
	for (size_t i = 0; i < n_warnings; i++)
		kr_cli_note(c, "%s: %.*s", path, KR_STR_ARG(warnings[i]));
	return 0;
}

static int read_options(struct converting *v)
{
	struct kr_cli *c = v->c;
	const char *text = kr_cli_opt(c, "observed"), *path;
	int err;

	v->opts = kr_codec_opts_default();
	v->write = kr_codec_write_opts_default();
	v->to = kr_codec_find(KR_STR("json"));
	err = choose_codec(c, "from", KR_CODEC_READ, &v->from);
	if (!err)
		err = choose_codec(c, "to", KR_CODEC_WRITE, &v->to);
	if (!err && text && kr_time_parse(kr_str_c(text), &v->opts.observed)) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "--observed: not a time: '%.60s'", text);
		kr_fault_remedy(&c->fault, "for example 2026-11-20T06:00:00Z");
		return -KR_EUSAGE;
	}
	v->write.plain = kr_cli_opt(c, "plain") != NULL;
	v->write.written = kr_time_now();
	if (!err && v->to->caps & KR_CODEC_REPORTER)
		err = kr_cli_reporter(c, &v->write.reporter);
	for (int i = 0; !err && (path = kr_cli_opt_at(c, "mapping", i)); i++)
		err = load_mapping(v, path);
	return err;
}

/* The mapping for a codec that fits the report best; NULL if there is none. */
static struct kr_mapping *find_mapping(const struct converting *v, const char *codec,
				       struct kr_str report)
{
	struct kr_mapping *any = NULL;

	for (int i = 0; i < v->n_mappings; i++) {
		if (codec && strcmp(kr_mapping_codec(v->mappings[i]), codec) != 0)
			continue;
		if (kr_mapping_knows(v->mappings[i], report))
			return v->mappings[i];
		if (!any && codec)
			any = v->mappings[i];
	}
	return any;
}

/* Codec and mapping of one report: as told, as a mapping's file names say, or by its first bytes.
 */
static int detect(const struct converting *v, struct kr_str head, struct kr_codec_opts *opts,
		  const struct kr_codec **ret, struct kr_fault *why)
{
	const struct kr_codec *codec = v->from;
	const struct kr_mapping *fits = find_mapping(v, NULL, opts->report);

	if (!codec && fits)
		codec = kr_codec_find(kr_str_c(kr_mapping_codec(fits)));
	if (!codec)
		codec = kr_codec_sniff(kr_str_first(head, 4096), opts->report);
	/* Any table may be meant by the only mapping of our own form. */
	if (!codec && v->n_mappings == 1 && strcmp(kr_mapping_codec(v->mappings[0]), "csv") == 0)
		codec = kr_codec_find(KR_STR("csv"));
	if (!codec) {
		kr_fault_set(why, -KR_EFORMAT,
			     "what format this is cannot be seen from its first bytes");
		kr_fault_remedy(why, "give --from FORMAT, and for a table --mapping FILE");
		return -KR_EFORMAT;
	}
	if (codec->caps & KR_CODEC_MAPPING)
		opts->mapping = find_mapping(v, codec->name, opts->report);
	*ret = codec;
	return 0;
}

/* A reader who has seen enough, as head has, is no failure worth words. */
static int write_failed(struct kr_cli *c)
{
	return errno == EPIPE ? kr_cli_cancel(c)
			      : kr_fault_errno(&c->fault, errno, "cannot write the output");
}

/* Hand what is written to the output. */
static int flush(struct converting *v)
{
	struct kr_cli *c = v->c;

	if (v->out.err)
		return kr_fault_set(&c->fault, v->out.err, "an event is too large to be written");
	if (v->out.n && fwrite(v->out.p, 1, v->out.n, c->out) != v->out.n)
		return write_failed(c);
	kr_buf_clear(&v->out);
	return 0;
}

/* Write the events of the batch and tell what was refused. */
static int drain(struct converting *v, const char *name, struct counts *n)
{
	struct kr_batch *b = v->batch;
	int err = 0;

	for (size_t i = 0; i < b->n && !err; i++) {
		v->to->item(&v->out, b->events[i], v->events == 0, &v->write);
		v->events++;
		if (v->out.n >= PIECE_SIZE || v->out.err)
			err = flush(v);
	}
	for (size_t i = 0; i < b->n_refusals && n->shown < REFUSALS_SHOWN; i++, n->shown++) {
		const struct kr_refusal *r = &b->refusals[i];

		kr_cli_note(v->c, "%s:%u:%u: %.*s", name, r->line, r->column ? r->column : 1,
			    KR_STR_ARG(r->reason));
	}
	n->events += b->n;
	n->refused += b->refused;
	n->warnings += b->warnings;
	kr_batch_clear(b);
	return err;
}

/* Fill the piece as far as the input allows. Returns as kr_input_read(). */
static ptrdiff_t fill(struct converting *v, struct kr_input *in, struct kr_fault *why)
{
	size_t n = 0;

	while (n < PIECE_SIZE) {
		ptrdiff_t got = kr_input_read(in, v->piece + n, PIECE_SIZE - n, why);

		/* What came before damage is used; the next call tells of it again. */
		if (got < 0 && !n)
			return got;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	return (ptrdiff_t)n;
}

static void summary(struct converting *v, const char *name, const struct counts *n)
{
	if (n->refused > n->shown)
		kr_cli_note(v->c, "%s: and %llu more", name,
			    (unsigned long long)(n->refused - n->shown));
	if (n->refused || n->warnings)
		kr_cli_note(v->c,
			    "%s: %llu events, %llu records refused, %llu values kept in extra or "
			    "columns missing",
			    name, (unsigned long long)n->events, (unsigned long long)n->refused,
			    (unsigned long long)n->warnings);
}

/* One report, whose first piece was read. Faults of the report go to why, others to c->fault. */
static int convert_report(struct converting *v, struct kr_input *in, struct kr_str report,
			  ptrdiff_t n, struct kr_fault *why)
{
	struct kr_codec_opts opts = v->opts;
	const struct kr_codec *codec = NULL;
	struct kr_codec_state *s = NULL;
	struct counts counts = {0};
	char name[256];
	int err, fatal = 0;

	snprintf(name, sizeof(name), "%.*s", KR_STR_ARG(report));
	opts.report = kr_cli_opt(v->c, "report") ? kr_str_c(kr_cli_opt(v->c, "report")) : report;
	err = detect(v, kr_str_n(v->piece, (size_t)n), &opts, &codec, why);
	if (!err)
		err = codec->open(&opts, &s, why);
	while (!err && !fatal && n > 0) {
		err = codec->feed(s, kr_str_n(v->piece, (size_t)n), v->batch, why);
		fatal = drain(v, name, &counts);
		if (!fatal && kr_cli_cancelled(v->c))
			fatal = kr_cli_cancel(v->c);
		if (!err && !fatal)
			n = fill(v, in, why);
	}
	if (!err && !fatal)
		err = codec->finish(s, v->batch, n < 0 ? NULL : why);
	if (!fatal)
		fatal = drain(v, name, &counts);
	if (s)
		codec->close(s);
	summary(v, name, &counts);
	if (fatal)
		return fatal;
	return n < 0 ? (int)n : err;
}

static void tell(struct converting *v, const char *name, int err, struct kr_fault *why)
{
	char where[160], text[800];

	snprintf(where, sizeof(where), "%s", strcmp(why->where, name) ? why->where : "");
	kr_fault_where(why, "%.90s%s%.60s", name, where[0] ? " " : "", where);
	if (!why->code)
		why->code = err;
	fprintf(v->c->err, "karaula: %s\n", kr_fault_text(why, text, sizeof(text)));
	v->refused++;
	if (!v->err)
		v->err = err;
}

/* All reports of one file. Returns what ends the whole command. */
static int convert_file(struct converting *v, const char *path)
{
	KR_AUTO(kr_input) *in = NULL;
	struct kr_fault why = {0};
	struct kr_str name;
	char shown[256];
	int fd = kr_cli_open(v->c, path), err = 0, fatal = 0;

	if (fd < 0)
		return fd;
	snprintf(shown, sizeof(shown), "%s", path);
	err = kr_input_open(fd, path, &limits, &in, &why);
	while (!err && !fatal && (err = kr_input_member(in, &name, &why)) > 0) {
		ptrdiff_t n = fill(v, in, &why);

		snprintf(shown, sizeof(shown), "%.*s", KR_STR_ARG(name));
		err = n < 0 ? (int)n : convert_report(v, in, kr_str_c(shown), n, &why);
		if (v->c->fault.code)
			fatal = err;
		else if (err && err != -KR_ECORRUPT && err != -KR_EIO) {
			tell(v, shown, err, &why);
			why = (struct kr_fault){0};
			err = 0;
		}
	}
	close(fd);
	if (!fatal && err < 0)
		tell(v, shown, err, &why);
	return fatal;
}

static int convert_all(struct converting *v)
{
	struct kr_cli *c = v->c;
	int err = 0, n = kr_cli_nargs(c);

	v->to->begin(&v->out);
	for (int i = 0; !err && i < KR_MAX(n, 1); i++)
		err = convert_file(v, n ? kr_cli_arg(c, i) : "-");
	if (!err || err == -KR_ENOENT || err == -KR_EDENIED) {
		int late;

		v->to->end(&v->out, v->events == 0);
		late = flush(v);
		if (!late && fflush(c->out))
			late = write_failed(c);
		err = err ? err : late;
	}
	if (!err && v->refused)
		return kr_fault_set(&c->fault, v->err, "%u %s refused", v->refused,
				    v->refused == 1 ? "report was" : "reports were");
	return err;
}

static int run(struct kr_cli *c)
{
	struct converting v = {.c = c, .out = KR_BUF(OUT_SIZE_MAX)};
	int err = read_options(&v);

	if (!err) {
		v.batch = kr_batch_new(BATCH_MAX);
		v.piece = kr_xmalloc(PIECE_SIZE);
		err = convert_all(&v);
		kr_batch_free(v.batch);
		free(v.piece);
	}
	for (int i = 0; i < v.n_mappings; i++)
		kr_mapping_unref(v.mappings[i]);
	kr_buf_done(&v.out);
	return err;
}

const struct kr_cmd kr_cmd_convert = {
	.noun = "convert",
	.args = "[FILE...]",
	.doc = "turn reports of one format into another; needs no data directory",
	.help = "  karaula convert --to idf --mapping mapping.json "
		"2026-11-20-event4_sinkhole_http-x.csv.gz\n"
		"  karaula convert --from list --to csv -o list.csv blocked.txt\n"
		"  karaula convert --to xarf --reporter 'Example CSIRT <csirt@example.org>' "
		"feed.json.gz\n"
		"\n"
		"Files may be plain, gz, zst or zip; no FILE, or -, is standard input. Without "
		"--from the format\n"
		"is seen from the first bytes, or from a mapping that knows the file's name. "
		"Several files make one\n"
		"output. Records that cannot be read are told as file:line:column and left out. "
		"Exit status 4: a\n"
		"whole report was refused. Formats are in doc/formats.md, mappings in "
		"doc/mapping.md.\n",
	.opts =
		(const struct kr_opt[]){
			{"from", 0, "FORMAT",
			 "format of the input: shadowserver, idf, csv, list, xarf, n6, idea"},
			{"to", 0, "FORMAT",
			 "format of the output: json (default), idf, csv, xarf, n6, idea"},
			{"mapping", 0, "FILE", "what columns mean; may be given several times"},
			{"report", 0, "NAME", "file name of the report, where the input has none"},
			{"observed", 0, "TIME",
			 "when it was collected, for events that do not say"},
			{"reporter", 0, "WHO",
			 "who reports, for xarf: 'Example CSIRT <csirt@example.org>'"},
			{"plain", 0, NULL,
			 "without the member _karaula, in which xarf, n6 and idea carry the rest"},
			{NULL},
		},
	.args_min = 0,
	.args_max = -1,
	.need = KR_NEED_NOTHING,
	.run = run,
};
