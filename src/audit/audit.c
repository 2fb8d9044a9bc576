/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit.h"

/* DCM codes of PS3.15 A.5.3 and PS3.16 CID 400 */
static const struct { const char *code, *name; } events[] = {
    [PACS_AUDIT_QUERY]  = { "110112", "Query" },
    [PACS_AUDIT_ACCESS] = { "110103", "DICOM Instances Accessed" },
    [PACS_AUDIT_STORE]  = { "110104", "DICOM Instances Transferred" },
    [PACS_AUDIT_DELETE] = { "110105", "DICOM Study Deleted" }
};

struct pacs_audit_s {
    pacs_env_t  env;
    int         fd;
};


static int
open_log(const char *home, int *fd, pacs_err_t *err)
{
    int  top = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *fd = -1;
    if (top != -1 && (mkdirat(top, "log", 0700) == 0 || errno == EEXIST)) {
        *fd = openat(top, "log/audit.log",
                     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }

    int  code = *fd != -1 ? PACS_OK
                : pacs_fail_errno(err, errno, "%s/log/audit.log", home);

    if (top != -1) {
        close(top);
    }
    return code;
}


int
pacs_audit_open(const char *home, const pacs_env_t *env, pacs_audit_t **out,
    pacs_err_t *err)
{
    pacs_audit_t  *au = calloc(1, sizeof(*au));

    *out = NULL;
    if (au == NULL) {
        return pacs_fail(err, PACS_E_NOMEM, "out of memory");
    }

    au->env = *env;

    int  code = open_log(home, &au->fd, err);

    if (code != PACS_OK) {
        free(au);
        return code;
    }

    *out = au;
    return PACS_OK;
}


void
pacs_audit_close(pacs_audit_t *au)
{
    if (au != NULL) {
        close(au->fd);
        free(au);
    }
}


static void
member(pacs_buf_t *b, const char *name, pacs_str_t value)
{
    if (value.len != 0) {
        pacs_buf_printf(b, ",\"%s\":", name);
        pacs_buf_json(b, value);
    }
}


static void
add_time(pacs_buf_t *b, int64_t now_us)
{
    time_t     s = (time_t) (now_us / 1000000);
    struct tm  tm;
    char       text[32];

    gmtime_r(&s, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    pacs_buf_printf(b, "{\"EventDateTime\":\"%s.%06dZ\"", text,
                    (int) (now_us % 1000000));
}


void
pacs_audit_event(pacs_audit_t *au, pacs_audit_e event, char action, bool ok,
    const pacs_subject_t *s, pacs_str_t study, pacs_str_t object)
{
    pacs_buf_t  b = { .max = 65536 };

    add_time(&b, au->env.now_us(au->env.ctx));
    pacs_buf_printf(&b, ",\"EventID\":\"%s\",\"EventName\":\"%s\","
                    "\"EventActionCode\":\"%c\","
                    "\"EventOutcomeIndicator\":%d",
                    events[event].code, events[event].name, action,
                    ok ? 0 : 4);
    member(&b, "UserID", s->user);
    member(&b, "NetworkAccessPointID", s->address);
    member(&b, "AETitle", s->ae);
    member(&b, "Door", s->door);
    member(&b, "StudyInstanceUID", study);
    member(&b, "ParticipantObjectID", object);
    pacs_buf_text(&b, "}\n");

    /* one write: lines of several processes do not mix */
    if (b.failed || pacs_write_all(au->fd, b.data, b.len, NULL) != PACS_OK) {
        pacs_log(&au->env, PACS_LOG_ERROR, "audit: an event was not written");
    }
    pacs_buf_free(&b);
}
