/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reporter.h"

#include <fcntl.h>
#include <unistd.h>

#include "conf/conf.h"
#include "model/mailaddr.h"

static int not_named(struct kr_cli *c)
{
	kr_fault_set(&c->fault, -KR_EUSAGE, "this format must say who reports");
	kr_fault_remedy(&c->fault, "give --reporter 'Example CSIRT <csirt@example.org>', or set "
				   "org, contact and domain of [reporter] in " KR_CONF_FILE);
	return -KR_EUSAGE;
}

/* 'NAME <ADDRESS>' */
static int from_option(struct kr_cli *c, struct kr_str s, struct kr_codec_org *ret)
{
	ptrdiff_t open = kr_str_chr(s, '<');
	struct kr_str address;
	int err = -KR_EINVAL;

	if (open > 0 && kr_str_ends(s, KR_STR(">"))) {
		address = kr_str_from(s, (size_t)open + 1);
		ret->name = kr_str_trim(kr_str_first(s, (size_t)open));
		err = kr_mailaddr_parse(kr_str_first(address, address.n - 1), c->arena,
					&ret->contact, NULL);
	}
	if (err || !ret->name.n) {
		kr_fault_set(&c->fault, -KR_EUSAGE, "--reporter: not a name with an address");
		kr_fault_remedy(&c->fault, "for example 'Example CSIRT <csirt@example.org>'");
		return -KR_EUSAGE;
	}
	ret->domain = kr_mailaddr_domain(ret->contact);
	return 0;
}

int kr_cli_reporter(struct kr_cli *c, struct kr_codec_org *ret)
{
	const char *option = kr_cli_opt(c, "reporter");
	const struct kr_conf *conf;
	int fd, err;

	if (option)
		return from_option(c, kr_str_trim(kr_str_c(option)), ret);
	fd = openat(c->cwd_fd, c->dir ? c->dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return not_named(c);
	err = kr_conf_load(fd, KR_CONF_FILE, &conf, &c->fault);
	close(fd);
	if (err == -KR_ENOENT)
		return not_named(c);
	if (err)
		return err;
	ret->name = kr_arena_dup(c->arena, kr_str_c(conf->reporter_org));
	ret->contact = kr_arena_dup(c->arena, kr_str_c(conf->reporter_contact));
	ret->domain = kr_arena_dup(c->arena, kr_str_c(conf->reporter_domain));
	kr_conf_unref(conf);
	return ret->name.n && ret->contact.n && ret->domain.n ? 0 : not_named(c);
}
