/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files for whatever picks them up: each appears whole under its name, and the one that ends in .ok
 * last, so that a reader who waits for it never sees half. Names hold the number of the delivery
 * only, so a repeated attempt writes the same files. The folder of a recipient is one name below
 * delivery.file_dir, opened without following links: nothing it is called leads elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "pipe/sink.h"

#define FOLDER_MODE 0750
#define FILE_MODE   0640
#define NAME_MAX_   64

static bool on(const struct kr_conf *conf)
{
	return conf->delivery_file;
}

static bool is_name(struct kr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!kr_is_alnum(s.p[i]) && (!s.p[i] || !strchr("-_.", s.p[i])))
			return false;
	return s.n && s.n <= NAME_MAX_ && s.p[0] != '.';
}

static int open_folder(const struct kr_sink_job *job, struct kr_fault *reterr)
{
	const char *base = job->conf->delivery_file_dir;
	char name[NAME_MAX_ + 1];
	int basefd, fd;

	if (!base[0])
		return kr_fault_set(reterr, -KR_ECONF, "delivery.file_dir is not set");
	if (!is_name(job->recipient->address))
		return kr_fault_set(reterr, -KR_EINVAL,
				    "the folder of a recipient is one name of letters, digits, "
				    "'-', '_' and '.'");
	snprintf(name, sizeof(name), "%.*s", KR_STR_ARG(job->recipient->address));
	basefd = openat(job->shared->dirfd, base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (basefd < 0)
		return kr_fault_errno(reterr, errno, "cannot open delivery.file_dir");
	if (!mkdirat(basefd, name, FOLDER_MODE)) {
		int err = kr_sync_dir(basefd, ".", reterr);

		if (err) {
			close(basefd);
			return err;
		}
	}
	fd = openat(basefd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fd = kr_fault_errno(reterr, errno, "cannot open the folder '%s'", name);
	close(basefd);
	return fd;
}

struct drop {
	int folder;
	uint64_t id;
	struct kr_hasher hasher;
	struct kr_json_out *list;
	uint64_t size;
};

static int put(struct drop *d, const char *end, struct kr_str content, struct kr_fault *reterr)
{
	uint8_t sha[32];
	char name[64], hex[65];
	int err;

	snprintf(name, sizeof(name), "delivery-%llu%s", (unsigned long long)d->id, end);
	err = kr_file_replace(d->folder, name, content, FILE_MODE, reterr);
	if (err || !d->list)
		return err;
	kr_sha256(content, sha);
	for (size_t i = 0; i < sizeof(sha); i++)
		snprintf(hex + i * 2, 3, "%02x", sha[i]);
	kr_json_object(d->list);
	kr_json_kstr(d->list, "name", kr_str_c(name));
	kr_json_kint(d->list, "size", (int64_t)content.n);
	kr_json_kstr(d->list, "sha256", kr_str_c(hex));
	kr_json_object_end(d->list);
	kr_hasher_add(&d->hasher, content.p, content.n);
	d->size += content.n;
	return 0;
}

static int write_all(const struct kr_sink_job *job, int folder, struct kr_sink_result *ret,
		     struct kr_fault *reterr)
{
	const struct kr_letter *l = job->letter;
	KR_AUTO_BUF ok = KR_BUF(65536);
	struct kr_json_out o = KR_JSON_OUT(&ok);
	struct drop d = {.folder = folder, .id = job->delivery->id, .list = &o};
	int err;

	kr_hasher_init(&d.hasher);
	kr_json_object(&o);
	kr_json_kint(&o, "delivery", (int64_t)d.id);
	kr_json_kint(&o, "rows", (int64_t)l->digest.rows);
	kr_json_kstr(&o, "tlp", kr_str_c(kr_tlp_text(l->digest.tlp)));
	kr_json_key(&o, KR_STR("files"));
	kr_json_array(&o);
	err = put(&d, ".csv", kr_buf_str(&l->digest.csv), reterr);
	if (!err && l->json.n)
		err = put(&d, ".json", kr_buf_str(&l->json), reterr);
	kr_json_array_end(&o);
	kr_json_object_end(&o);
	kr_buf_ch(&ok, '\n');
	d.list = NULL;
	if (!err)
		err = put(&d, ".ok", kr_buf_str(&ok), reterr);
	ret->size = d.size;
	kr_hasher_end(&d.hasher, &ret->hash);
	return err;
}

static int send_file(void *state, const struct kr_sink_job *job, struct kr_sink_result *ret,
		     struct kr_fault *reterr)
{
	int folder = open_folder(job, reterr), err;

	(void)state;
	if (folder == -KR_EINVAL)
		ret->state = KR_DELIVERY_FAILED;
	if (folder < 0)
		return folder;
	err = write_all(job, folder, ret, reterr);
	close(folder);
	if (!err)
		ret->state = KR_DELIVERY_SENT;
	return err;
}

const struct kr_sink kr_sink_file = {
	.name = "file",
	.on = on,
	.send = send_file,
};
