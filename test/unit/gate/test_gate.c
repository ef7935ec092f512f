/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two faces of the gate against each other, over everything that they look at; and both against
 * a table written by hand, since two wrong faces may agree. The store has its own test against the
 * same scope.
 */
#include "tap.h"

#include "base/buf.h"
#include "gate/gate.h"

#define MINE  7
#define OTHER 9

static const enum kr_tlp labels[] = {KR_TLP_NONE,  KR_TLP_CLEAR,	KR_TLP_GREEN,
				     KR_TLP_AMBER, KR_TLP_AMBER_STRICT, KR_TLP_RED};
static const struct kr_owner owners[4][2] = {{{0}},
					     {{.constituent = MINE}},
					     {{.constituent = OTHER}},
					     {{.constituent = OTHER}, {.constituent = MINE}}};
static const size_t n_owners[4] = {0, 1, 1, 2};

/* ---- all against all ---- */

struct sums {
	unsigned long cases, seen, differ, fields, reasons;
};

static void compare(const struct kr_viewer *v, struct sums *sum)
{
	struct kr_scope s = kr_gate_scope(v);
	struct kr_owner own = {.constituent = v->constituent};
	/* What everybody sees who sees anything. */
	bool any = kr_gate_may(v, &(struct kr_item){KR_TLP_CLEAR, &own, 1});

	for (size_t l = 0; l < KR_ARRAY_LEN(labels); l++)
		for (size_t o = 0; o < 4; o++) {
			struct kr_item item = {
				.label = labels[l], .owners = owners[o], .n_owners = n_owners[o]};
			bool may = kr_gate_may(v, &item);

			sum->cases++;
			sum->seen += may;
			sum->differ += may && !any;
			sum->differ += may != kr_scope_has(&s, labels[l], owners[o], n_owners[o]);
			sum->reasons += may != !kr_gate_reason(v, &item);
		}
	for (int f = 0; f < KR_FIELD_MAX; f++) {
		bool may = kr_gate_field(v, (enum kr_field)f);

		/* Who may see no event sees no field, and what is no field is seen by none. */
		sum->fields += may && (!any || !kr_field_info((enum kr_field)f));
		sum->fields += any && may != kr_scope_field(&s, (enum kr_field)f);
	}
	/* The scope of a viewer never is that of the node itself. */
	sum->differ += s.all;
}

static void test_faces(void)
{
	static const enum kr_viewer_kind kinds[] = {KR_VIEWER_ANONYMOUS, KR_VIEWER_LOCAL,
						    KR_VIEWER_USER, KR_VIEWER_KEY,
						    KR_VIEWER_RECIPIENT};
	static const uint32_t rights[] = {0, KR_RIGHT_EVENTS, KR_RIGHTS_ALL & ~KR_RIGHT_EVENTS,
					  KR_RIGHTS_ALL};
	static const uint32_t bound[] = {0, MINE, OTHER, 12345};
	struct sums sum = {0};

	for (size_t k = 0; k < KR_ARRAY_LEN(kinds); k++)
		for (int role = -1; role <= KR_ROLES; role++)
			for (int door = -1; door <= KR_DOORS; door++)
				for (size_t t = 0; t < KR_ARRAY_LEN(labels); t++)
					for (size_t c = 0; c < 4; c++)
						for (size_t r = 0; r < 4; r++) {
							struct kr_viewer v = {
								.kind = kinds[k],
								.role = (enum kr_role)role,
								.door = (enum kr_door)door,
								.tlp_max = labels[t],
								.constituent = bound[c],
								.rights = rights[r],
							};

							compare(&v, &sum);
						}
	printf("# %lu cases, %lu seen\n", sum.cases, sum.seen);
	IS(sum.differ, 0, "kr_gate_may() and the scope of kr_gate_scope() agree");
	IS(sum.fields, 0, "kr_gate_field() agrees with what the scope shows");
	IS(sum.reasons, 0, "whoever may not is told why, whoever may is not");
	OK(sum.seen > 1000 && sum.seen < sum.cases / 2, "some see something, most do not");
}

/* ---- who sees what, by hand ---- */

/* C CLEAR, G GREEN, A AMBER, S AMBER+STRICT, R RED, n without a label. */
static const struct expected {
	const char *what;
	enum kr_viewer_kind kind;
	enum kr_role role;
	enum kr_door door;
	uint32_t constituent;
	enum kr_tlp limit;
	const char *mine;   /* labels seen where MINE is the owner, or one of two */
	const char *others; /* where OTHER is, or nobody */
} table[] = {
#define V(what, kind, role, door, constituent, limit, mine, others)                                \
	{what,	      KR_VIEWER_##kind, KR_ROLE_##role, KR_DOOR_##door,                            \
	 constituent, KR_TLP_##limit,	mine,		others}
	V("the command line", LOCAL, ADMIN, LOCAL, 0, NONE, "nCGAS", "nCGAS"),
	V("a viewer on pages", USER, VIEWER, PAGE, 0, NONE, "nCGAS", "nCGAS"),
	V("who is on duty", USER, DUTY, PAGE, 0, NONE, "nCGAS", "nCGAS"),
	V("an analyst", USER, ANALYST, PAGE, 0, NONE, "nCGAS", "nCGAS"),
	V("a lead", USER, LEAD, PAGE, 0, NONE, "nCGAS", "nCGAS"),
	V("an administrator", USER, ADMIN, PAGE, 0, NONE, "nCGAS", "nCGAS"),
	V("an administrator by the API", USER, ADMIN, API, 0, NONE, "nCGAS", "nCGAS"),
	V("an operator on pages", USER, OPERATOR, PAGE, MINE, NONE, "nCGA", ""),
	V("an operator by the API", KEY, OPERATOR, API, MINE, NONE, "nCGA", ""),
	V("an operator without constituent", USER, OPERATOR, PAGE, 0, NONE, "", ""),
	V("an operator of another", USER, OPERATOR, PAGE, 12345, NONE, "", ""),
	V("a partner", USER, PARTNER, PAGE, 0, NONE, "CG", "CG"),
	V("the police", USER, POLICE, PAGE, 0, NONE, "CG", "CG"),
	V("a key up to GREEN", KEY, VIEWER, API, 0, GREEN, "CG", "CG"),
	V("a key up to CLEAR", KEY, ADMIN, API, 0, CLEAR, "C", "C"),
	V("a key up to AMBER", KEY, ANALYST, API, 0, AMBER, "nCGA", "nCGA"),
	V("a partner's key up to AMBER", KEY, PARTNER, API, 0, AMBER, "CG", "CG"),
	V("an operator's key up to GREEN", KEY, OPERATOR, API, MINE, GREEN, "CG", ""),
	V("a key with a limit of RED", KEY, ADMIN, API, 0, RED, "nCGAS", "nCGAS"),
	V("lists for machines", KEY, ADMIN, EXPORT, 0, NONE, "nCGA", "nCGA"),
	V("a recipient by mail", RECIPIENT, OPERATOR, MAIL, MINE, NONE, "nCGA", ""),
	V("a recipient by webhook", RECIPIENT, OPERATOR, WEBHOOK, MINE, NONE, "nCGA", ""),
	V("a recipient's folder", RECIPIENT, OPERATOR, FILE, MINE, NONE, "nCGA", ""),
	V("a recipient's link", RECIPIENT, OPERATOR, LINK, MINE, NONE, "nCGA", ""),
	V("staff by mail", RECIPIENT, LEAD, MAIL, 0, NONE, "nCGA", "nCGA"),
	V("staff that is bound", USER, ANALYST, PAGE, MINE, NONE, "nCGA", ""),
	V("a partner that is bound", USER, PARTNER, PAGE, MINE, NONE, "CG", ""),
	V("nobody", ANONYMOUS, ADMIN, PAGE, 0, NONE, "", ""),
	V("no role", USER, NONE, PAGE, 0, NONE, "", ""),
	V("no door", USER, ADMIN, NONE, 0, NONE, "", ""),
#undef V
};

static struct kr_viewer viewer_of(const struct expected *e)
{
	const struct kr_role_info *role = kr_role_info(e->role);

	return (struct kr_viewer){
		.kind = e->kind,
		.role = e->role,
		.door = e->door,
		.constituent = e->constituent,
		.tlp_max = e->limit,
		.rights = role ? role->rights : KR_RIGHTS_ALL,
	};
}

static void letters(const struct kr_viewer *v, size_t owner, char *to)
{
	for (size_t l = 0; l < KR_ARRAY_LEN(labels); l++) {
		struct kr_item item = {
			.label = labels[l], .owners = owners[owner], .n_owners = n_owners[owner]};

		if (kr_gate_may(v, &item))
			*to++ = "nCGASR"[l];
	}
	*to = '\0';
}

static void test_table(void)
{
	for (size_t i = 0; i < KR_ARRAY_LEN(table); i++) {
		struct kr_viewer v = viewer_of(&table[i]);

		for (size_t o = 0; o < 4; o++) {
			const char *want = o & 1 ? table[i].mine : table[i].others;
			char got[8];

			letters(&v, o, got);
			if (!OK(!strcmp(got, want), "%s, owners %zu: %s", table[i].what, o, want))
				printf("#   got %s\n", got);
		}
	}
}

/* A viewer who may not read events sees none, whatever else he may. */
static void test_no_events(void)
{
	struct kr_viewer v = {.kind = KR_VIEWER_KEY,
			      .role = KR_ROLE_ADMIN,
			      .door = KR_DOOR_API,
			      .rights = KR_RIGHT_TAKE | KR_RIGHT_NODE};
	struct kr_item item = {.label = KR_TLP_CLEAR};
	struct kr_scope s = kr_gate_scope(&v);

	OK(!kr_gate_may(&v, &item) && !kr_scope_has(&s, KR_TLP_CLEAR, NULL, 0),
	   "a key that only takes sees no event");
	IS_CSTR(kr_gate_reason(&v, &item), "the key does not include events", "and is told so");
	IS(s.rights, KR_RIGHT_TAKE | KR_RIGHT_NODE, "but keeps its rights");
	OK(!kr_gate_field(&v, KR_F_CLASS_TYPE), "and sees no field");
}

static void test_rights(void)
{
	struct kr_viewer v = {.kind = KR_VIEWER_KEY,
			      .role = KR_ROLE_VIEWER,
			      .door = KR_DOOR_API,
			      .rights = KR_RIGHTS_ALL};
	KR_AUTO_BUF b = KR_BUF(400);

	kr_rights_text(kr_gate_scope(&v).rights, &b);
	IS_STR(kr_buf_str(&b), KR_STR("events,reports,register,deliveries"),
	       "rights beyond the role's do not count");
	v.role = KR_ROLE_ADMIN;
	v.constituent = MINE;
	kr_buf_clear(&b);
	kr_rights_text(kr_gate_scope(&v).rights, &b);
	IS_STR(kr_buf_str(&b), KR_STR("events,deliveries,feedback"),
	       "who is bound to a constituent reads no reports, register or audit log");
}

/* ---- fields, by hand ---- */

static void test_fields(void)
{
	static const struct {
		enum kr_field field;
		bool staff, owner, community;
	} want[] = {
		{KR_F_CLASS_TYPE, true, true, true},   {KR_F_CLASS_TAXONOMY, true, true, true},
		{KR_F_SRC_ASN, true, true, true},      {KR_F_SRC_IP, true, true, false},
		{KR_F_SRC_ACCOUNT, true, true, false}, {KR_F_SRC_LOCAL_IP, true, true, false},
		{KR_F_COMMENT, true, true, false},     {KR_F_DESCRIPTION_TEXT, true, true, false},
		{KR_F_FEED_NAME, true, false, false},  {KR_F_FEED_PROVIDER, true, false, false},
		{KR_F_FEED_URL, true, false, false},   {KR_F_TIME_OBSERVATION, true, false, false},
		{KR_F_RAW, true, false, false},	       {KR_F_RTIR_ID, true, false, false},
		{KR_F_MISP_EVENT, true, false, false},
	};
	struct kr_viewer staff = {.kind = KR_VIEWER_USER,
				  .role = KR_ROLE_VIEWER,
				  .door = KR_DOOR_PAGE,
				  .rights = KR_RIGHT_EVENTS};
	struct kr_viewer owner = staff, community = staff, analyst = staff;
	size_t wrong = 0;

	owner.role = KR_ROLE_OPERATOR;
	owner.constituent = MINE;
	analyst.role = KR_ROLE_ANALYST;
	analyst.constituent = MINE;
	community.role = KR_ROLE_PARTNER;
	for (size_t i = 0; i < KR_ARRAY_LEN(want); i++) {
		bool good = kr_gate_field(&staff, want[i].field) == want[i].staff &&
			    kr_gate_field(&owner, want[i].field) == want[i].owner &&
			    kr_gate_field(&analyst, want[i].field) == want[i].owner &&
			    kr_gate_field(&community, want[i].field) == want[i].community;

		OK(good, "%s is for whom it should be", kr_field_info(want[i].field)->name);
	}
	for (int f = 1; f < KR_FIELD_MAX; f++) {
		bool s = kr_gate_field(&staff, (enum kr_field)f);
		bool o = kr_gate_field(&owner, (enum kr_field)f);
		bool c = kr_gate_field(&community, (enum kr_field)f);

		wrong += (o && !s) || (c && !o);
	}
	IS(wrong, 0,
	   "the community sees no field that owners do not, they none that staff does not");
}

int main(void)
{
	test_faces();
	test_table();
	test_no_events();
	test_rights();
	test_fields();
	return tap_end();
}
