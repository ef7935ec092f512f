/* SPDX-License-Identifier: Apache-2.0 */
#include "net/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 100

bool kr_secret_name_valid(struct kr_str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!kr_is_alnum(name.p[i]) && (!name.p[i] || !strchr("-_.", name.p[i])))
			return false;
	return name.n && name.n <= NAME_MAX_BYTES && name.p[0] != '.';
}

static int open_fault(const char *path, struct kr_fault *reterr)
{
	int err;

	if (errno == ELOOP) {
		err = kr_fault_set(reterr, -KR_EDENIED, "%s is a link", path);
		kr_fault_remedy(reterr, "put the file itself there, with mode 0600");
		return err;
	}
	err = kr_fault_errno(reterr, errno, "cannot open %s", path);
	kr_fault_remedy(reterr, "write the secret into that file below the data directory, and "
				"chmod 600 it");
	return err;
}

static int check(int fd, const char *path, struct kr_fault *reterr)
{
	struct stat st;
	int err = 0;

	if (fstat(fd, &st))
		return kr_fault_errno(reterr, errno, "cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		err = kr_fault_set(reterr, -KR_EDENIED, "%s is no plain file", path);
	else if (st.st_mode & 077)
		err = kr_fault_set(reterr, -KR_EDENIED, "%s can be read by others", path);
	else if (st.st_size > (off_t)KR_SECRET_MAX)
		err = kr_fault_set(reterr, -KR_ELIMIT, "%s is larger than %zu KiB", path,
				   KR_SECRET_MAX >> 10);
	if (err)
		kr_fault_remedy(reterr, "it must be a plain file of mode 0600");
	return err;
}

static int read_all(int fd, const char *path, struct kr_buf *ret, struct kr_fault *reterr)
{
	char piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kr_fault_errno(reterr, errno, "cannot read %s", path);
		kr_buf_add(ret, piece, (size_t)n);
	}
	explicit_bzero(piece, sizeof(piece));
	return ret->err ? kr_fault_set(reterr, -KR_ELIMIT, "%s is too large", path) : 0;
}

static void trim(struct kr_buf *b)
{
	struct kr_str s = kr_str_trim(kr_buf_str(b));

	if (s.n)
		memmove(b->p, s.p, s.n);
	b->n = s.n;
}

int kr_secret_read(int dirfd, struct kr_str name, struct kr_buf *ret, struct kr_fault *reterr)
{
	char path[sizeof(KR_SECRETS) + 1 + NAME_MAX_BYTES + 1];
	int fd, err;

	*ret = KR_BUF(KR_SECRET_MAX);
	if (!kr_secret_name_valid(name)) {
		kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no name for a secret",
			     KR_STR_ARG(kr_str_first(name, 60)));
		kr_fault_remedy(reterr, "name a file below DIR/" KR_SECRETS "/: letters, digits, "
					"'-', '_' and '.'");
		return -KR_EINVAL;
	}
	snprintf(path, sizeof(path), KR_SECRETS "/%.*s", KR_STR_ARG(name));
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return open_fault(path, reterr);
	err = check(fd, path, reterr);
	/* One piece from the start, so that no copy is left behind by growing. */
	if (!err && kr_buf_room(ret, KR_SECRET_MAX))
		err = read_all(fd, path, ret, reterr);
	close(fd);
	if (err)
		kr_secret_done(ret);
	else
		trim(ret);
	return err;
}

void kr_secret_done(struct kr_buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	kr_buf_done(b);
}

struct kr_str kr_secret_value(struct kr_str content, const char *name)
{
	struct kr_str rest = content, line;

	while (kr_str_split(&rest, '\n', &line)) {
		ptrdiff_t eq;

		line = kr_str_trim(line);
		if (!line.n || strchr("#;[", line.p[0]))
			continue;
		eq = kr_str_chr(line, '=');
		if (eq > 0 &&
		    kr_str_ieq(kr_str_trim(kr_str_first(line, (size_t)eq)), kr_str_c(name)))
			return kr_str_trim(kr_str_from(line, (size_t)eq + 1));
	}
	return KR_STR_NULL;
}
