/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static unsigned entries(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fdopendir(fd);
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

int main(void)
{
	char folder[] = "/tmp/karaula-file-XXXXXX", big[1000], text[512];
	struct kr_map_file map = {0};
	struct kr_fault f = {0};
	struct stat st;
	int dir;
	KR_AUTO_BUF b = KR_BUF(5000);
	KR_AUTO_BUF small = KR_BUF(999);

	memset(big, 'x', sizeof(big));
	OK(mkdtemp(folder) != NULL, "folder");
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	IS(kr_file_replace(dir, "a", kr_str_n(big, sizeof(big)), 0640, &f), 0, "write");
	IS(fstatat(dir, "a", &st, 0) ? 0 : st.st_mode & 07777, 0640, "its mode");
	IS(kr_file_read(dir, "a", 1000, &b, &f), 0, "read, exactly as large as allowed");
	IS(b.n, 1000, "its size");
	IS(kr_file_read(dir, "a", 4000, &b, &f), 0, "read again, appended");
	IS(b.n, 2000, "size of both");
	IS(kr_file_read(dir, "a", 999, &b, &f), -KR_ELIMIT, "larger than allowed");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)), "a is larger than the 999 bytes allowed",
		"the message");
	IS(kr_file_read(dir, "a", 4000, &small, &f), -KR_ELIMIT, "larger than the buffer may be");
	IS(kr_file_read(dir, "none", 10, &b, &f), -KR_ENOENT, "no such file");
	IS_CSTR(kr_fault_text(&f, text, sizeof(text)),
		"cannot open none: No such file or directory", "the message");
	IS(kr_file_replace(dir, "a", KR_STR("new"), 0600, &f), 0, "replace");
	kr_buf_clear(&b);
	IS(kr_file_read(dir, "a", 10, &b, &f), 0, "read the new one");
	IS_STR(kr_buf_str(&b), KR_STR("new"), "the new content");
	IS(entries(dir), 1, "no temporary file is left");
	IS(kr_file_replace(dir, "no/such", KR_STR("x"), 0600, &f), -KR_ENOENT, "no such folder");

	IS(kr_mkdir_all(dir, "x/y//z/", 0700, &f), 0, "folders");
	IS(kr_mkdir_all(dir, "x/y/z", 0700, &f), 0, "again");
	IS(kr_file_replace(dir, "x/y/z/f", KR_STR(""), 0600, &f), 0, "file in them");
	IS(kr_mkdir_all(dir, "a/b", 0700, &f) < 0, true, "a file is in the way");
	IS(kr_mkdir_all(dir, "a", 0700, &f), -KR_EEXIST, "a file has the name");
	IS(kr_mkdir_all(dir, "", 0700, &f), -KR_EINVAL, "no name");
	IS(kr_file_replace(dir, "x", KR_STR("x"), 0600, &f) < 0, true, "a folder is not replaced");
	IS(entries(dir), 2, "and no temporary file is left");

	IS(kr_map_open(dir, "a", &map, &f), 0, "map");
	IS_STR(kr_str_n(map.p, map.n), KR_STR("new"), "mapped content");
	kr_map_close(&map);
	IS(kr_map_open(dir, "x/y/z/f", &map, &f), 0, "map an empty file");
	IS(map.n, 0, "its size");
	kr_map_close(&map);
	IS(kr_map_open(dir, "x", &map, &f), -KR_EINVAL, "a folder cannot be mapped");
	IS(kr_sync_dir(dir, "x", &f), 0, "sync of a folder");

	dir = open("/dev/full", O_WRONLY);
	IS(kr_write_all(dir, "x", 1, &f), -KR_EFULL, "full disk");
	snprintf(text, sizeof(text), "rm -r %s", folder);
	IS(system(text), 0, "cleared away");
	return tap_end();
}
