/* SPDX-License-Identifier: Apache-2.0 */
/* Which source a report belongs to, and what its format is. */
#include "pipe/take_internal.h"

#include "store/read.h"

int kr_take__codec(struct kr_str name, const struct kr_codec **ret, struct kr_fault *reterr)
{
	KR_AUTO_BUF known = KR_BUF(1000);
	const struct kr_codec *c = kr_codec_find(name);

	if (c && (c->caps & KR_CODEC_READ)) {
		*ret = c;
		return 0;
	}
	for (size_t i = 0; (c = kr_codec_at(i)); i++)
		if (c->caps & KR_CODEC_READ) {
			kr_buf_c(&known, known.n ? ", " : "");
			kr_buf_c(&known, c->name);
		}
	kr_fault_set(reterr, -KR_EFORMAT, "format '%.*s' cannot be read",
		     (int)KR_MIN(name.n, (size_t)64), name.p);
	kr_fault_remedy(reterr, "formats are: %s", kr_buf_cstr(&known));
	return -KR_EFORMAT;
}

/* What of an existing source must not be told otherwise by accident. */
static int source_agrees(const struct kr_source *src, const struct kr_take_opts *o,
			 struct kr_fault *reterr)
{
	const char *what = o->retention && o->retention != src->retention ? "retention class"
			   : o->tlp && o->tlp != src->tlp		  ? "TLP"
									  : NULL;

	if (!what)
		return 0;
	kr_fault_set(reterr, -KR_EEXIST, "source '%.*s' exists with another %s",
		     KR_STR_ARG(src->name), what);
	kr_fault_remedy(reterr, "change it: karaula source edit %.*s; or leave the option out",
			KR_STR_ARG(src->name));
	return -KR_EEXIST;
}

static int no_source(struct kr_str name, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_ENOENT, "there is no source '%.*s'",
		     (int)KR_MIN(name.n, (size_t)64), name.p);
	kr_fault_remedy(reterr, "name one that there is, or have it made");
	return -KR_ENOENT;
}

/* The source by its name, made if there is none. */
static int source_take(struct kr_pipe *p, const struct kr_take_opts *o, struct kr_str name,
		       struct kr_arena *arena, struct kr_take__choice *c, struct kr_fault *reterr)
{
	struct kr_store *s = kr_pipe_store(p);
	int err = kr_store_source_get(s, name, arena, &c->source, reterr);

	if (err != -KR_ENOENT)
		return err ? err : source_agrees(&c->source, o, reterr);
	if (o->known_source)
		return no_source(name, reterr);
	c->source = (struct kr_source){
		.name = name,
		.format = o->format,
		.mapping = o->mapping,
		.retention = o->retention ? o->retention : KR_RETAIN_STANDARD,
		.tlp = o->tlp ? o->tlp : kr_pipe_limits(p).tlp_default,
	};
	err = kr_store_source_put(s, o->by ? o->by : KR_BY_NODE, &c->source, &c->source.id, reterr);
	c->source_made = !err;
	return err;
}

int kr_take__choose(struct kr_pipe *p, const struct kr_take_opts *o, struct kr_str head,
		    struct kr_str name, struct kr_arena *arena, struct kr_take__choice *ret,
		    struct kr_fault *reterr)
{
	struct kr_take__choice c = {0};
	struct kr_str source = o->source;
	int err = 0;

	if (o->format.n)
		err = kr_take__codec(o->format, &c.codec, reterr);
	if (!err && source.n)
		err = source_take(p, o, source, arena, &c, reterr);
	if (!err && !c.codec && c.source.format.n)
		err = kr_take__codec(c.source.format, &c.codec, reterr);
	if (err)
		return err;
	if (!c.codec)
		c.codec = kr_codec_sniff(head, name);
	if (!c.codec)
		c.codec = kr_desk_mapping_codec(kr_pipe_mappings(p), name);
	if (!source.n) {
		source = c.codec ? kr_str_c(c.codec->name) : KR_STR("unknown");
		c.source_assumed = true;
		err = source_take(p, o, source, arena, &c, reterr);
	}
	if (!err)
		*ret = c;
	return err;
}
