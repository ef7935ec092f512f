/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952, several members, padded with zeros) and the raw deflate of zip members (RFC
 * 1951). */
#include "base/input_internal.h"

#include <stdio.h>

void kr_base__inflate_start(struct kr_input *in, int window_bits)
{
	int r = in->z_open ? inflateReset2(&in->z, window_bits) : inflateInit2(&in->z, window_bits);

	/* Only memory can be missing, and that is not survived anywhere. */
	assert(r == Z_OK);
	(void)r;
	in->z_open = true;
	in->mid_frame = true;
}

/* Inflate from the raw bytes that are there. Returns zlib's code; *ret_made counts the bytes. */
static int inflate_some(struct kr_input *in, char *buf, size_t size, size_t *ret_made)
{
	int r;

	in->z.next_in = (Bytef *)in->raw + in->at;
	in->z.avail_in = (uInt)(in->n - in->at);
	in->z.next_out = (Bytef *)buf;
	in->z.avail_out = (uInt)size;
	r = inflate(&in->z, Z_NO_FLUSH);
	in->used += in->n - in->at - in->z.avail_in;
	in->at = in->n - in->z.avail_in;
	*ret_made = size - in->z.avail_out;
	return r;
}

/* Behind a gzip member: 1 another one begins; 0 the end; -KR_E*. */
static int next_gzip(struct kr_input *in, struct kr_fault *reterr)
{
	int r;

	while ((r = kr_base__input_fill(in, reterr)) > 0) {
		if (in->raw[in->at] == 0x1f) {
			kr_base__inflate_start(in, 15 + 16);
			return 1;
		}
		/* Tapes and some writers pad with zeros; anything else is not ours to drop. */
		if (in->raw[in->at] != 0)
			return kr_base__input_corrupt(in, reterr,
						      "there are other bytes behind the gzip data");
		in->at++;
		in->used++;
	}
	return r;
}

/*
 * Go on in the stream until bytes come out or it ends. Without raw bytes there may still be some
 * that did not fit before.
 *
 * what  for messages
 */
static ptrdiff_t inflate_on(struct kr_input *in, char *buf, size_t size, const char *what,
			    struct kr_fault *reterr)
{
	size_t made = 0;

	while (in->mid_frame && !made) {
		int more = kr_base__input_fill(in, reterr), r;
		char text[60];

		if (more < 0)
			return more;
		r = inflate_some(in, buf, size, &made);
		if (r == Z_STREAM_END) {
			in->mid_frame = false;
		} else if (!made && (!more || (r != Z_OK && r != Z_BUF_ERROR))) {
			snprintf(text, sizeof(text), "the %s is %s", what,
				 more ? "damaged" : "cut off");
			return kr_base__input_corrupt(in, reterr, text);
		}
	}
	return (ptrdiff_t)made;
}

static ptrdiff_t read_gzip(struct kr_input *in, char *buf, size_t size, struct kr_fault *reterr)
{
	ptrdiff_t n = 0;

	while (!n) {
		if (!in->mid_frame) {
			int r = next_gzip(in, reterr);

			if (r <= 0)
				return r;
		}
		n = inflate_on(in, buf, size, "gzip data", reterr);
	}
	return n;
}

static ptrdiff_t read_deflate(struct kr_input *in, char *buf, size_t size, struct kr_fault *reterr)
{
	return inflate_on(in, buf, size, "member", reterr);
}

const struct kr_base__decoder kr_base__gzip = {read_gzip, true};
const struct kr_base__decoder kr_base__deflate = {read_deflate, true};
