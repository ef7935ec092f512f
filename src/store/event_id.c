/* SPDX-License-Identifier: Apache-2.0 */
/* The id of an event as people see it: day of spooling, retention class, part of that day, row. */
#include "store/read.h"

#include <stdio.h>

char *kr_event_id_text(const struct kr_event_id *id, char buf[KR_EVENT_ID_TEXT_MAX])
{
	char day[KR_TIME_TEXT_MAX];

	snprintf(buf, KR_EVENT_ID_TEXT_MAX, "%s-%s-%u-%llu", kr_day_text_compact(id->day, day),
		 kr_retention_text(id->class_), id->part, (unsigned long long)id->row);
	return buf;
}

int kr_event_id_parse(struct kr_str s, struct kr_event_id *ret)
{
	struct kr_str day, class_, part;
	struct kr_event_id id;
	uint64_t n;

	if (!kr_str_split(&s, '-', &day) || !kr_str_split(&s, '-', &class_) ||
	    !kr_str_split(&s, '-', &part) || !s.p)
		return -KR_EINVAL;
	if (day.n != 8 || kr_day_parse(day, &id.day) < 0 ||
	    kr_retention_parse(class_, &id.class_) < 0)
		return -KR_EINVAL;
	if (kr_str_u64(part, &n) < 0 || n > UINT32_MAX || kr_str_u64(s, &id.row) < 0 ||
	    id.row > INT64_MAX)
		return -KR_EINVAL;
	id.part = (uint32_t)n;
	*ret = id;
	return 0;
}
