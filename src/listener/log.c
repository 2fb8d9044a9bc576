/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "listener/listener.h"


/* bytes that a terminal or a log reader could take for something else */
static size_t
escape(char *to, size_t room, const char *from)
{
    size_t  n = 0;

    for (; *from != '\0' && n + 5 < room; from++) {
        unsigned char  c = (unsigned char) *from;

        if (c < 0x20 || c == 0x7f) {
            n += (size_t) snprintf(to + n, room - n, "\\x%02X", c);
        } else {
            to[n++] = (char) c;
        }
    }

    return n;
}


static void
write_line(void *ctx, pacs_log_e level, const char *text)
{
    static const char *const  names[] = { "error", "warn", "info" };

    char       line[2048];
    time_t     now = time(NULL);
    struct tm  tm;
    size_t     n;

    localtime_r(&now, &tm);
    n = strftime(line, sizeof(line), "%Y/%m/%d %H:%M:%S ", &tm);
    n += (size_t) snprintf(line + n, sizeof(line) - n, "[%s] %ld#0: ",
                           names[level], (long) getpid());
    n += escape(line + n, sizeof(line) - n - 1, text);
    line[n++] = '\n';

    /* one write: lines of several processes do not mix */
    if (write(STDERR_FILENO, line, n) < 0) {
        return;
    }
}


static int64_t
now_us(void *ctx)
{
    return pacs_env_default.now_us(NULL);
}


const pacs_env_t  pacs_listener_env = { now_us, write_line, NULL };
