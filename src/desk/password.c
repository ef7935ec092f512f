/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this works: checking a password costs 64 MiB and tens of milliseconds on purpose, so one is
 * checked at a time, a few may wait, and more are turned away: a flood of logins can neither fill
 * the memory nor hold all threads of the pages. Failures are counted for the name and for the
 * address, also for names that nobody has, or the count would tell which exist. After
 * accounts.failures_max of them the next try must wait: 15 s, then twice as long after each further
 * one, up to accounts.lock. A day without failures forgets them, so does a login of the name. Who
 * is kept out by somebody else's failures comes in by a one-time link.
 */
#include "desk/account_internal.h"

#include "base/ip.h"

#define WAITING_MAX    8
#define WAIT_FIRST     (15 * KR_SECOND)
#define FORGET	       KR_DAY
#define ADDRESS_FACTOR 4 /* people behind one address */

int kr_account__hash_begin(struct kr_accounts *a, struct kr_fault *reterr)
{
	if (atomic_fetch_add(&a->waiting, 1) >= WAITING_MAX) {
		atomic_fetch_sub(&a->waiting, 1);
		kr_fault_set(reterr, -KR_EBUSY, "too many are logging in at this moment");
		kr_fault_remedy(reterr, "try again in a few seconds");
		return -KR_EBUSY;
	}
	pthread_mutex_lock(&a->hash_lock);
	return 0;
}

void kr_account__hash_end(struct kr_accounts *a)
{
	pthread_mutex_unlock(&a->hash_lock);
	atomic_fetch_sub(&a->waiting, 1);
}

static int refuse(struct kr_fault *reterr, const char *why, uint32_t min)
{
	kr_fault_set(reterr, -KR_EINVAL, "%s", why);
	kr_fault_where(reterr, "password");
	kr_fault_remedy(reterr, "choose one of at least %u characters, e.g. some words in a row",
			min);
	return -KR_EINVAL;
}

int kr_account__password_check(const struct kr_account_opts *o, struct kr_str password,
			       struct kr_str name, struct kr_fault *reterr)
{
	size_t chars = 0;

	if (password.n > KR_PASSWORD_BYTES)
		return refuse(reterr, "the password has more than 1,024 bytes", o->password_min);
	if (kr_utf8_valid(password) != password.n)
		return refuse(reterr, "the password is not in UTF-8", o->password_min);
	for (size_t i = 0; i < password.n; i++)
		chars += ((unsigned char)password.p[i] & 0xc0) != 0x80;
	if (chars < o->password_min)
		return refuse(reterr, "the password is too short", o->password_min);
	if (kr_str_ieq(password, name))
		return refuse(reterr, "the password is the name", o->password_min);
	return 0;
}

struct kr_str kr_account__net(struct kr_str address, char buf[64])
{
	struct kr_ip ip;

	if (kr_ip_parse(address, &ip))
		return KR_STR("");
	if (ip.family == 6)
		ip = kr_ip_net(&ip, 64);
	return kr_str_n(buf, kr_net_text(&ip, buf));
}

/* Until when must the next try wait? */
static kr_time wait_until(const struct kr_failures *f, uint64_t max, int64_t lock)
{
	uint64_t over;
	int64_t wait;

	if (f->n < max || f->last == KR_TIME_NONE)
		return KR_TIME_NONE;
	over = KR_MIN(f->n - max, (uint64_t)20);
	wait = WAIT_FIRST << over;
	return f->last + KR_MIN(wait, lock);
}

int kr_account__may_try(struct kr_accounts *a, struct kr_str name, struct kr_str address,
			struct kr_fault *reterr)
{
	struct kr_account_opts o = kr_account__opts(a);
	kr_time now = kr_store_now(a->store), until, by_address;
	struct kr_failures of_name, of_address;
	int r = kr_store_failures(a->store, name, address, now - FORGET, &of_name, &of_address,
				  reterr);

	if (r)
		return r;
	until = wait_until(&of_name, o.failures_max, o.lock);
	by_address = wait_until(&of_address, (uint64_t)o.failures_max * ADDRESS_FACTOR, o.lock);
	until = KR_MAX(until, by_address);
	/* A clock that was set back does not keep anybody out for longer than the setting says. */
	if (until == KR_TIME_NONE || until <= now || until > now + o.lock)
		return 0;
	kr_fault_set(reterr, -KR_ERATE, "too many failed logins: try again in %lld s",
		     (long long)((until - now + KR_SECOND - 1) / KR_SECOND));
	kr_fault_remedy(reterr,
			"wait, or ask an administrator for a link that sets a new password");
	return -KR_ERATE;
}

int kr_account__failed(struct kr_accounts *a, const struct kr_by *by, struct kr_str name,
		       struct kr_str address, const char *why, struct kr_fault *reterr)
{
	return kr_store_failure_add(a->store, by, name, address, kr_store_now(a->store) - FORGET,
				    kr_str_c(why), reterr);
}
