/* SPDX-License-Identifier: Apache-2.0 */
/* Documentation that is made from the tables, as Markdown. doc/ holds copies; a test compares them.
 */
#pragma once

#include "base/buf.h"

/* The fields of an event and what is valid in them: doc/fields.md. */
void kr_field_docs(struct kr_buf *b);
/* The aggregation key: doc/aggregation.md. */
void kr_key_docs(struct kr_buf *b);
