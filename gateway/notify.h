/* gateway/notify.h - tells the service manager how it goes (sd_notify(3), without the library)
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FL_GATEWAY_NOTIFY_H
#define FL_GATEWAY_NOTIFY_H

/* No effect unless NOTIFY_SOCKET is set. [any]; never blocks */
void fl_notify_ready(void);
void fl_notify_reloading(void);
void fl_notify_stopping(void);

#endif
