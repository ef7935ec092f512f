/* SPDX-License-Identifier: Apache-2.0 */
#include "net/secret.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static int dirfd_;

static void put(const char *name, const char *text, unsigned mode)
{
	int fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	OK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && !fchmod(fd, mode),
	   "a file");
	close(fd);
}

static int get(const char *name, struct kr_buf *b, struct kr_fault *f)
{
	*f = (struct kr_fault){0};
	return kr_secret_read(dirfd_, kr_str_c(name), b, f);
}

static void files(void)
{
	static const char *const wrong[] = {"", ".hidden", "../main.db", "a/b", "a b", "a\nb"};
	struct kr_fault f;
	struct kr_buf b;
	char text[700];

	put("secrets/token", "  abc=def\n\n", 0600);
	IS(get("token", &b, &f), 0, "a secret");
	IS_STR(kr_buf_str(&b), KR_STR("abc=def"), "without the blanks around it");
	kr_secret_done(&b);
	put("secrets/open", "x", 0640);
	IS(get("open", &b, &f), -KR_EDENIED, "one that others may read");
	OK(strstr(kr_fault_text(&f, text, sizeof(text)), "0600"), "%s", text);
	OK(!symlinkat("token", dirfd_, "secrets/link"), "a link");
	IS(get("link", &b, &f), -KR_EDENIED, "is not followed");
	OK(!mkdirat(dirfd_, "secrets/folder", 0700), "a folder");
	IS(get("folder", &b, &f), -KR_EDENIED, "is no secret");
	OK(!mkfifoat(dirfd_, "secrets/pipe", 0600), "a pipe");
	IS(get("pipe", &b, &f), -KR_EDENIED, "does not stop us");
	IS(get("none", &b, &f), -KR_ENOENT, "one that is not there");
	OK(strstr(kr_fault_text(&f, text, sizeof(text)), "chmod 600"), "%s", text);
	for (size_t i = 0; i < KR_ARRAY_LEN(wrong); i++)
		IS(get(wrong[i], &b, &f), -KR_EINVAL, "a name that leads elsewhere");
	put("secrets/empty", "\n", 0600);
	IS(get("empty", &b, &f), 0, "an empty one");
	IS(b.n, 0, "is empty");
	kr_secret_done(&b);
}

static void values(void)
{
	struct kr_str c =
		KR_STR("# mine\n[api]\nkey = 12-34 \nSecret=a=b\n; no\nuri = x\nempty =\n");

	IS_STR(kr_secret_value(c, "key"), KR_STR("12-34"), "a value");
	IS_STR(kr_secret_value(c, "secret"), KR_STR("a=b"), "a value with an equals sign");
	IS_STR(kr_secret_value(c, "empty"), KR_STR(""), "an empty value");
	OK(!kr_secret_value(c, "none").p, "no value");
	OK(!kr_secret_value(KR_STR(""), "key").p, "nothing at all");
}

int main(void)
{
	char dir[] = "/tmp/secretXXXXXX", cmd[64];

	if (!mkdtemp(dir))
		return 1;
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY);
	OK(!mkdirat(dirfd_, "secrets", 0700), "the folder");
	files();
	values();
	close(dirfd_);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	OK(!system(cmd), "tidy");
	return tap_end();
}
