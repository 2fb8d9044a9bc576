/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "audit/audit.h"
#include "auth/auth.h"

static char  home[64] = "/tmp/pacs-audit-XXXXXX";


static int64_t
now_us(void *ctx)
{
    return 1700000000123456;
}


static void
read_log(const char *path, char *text, size_t size)
{
    FILE    *f = fopen(path, "r");
    size_t   n = f == NULL ? 0 : fread(text, 1, size - 1, f);

    text[n] = '\0';
    if (f != NULL) {
        fclose(f);
    }
}


int
main(void)
{
    pacs_env_t      env = pacs_env_default;
    pacs_subject_t  s = { pacs_lit(""), pacs_lit("127.0.0.1"),
                          pacs_lit("dimse"), pacs_lit("A\"E") };
    pacs_audit_t   *au;
    pacs_err_t      err = { 0 };
    struct stat     st;
    char            path[128], text[4096];

    env.now_us = now_us;
    if (mkdtemp(home) == NULL || pacs_audit_open(home, &env, &au, &err)) {
        printf("Bail out! %s\n", err.text);
        return 1;
    }

    pacs_audit_event(au, PACS_AUDIT_STORE, 'C', true, &s, pacs_lit("1.2.3"),
                     pacs_lit("a\nb"));
    pacs_audit_event(au, PACS_AUDIT_DELETE, 'D', false, &s, pacs_null,
                     pacs_null);
    pacs_audit_close(au);

    snprintf(path, sizeof(path), "%s/log/audit.log", home);
    ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600,
       "the log is its owner's");
    read_log(path, text, sizeof(text));
    is_str(pacs_cstr(text),
           "{\"EventDateTime\":\"2023-11-14T22:13:20.123456Z\","
           "\"EventID\":\"110104\",\"EventName\":\"DICOM Instances "
           "Transferred\",\"EventActionCode\":\"C\","
           "\"EventOutcomeIndicator\":0,"
           "\"NetworkAccessPointID\":\"127.0.0.1\",\"AETitle\":\"A\\\"E\","
           "\"Door\":\"dimse\",\"StudyInstanceUID\":\"1.2.3\","
           "\"ParticipantObjectID\":\"a\\nb\"}\n"
           "{\"EventDateTime\":\"2023-11-14T22:13:20.123456Z\","
           "\"EventID\":\"110105\",\"EventName\":\"DICOM Study Deleted\","
           "\"EventActionCode\":\"D\",\"EventOutcomeIndicator\":4,"
           "\"NetworkAccessPointID\":\"127.0.0.1\",\"AETitle\":\"A\\\"E\","
           "\"Door\":\"dimse\"}\n", "two lines of JSON");

    is_int(pacs_auth_check(&s, PACS_MAY_DELETE, pacs_null, &err), PACS_OK,
           "all is allowed yet");
    is_int(pacs_auth_check(NULL, PACS_MAY_QUERY, pacs_null, NULL),
           PACS_E_FORBIDDEN, "but not to nobody");

    unlink(path);
    snprintf(path, sizeof(path), "%s/log", home);
    rmdir(path);
    rmdir(home);
    return done();
}
