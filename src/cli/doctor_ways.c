/* SPDX-License-Identifier: Apache-2.0 */
/* Could what owners are told leave the node, by the settings? Nothing is sent to find out. */
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/doctor.h"
#include "model/mailaddr.h"
#include "net/secret.h"
#include "net/smtp.h"

static int address(const char *value, const char *setting, struct kr_arena *a,
		   struct kr_fault *reterr)
{
	struct kr_str ignored;
	int err;

	if (!kr_mailaddr_parse(kr_str_c(value), a, &ignored, reterr))
		return 0;
	err = kr_fault_set(reterr, -KR_ECONF, "%s is not a mail address: '%.100s'", setting, value);
	kr_fault_remedy(reterr, "set it in karaula.conf");
	return err;
}

static void mail(struct kr_doctor *d, const struct kr_conf *c)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_buf password = KR_BUF(KR_SECRET_MAX);
	struct kr_fault f = {0};
	int err = kr_smtp_check(c, &f);

	if (!err)
		err = address(c->mail_from, "mail.from", a, &f);
	if (!err && c->mail_bounce[0])
		err = address(c->mail_bounce, "mail.bounce", a, &f);
	if (!err && c->mail_user[0])
		err = kr_secret_read(d->dirfd, kr_str_c(c->mail_password), &password, &f);
	kr_secret_done(&password);
	if (err)
		kr_doctor_fault(d, KR_HEALTH_FAIL, "mail", &f);
	else if (!c->mail_bounce[0])
		kr_doctor_say(d, KR_HEALTH_WARN, "mail",
			      "set mail.bounce, and see doc/mail.md for the mail server",
			      "what comes back is not assigned to recipients");
	else
		kr_doctor_say(d, KR_HEALTH_OK, "mail", NULL, "by %s port %u, %s", c->mail_server,
			      (unsigned)c->mail_port, c->mail_tls);
}

static void files(struct kr_doctor *d, const struct kr_conf *c)
{
	const char *dir = c->delivery_file_dir;
	int fd = dir[0] ? openat(d->dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0 || faccessat(fd, ".", W_OK, AT_EACCESS) != 0)
		kr_doctor_say(d, KR_HEALTH_FAIL, "files",
			      "set delivery.file_dir to a folder that the node may write to",
			      "'%s' cannot be written to", dir);
	else
		kr_doctor_say(d, KR_HEALTH_OK, "files", NULL, "below %s", dir);
	if (fd >= 0)
		close(fd);
}

void kr_doctor_ways(struct kr_doctor *d, const struct kr_conf *c)
{
	if (c->delivery_mail)
		mail(d, c);
	if (c->delivery_file)
		files(d, c);
	if (!c->delivery_mail && !c->delivery_file && !c->delivery_webhook)
		kr_doctor_say(d, KR_HEALTH_OK, "delivery", NULL,
			      "mail, webhooks and files are switched off");
}
