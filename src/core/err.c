/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"


const pacs_code_t  pacs_codes[PACS_E_COUNT] = {
    [PACS_OK]           = { "ok",             200, 0x0000, 0 },
    [PACS_AGAIN]        = { "again",          500, 0x0110, 0x0110 },
    [PACS_E_ARG]        = { "bad-request",    400, 0xC000, 0xC000 },
    [PACS_E_PARSE]      = { "unreadable",     409, 0xC000, 0xC000 },
    [PACS_E_IDENT]      = { "unidentified",   409, 0xC001, 0xC001 },
    [PACS_E_LIMIT]      = { "over-limit",     413, 0xC002, 0xC002 },
    [PACS_E_NOT_FOUND]  = { "not-found",      404, 0x0112, 0x0112 },
    [PACS_E_GONE]       = { "gone",           410, 0x0112, 0x0112 },
    [PACS_E_METHOD]     = { "wrong-method",   405, 0x0110, 0x0110 },
    [PACS_E_ACCEPT]     = { "not-acceptable", 406, 0x0110, 0x0110 },
    [PACS_E_MEDIA]      = { "media-type",     415, 0x0110, 0x0110 },
    [PACS_E_CONFLICT]   = { "conflict",       409, 0x0111, 0x0111 },
    [PACS_E_LOCKED]     = { "locked",         423, 0x0110, 0x0110 },
    [PACS_E_VERSION]    = { "version",        412, 0x0110, 0x0110 },
    [PACS_E_FORBIDDEN]  = { "forbidden",      403, 0x0124, 0x0124 },
    [PACS_E_UNSHOWABLE] = { "unshowable",     406, 0x0110, 0x0110 },
    [PACS_E_CODEC]      = { "codec",          503, 0x0110, 0x0110 },
    [PACS_E_BUSY]       = { "busy",           503, 0xA700, 0xA700 },
    [PACS_E_FULL]       = { "disk-full",      507, 0xA700, 0xA700 },
    [PACS_E_IO]         = { "io",             500, 0xA700, 0xA700 },
    [PACS_E_NOMEM]      = { "out-of-memory",  503, 0xA700, 0xA700 },
    [PACS_E_INTERNAL]   = { "internal",       500, 0x0110, 0x0110 }
};


static void
clean(char *s)
{
    for (; *s; s++) {
        if ((unsigned char) *s < 0x20 || *s == 0x7f) {
            *s = '?';
        }
    }
}


int
pacs_fail(pacs_err_t *err, int code, const char *fmt, ...)
{
    if (err != NULL && err->code == PACS_OK) {
        va_list  ap;

        err->code = code;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof(err->text), fmt, ap);
        va_end(ap);
        clean(err->text);
    }

    return code;
}


int
pacs_fail_errno(pacs_err_t *err, int errnum, const char *fmt, ...)
{
    char     what[384], reason[96];
    int      code;
    va_list  ap;

    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
        code = PACS_E_FULL;
        break;
    case ENOMEM:
        code = PACS_E_NOMEM;
        break;
    default:
        code = PACS_E_IO;
    }

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);

    return pacs_fail(err, code, "%s: %s", what,
                     strerror_r(errnum, reason, sizeof(reason)));
}
