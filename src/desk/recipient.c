/* SPDX-License-Identifier: Apache-2.0 */
#include "desk/recipient.h"

#include "base/buf.h"
#include "base/text.h"
#include "model/mailaddr.h"
#include "model/taxonomy.h"
#include "store/read.h"

#define TEXT_MAX    1024
#define REPEAT_MAX  3650
#define CONTACT_MAX 16 /* addresses of one constituent */

static const char *const whens[] = {
	[KR_WHEN_NEVER] = "never",
	[KR_WHEN_NOW] = "now",
	[KR_WHEN_HOURLY] = "hourly",
	[KR_WHEN_DAILY] = "daily",
};

const char *kr_when_text(enum kr_when w)
{
	return w < KR_ARRAY_LEN(whens) ? whens[w] : "";
}

/* ---- wishes ---- */

static int bad_wish(struct kr_str piece, const char *what, struct kr_fault *reterr)
{
	kr_fault_set(reterr, -KR_EINVAL, "'%.*s' %s", (int)KR_MIN(piece.n, (size_t)60),
		     piece.p ? piece.p : "", what);
	kr_fault_remedy(reterr, "write CLASS=now|hourly|daily|never with classes of the taxonomy, "
				"e.g. \"intrusions=now *=daily\"");
	return -KR_EINVAL;
}

static bool read_when(struct kr_str s, enum kr_when *ret)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(whens); i++)
		if (kr_str_ieq(s, kr_str_c(whens[i]))) {
			*ret = (enum kr_when)i;
			return true;
		}
	*ret = KR_WHEN_NEVER;
	return kr_str_ieq(s, KR_STR("none"));
}

/* One "CLASS=WHEN". */
static int add_wish(struct kr_wish *w, struct kr_str piece, struct kr_fault *reterr)
{
	ptrdiff_t eq = kr_str_chr(piece, '=');
	struct kr_str name = kr_str_first(piece, eq < 0 ? 0 : (size_t)eq), class_;
	enum kr_when when;

	if (eq < 0)
		return bad_wish(piece, "is no wish", reterr);
	class_ = kr_str_eqc(name, "*") ? KR_STR("*") : kr_class_find(name);
	if (!class_.p)
		return bad_wish(name, "is no class of the taxonomy", reterr);
	if (!read_when(kr_str_from(piece, (size_t)eq + 1), &when))
		return bad_wish(piece, "does not say when", reterr);
	for (size_t i = 0; i < w->n; i++)
		if (kr_str_eq(w->item[i].class_, class_))
			return bad_wish(name, "is named twice", reterr);
	if (w->n == KR_WISH_MAX)
		return bad_wish(piece, "is one wish too many", reterr);
	w->item[w->n].class_ = class_;
	w->item[w->n++].when = when;
	return 0;
}

int kr_wish_parse(struct kr_str text, struct kr_wish *ret, struct kr_fault *reterr)
{
	struct kr_wish w = {0};
	size_t from = 0;

	for (size_t i = 0; i <= text.n; i++) {
		struct kr_str piece;
		int r;

		if (i < text.n && !kr_is_blank(text.p[i]) && text.p[i] != ',')
			continue;
		piece = kr_str_n(text.p + from, i - from);
		from = i + 1;
		if (!piece.n)
			continue;
		r = add_wish(&w, piece, reterr);
		if (r)
			return r;
	}
	*ret = w;
	return 0;
}

enum kr_when kr_wish_of(const struct kr_wish *w, struct kr_str class_, struct kr_str *ret_item)
{
	size_t star = w->n;

	for (size_t i = 0; i < w->n; i++) {
		if (kr_str_eq(w->item[i].class_, class_)) {
			*ret_item = w->item[i].class_;
			return w->item[i].when;
		}
		if (w->item[i].class_.n == 1 && w->item[i].class_.p[0] == '*')
			star = i;
	}
	*ret_item = star < w->n ? KR_STR("*") : KR_STR("");
	return star < w->n ? w->item[star].when : KR_WHEN_DAILY;
}

/* ---- doors ---- */

enum kr_door kr_sink_door(struct kr_str sink)
{
	static const struct {
		const char *sink;
		enum kr_door door;
	} doors[] = {
		{"mail", KR_DOOR_MAIL},
		{"webhook", KR_DOOR_WEBHOOK},
		{"file", KR_DOOR_FILE},
		{"pull", KR_DOOR_API},
	};

	for (size_t i = 0; i < KR_ARRAY_LEN(doors); i++)
		if (kr_str_eqc(sink, doors[i].sink))
			return doors[i].door;
	return KR_DOOR_NONE;
}

struct kr_viewer kr_recipient_viewer(const struct kr_recipient *r)
{
	return (struct kr_viewer){
		.kind = KR_VIEWER_RECIPIENT,
		.id = r->id,
		.name = r->address,
		.role = KR_ROLE_OPERATOR,
		.door = kr_sink_door(r->sink),
		.constituent = r->constituent,
		.constituent_name = r->constituent_name,
		.rights = KR_RIGHT_EVENTS | KR_RIGHT_FEEDBACK,
	};
}

/* ---- checking ---- */

static int invalid(struct kr_fault *reterr, struct kr_str value, const char *what,
		   const char *remedy)
{
	kr_fault_set(reterr, -KR_EINVAL, "'%.*s' %s", (int)KR_MIN(value.n, (size_t)80),
		     value.p ? value.p : "", what);
	kr_fault_remedy(reterr, "%s", remedy);
	return -KR_EINVAL;
}

static int check_url(struct kr_str url, struct kr_fault *reterr)
{
	bool good = url.n <= TEXT_MAX && (kr_str_starts(url, KR_STR("https://")) ||
					  kr_str_starts(url, KR_STR("http://")));

	for (size_t i = 0; good && i < url.n; i++)
		good = url.p[i] > ' ' && url.p[i] < 127;
	return good ? 0
		    : invalid(reterr, url, "is no address of a webhook",
			      "write it as https://host/path");
}

/* A folder below the data directory: where the file sink may write. */
static int check_folder(struct kr_str path, struct kr_fault *reterr)
{
	struct kr_str rest = path, piece;
	bool good = path.n && path.n <= 200 && path.p[0] != '/';

	while (good && rest.p && kr_str_split(&rest, '/', &piece)) {
		good = piece.n && piece.p[0] != '.';
		for (size_t i = 0; good && i < piece.n; i++)
			good = kr_is_alnum(piece.p[i]) || strchr("-_.", piece.p[i]);
	}
	return good ? 0
		    : invalid(reterr, path, "is no folder for files",
			      "write a relative one of letters, digits, '-', '_' and '.', e.g. "
			      "bank-a; it lies below the folder of the setting for files");
}

static int check_address(struct kr_recipient *r, struct kr_arena *a, struct kr_fault *reterr)
{
	switch (kr_sink_door(r->sink)) {
	case KR_DOOR_MAIL: return kr_mailaddr_parse(r->address, a, &r->address, reterr);
	case KR_DOOR_WEBHOOK: return check_url(r->address, reterr);
	case KR_DOOR_FILE: return check_folder(r->address, reterr);
	case KR_DOOR_API: r->address = r->address.p ? r->address : KR_STR(""); return 0;
	default:
		return invalid(reterr, r->sink, "is no way to tell somebody",
			       "use mail, webhook, file or pull");
	}
}

static int check_format(struct kr_str format, struct kr_fault *reterr)
{
	struct kr_str rest = format, piece;

	while (format.n && rest.p && kr_str_split(&rest, ',', &piece))
		if (!kr_str_eqc(piece, "csv") && !kr_str_eqc(piece, "xarf") &&
		    !kr_str_eqc(piece, "json"))
			return invalid(reterr, piece, "is no form of messages",
				       "use csv, xarf, json, or several with commas");
	return 0;
}

static bool minute_of(struct kr_str s, int *ret)
{
	ptrdiff_t colon = kr_str_chr(s, ':');
	uint64_t h, m = 0;

	if (kr_str_u64(kr_str_first(s, colon < 0 ? s.n : (size_t)colon), &h) ||
	    (colon >= 0 && kr_str_u64(kr_str_from(s, (size_t)colon + 1), &m)) || h > 24 || m > 59)
		return false;
	*ret = (int)(h * 60 + m) % 1440;
	return true;
}

/* "22:00-06:00", "none" */
static int set_quiet(struct kr_recipient *r, struct kr_str s, struct kr_fault *reterr)
{
	ptrdiff_t dash = kr_str_chr(s, '-');
	int from, to;

	r->quiet_from = r->quiet_to = -1;
	if (!s.n || kr_str_eqc(s, "none"))
		return 0;
	if (dash < 0 || !minute_of(kr_str_first(s, (size_t)dash), &from) ||
	    !minute_of(kr_str_from(s, (size_t)dash + 1), &to) || from == to)
		return invalid(reterr, s, "are no quiet hours",
			       "write them as 22:00-06:00 in the recipient's zone, or none");
	r->quiet_from = from;
	r->quiet_to = to;
	return 0;
}

/* A time, a span from now, or "none". */
static int set_muted(struct kr_recipient *r, struct kr_str s, kr_time now, struct kr_fault *reterr)
{
	int64_t span;

	if (!s.n || kr_str_eqc(s, "none")) {
		r->muted_until = KR_TIME_NONE;
		return 0;
	}
	if (!kr_span_parse(s, &span) && span > 0 && span <= 3650 * KR_DAY)
		r->muted_until = now + span;
	else if (kr_time_parse(s, &r->muted_until))
		return invalid(reterr, s, "is no time to be mute until",
			       "write a span as 3d, a time as 2026-12-24, or none");
	return 0;
}

static int set_number(struct kr_str s, uint64_t max, uint32_t *ret, const char *what,
		      struct kr_fault *reterr)
{
	uint64_t v;

	if (kr_str_u64(s, &v) || v > max) {
		kr_fault_set(reterr, -KR_EINVAL, "'%.*s' is no %s", (int)KR_MIN(s.n, (size_t)40),
			     s.p, what);
		kr_fault_remedy(reterr, "write a whole number from 0 to %llu",
				(unsigned long long)max);
		return -KR_EINVAL;
	}
	*ret = (uint32_t)v;
	return 0;
}

static int set_enabled(struct kr_recipient *r, struct kr_str s, struct kr_fault *reterr)
{
	if (!kr_str_eqc(s, "yes") && !kr_str_eqc(s, "no"))
		return invalid(reterr, s, "does not say whether it is enabled", "write yes or no");
	r->enabled = kr_str_eqc(s, "yes");
	return 0;
}

static int check_texts(const struct kr_recipient *r, struct kr_fault *reterr)
{
	const struct kr_str all[] = {r->address, r->language, r->zone,
				     r->classes, r->format,   r->secret};

	for (size_t i = 0; i < KR_ARRAY_LEN(all); i++)
		for (size_t k = 0; k < all[i].n; k++)
			if (all[i].n > TEXT_MAX || (unsigned char)all[i].p[k] < ' ')
				return invalid(reterr, kr_str_first(all[i], k),
					       "holds a control character or is too long",
					       "use plain text");
	for (size_t k = 0; k < r->language.n; k++)
		if (r->language.n > 20 ||
		    (!kr_is_alnum(r->language.p[k]) && !strchr("-_@", r->language.p[k])))
			return invalid(reterr, r->language, "is no language",
				       "write it as en, hr or sr-Latn");
	for (size_t k = 0; k < r->secret.n; k++)
		if ((!kr_is_alnum(r->secret.p[k]) && !strchr("-_.", r->secret.p[k])) ||
		    r->secret.p[0] == '.')
			return invalid(reterr, r->secret, "is no name of a secret",
				       "name a file below secrets/ of the data directory");
	return 0;
}

/* Everything that is to be valid, and the canonical form of the address. */
static int check(struct kr_recipient *r, struct kr_arena *a, struct kr_fault *reterr)
{
	struct kr_wish wish;
	struct kr_zone *zone = NULL;
	int err = check_texts(r, reterr);

	if (!err)
		err = check_address(r, a, reterr);
	if (!err)
		err = kr_wish_parse(r->classes, &wish, reterr);
	if (!err)
		err = check_format(r->format, reterr);
	if (!err)
		err = kr_zone_open(r->zone, &zone, reterr);
	kr_zone_free(zone);
	return err;
}

static void put_text(struct kr_str *at, struct kr_str v)
{
	if (v.p)
		*at = v;
}

static int apply(struct kr_recipient *r, const struct kr_desk_recipient_change *c, kr_time now,
		 struct kr_fault *reterr)
{
	int err = 0;

	put_text(&r->sink, c->sink);
	put_text(&r->address, c->address);
	put_text(&r->language, c->language);
	put_text(&r->zone, c->zone);
	put_text(&r->classes, c->classes);
	put_text(&r->format, c->format);
	put_text(&r->secret, c->secret);
	if (c->hour.p)
		err = set_number(c->hour, 23, &r->hour, "hour of a day", reterr);
	if (!err && c->quiet.p)
		err = set_quiet(r, c->quiet, reterr);
	if (!err && c->muted.p)
		err = set_muted(r, c->muted, now, reterr);
	if (!err && c->repeat.p)
		err = set_number(c->repeat, REPEAT_MAX, &r->repeat_days, "number of days", reterr);
	if (!err && c->enabled.p)
		err = set_enabled(r, c->enabled, reterr);
	return err;
}

static struct kr_recipient standard(const struct kr_conf *conf)
{
	return (struct kr_recipient){
		.sink = KR_STR("mail"),
		.classes = kr_str_c(conf->delivery_classes),
		.format = KR_STR("csv"),
		.hour = (uint32_t)conf->delivery_hour,
		.quiet_from = -1,
		.quiet_to = -1,
		.muted_until = KR_TIME_NONE,
		.bounced = KR_TIME_NONE,
		.repeat_days = (uint32_t)conf->delivery_repeat_days,
		.health = 100,
		.enabled = true,
	};
}

int kr_desk_recipient_put(struct kr_store *s, const struct kr_conf *conf, const struct kr_by *by,
			  uint32_t id, struct kr_str constituent,
			  const struct kr_desk_recipient_change *c, struct kr_arena *a,
			  struct kr_recipient *ret, struct kr_fault *reterr)
{
	struct kr_recipient r = standard(conf);
	struct kr_constituent owner;
	struct kr_rule *rules;
	uint32_t new_id = 0;
	size_t n;
	int err;

	if (id)
		err = kr_store_recipient_get(s, &KR_SCOPE_ALL, id, a, &r, reterr);
	else
		err = kr_store_constituent_get(s, &KR_SCOPE_ALL, constituent, 0, a, &owner, &rules,
					       &n, reterr);
	if (!err && r.removed)
		err = kr_fault_set(reterr, -KR_ENOENT, "recipient %u was removed", id);
	if (!err && id && c->revision && c->revision != r.revision) {
		kr_fault_set(reterr, -KR_EEXIST, "recipient %u was changed by somebody else", id);
		kr_fault_remedy(reterr, "look at it again, then change it once more");
		err = -KR_EEXIST;
	}
	if (!err && !id)
		r.constituent = owner.id;
	if (!err)
		err = apply(&r, c, kr_store_now(s), reterr);
	if (!err)
		err = check(&r, a, reterr);
	/* An address that people corrected is asked anew. */
	if (!err && (c->address.p || c->enabled.p))
		r.health = 100;
	if (!err)
		err = kr_store_recipient_put(s, by, &r, &new_id, reterr);
	return err ? err : kr_store_recipient_get(s, &KR_SCOPE_ALL, new_id, a, ret, reterr);
}

/* ---- the register's ---- */

struct wanted {
	struct kr_recipient *list;
	size_t n, cap;
	uint32_t bad;
};

/* The next piece of a contact: addresses are separated by blanks, commas or semicolons. */
static bool next_piece(struct kr_str *rest, struct kr_str *ret)
{
	size_t n = 0;

	while (rest->n && (kr_is_blank(*rest->p) || strchr(",;<>", *rest->p)))
		*rest = kr_str_from(*rest, 1);
	while (n < rest->n && !kr_is_blank(rest->p[n]) && !strchr(",;<>", rest->p[n]))
		n++;
	*ret = kr_str_first(*rest, n);
	*rest = kr_str_from(*rest, n);
	return n > 0;
}

static bool known(const struct wanted *w, size_t first, struct kr_str address)
{
	for (size_t i = first; i < w->n; i++)
		if (kr_str_eq(w->list[i].address, address))
			return true;
	return false;
}

static int add_contacts(struct wanted *w, const struct kr_constituent *c, struct kr_arena *a,
			struct kr_fault *reterr)
{
	struct kr_str rest = c->contact, piece;
	size_t first = w->n;

	while (w->n - first < CONTACT_MAX && next_piece(&rest, &piece)) {
		struct kr_str address;

		/* Names of people and telephone numbers stand there too. */
		if (kr_str_chr(piece, '@') < 0 || kr_mailaddr_parse(piece, a, &address, NULL) ||
		    known(w, first, address))
			continue;
		w->list = kr_arena_more(a, w->list, w->n, &w->cap, sizeof(*w->list));
		if (!w->list)
			return kr_fault_set(reterr, -KR_ELIMIT, "too many contacts");
		w->list[w->n++] = (struct kr_recipient){.constituent = c->id, .address = address};
	}
	w->bad += c->contact.n && w->n == first;
	return 0;
}

int kr_desk_recipient_sync(struct kr_store *s, const struct kr_conf *conf, const struct kr_by *by,
			   struct kr_register_recipients *ret, uint32_t *ret_bad,
			   struct kr_fault *reterr)
{
	KR_AUTO(kr_arena) *a = kr_arena_new(0);
	struct kr_recipient like = standard(conf);
	struct kr_constituent *c;
	struct wanted w = {0};
	struct kr_rule *rules;
	size_t n, n_rules;
	int err = kr_store_register_read(s, &KR_SCOPE_ALL, false, a, &c, &n, &rules, &n_rules,
					 reterr);

	for (size_t i = 0; !err && i < n; i++)
		err = add_contacts(&w, &c[i], a, reterr);
	if (!err)
		err = kr_store_recipient_sync(s, by, &like, w.list, w.n, ret, reterr);
	if (!err)
		*ret_bad = w.bad;
	return err;
}
