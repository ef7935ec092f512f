/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include "base/thread.h"
#include "tap.h"

static void count(void *arg)
{
	for (int i = 0; i < 10000; i++)
		kr_metric_add(arg, 1);
}

int main(void)
{
	static const char *const a[] = {"source", "a\"\\\nb\xff", "kind", "x", NULL},
				 *const b[] = {"source", "c", NULL};
	KR_AUTO(kr_metrics) *m = kr_metrics_new(4);
	KR_AUTO_BUF text = KR_BUF(10000);
	struct kr_metric *rows = kr_metric_get(m, KR_METRIC_COUNTER, "rows_read",
					       "Rows that were read.", NULL);
	struct kr_metric *depth = kr_metric_get(m, KR_METRIC_GAUGE, "queue_items",
						"Items that wait.", a),
			 *over;
	struct kr_thread t[3];

	kr_metric_set(depth, -5);
	kr_metric_add(kr_metric_get(m, KR_METRIC_GAUGE, "queue_items", "", b), 7);
	kr_metric_get(m, KR_METRIC_GAUGE, "other", "One\nmore.", NULL);
	OK(kr_metric_get(m, KR_METRIC_GAUGE, "queue_items", "", a) == depth,
	   "the same series again");
	over = kr_metric_get(m, KR_METRIC_COUNTER, "too_many", "", NULL);
	OK(over && over == kr_metric_get(m, KR_METRIC_COUNTER, "too_many", "", b),
	   "over the limit, all the same");
	for (int i = 0; i < 3; i++)
		if (kr_thread_start(&t[i], "count", count, rows, NULL))
			abort();
	for (int i = 0; i < 3; i++)
		kr_thread_join(&t[i]);
	IS(kr_metric_value(rows), 30000, "counted by several threads");
	kr_metrics_text(m, &text);
	IS_STR(kr_buf_str(&text),
	       KR_STR("# TYPE rows_read counter\n# HELP rows_read Rows that were "
		      "read.\nrows_read_total 30000\n"
		      "# TYPE queue_items gauge\n# HELP queue_items Items that wait.\n"
		      "queue_items{source=\"a\\\"\\\\\\nb\xef\xbf\xbd\",kind=\"x\"} "
		      "-5\nqueue_items{source=\"c\"} 7\n"
		      "# TYPE other gauge\n# HELP other One\\nmore.\nother 0\n# EOF\n"),
	       "as OpenMetrics");
	return tap_end();
}
