/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include "tap.h"

static bool blocked(const char *text)
{
	struct kr_ip ip;

	return !kr_ip_parse(kr_str_c(text), &ip) && kr_net_blocked(&ip) != NULL;
}

int main(void)
{
	static const char *const never[] = {
		"169.254.169.254", "169.254.0.1",	"fe80::1",     "febf::1",
		"fd00:ec2::254",   "100.100.100.200",	"192.0.0.192", "168.63.129.16",
		"224.0.0.1",	   "255.255.255.255",	"ff02::1",     "::ffff:169.254.169.254",
		"64:ff9b::a9fe:1", "2002:a9fe:a9fe::1", "fe80::1%eth0"};
	static const char *const fine[] = {"127.0.0.1",	  "::1",	  "10.0.0.1",
					   "192.168.1.1", "192.0.2.1",	  "2001:db8::1",
					   "fd00::1",	  "169.253.1.1",  "170.0.0.1",
					   "fec0::1",	  "64:ff9b::1:1", "2002:c000:201::1"};

	for (size_t i = 0; i < KR_ARRAY_LEN(never); i++)
		OK(blocked(never[i]), "%s is never asked", never[i]);
	for (size_t i = 0; i < KR_ARRAY_LEN(fine); i++)
		OK(!blocked(fine[i]), "%s may be asked", fine[i]);
	return tap_end();
}
