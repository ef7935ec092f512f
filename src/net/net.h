/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all outgoing connections of the node share: settings of the section net, the switch that
 * ends them when the node stops, and the addresses that are never asked.
 */
#pragma once

#include "base/base.h"
#include "base/ip.h"
#include "conf/conf.h"

struct kr_net;

/*
 * conf  settings; counted
 * dir   data directory, which relative paths of settings start at; copied
 */
struct kr_net *kr_net_new(const struct kr_conf *conf, const char *dir);
/* No request may be running any more. NULL is fine. */
void kr_net_free(struct kr_net *n);
KR_AUTO_DEFINE(kr_net)
/* Take the settings of a new configuration; requests that are running keep the old ones. */
void kr_net_configure(struct kr_net *n, const struct kr_conf *conf);
/* End all requests, now and later, with -KR_ECANCEL: the node stops. Any thread. */
void kr_net_stop(struct kr_net *n);
bool kr_net_stopped(const struct kr_net *n);

/* The settings as they are now, a counted snapshot, and the data directory. */
const struct kr_conf *kr_net_conf(struct kr_net *n);
const char *kr_net_dir(const struct kr_net *n);

/* Why an address is never asked, a short phrase; NULL: it may be asked. See net/blocked.def. */
const char *kr_net_blocked(const struct kr_ip *ip);
