/* SPDX-License-Identifier: Apache-2.0 */
/* An alert -> the body that a type of receiver understands. Pure. */
#ifndef COLLECTOR_NOTIFY_BODY_H
#define COLLECTOR_NOTIFY_BODY_H

#include "collector/alerts.h"
#include "collector/settings.h"

/* type: enum receiver_type; routing_key: of pagerduty, "" for others; is_saved false: the
 * collector's disk refused the alert, and the body says so ("saved": false). Heap text for the
 * caller to free; NULL without memory.
 *
 *   generic    {"version":1,"alert":{as the API shows it}}
 *   slack      {"text","attachments":[{"color","fields",...}]}  (Mattermost reads it too)
 *   pagerduty  Events v2: trigger or resolve, dedup_key = the alert's id */
char *notify_body(int type, const char *routing_key, const struct alert *alert, bool is_saved);

#endif
