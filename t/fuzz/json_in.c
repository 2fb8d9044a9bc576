/* SPDX-License-Identifier: BSD-2-Clause */

/* libFuzzer: any text as DICOM JSON, see model.h; and as XML made of it */

#include "model.h"


static int
count(void *ctx, pacs_str_t xml, pacs_err_t *err)
{
    (void) err;
    *(size_t *) ctx += xml.len;
    return PACS_OK;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    pacs_err_t  err = { 0 };
    size_t      bytes = 0;

    check(pacs_json_read, data, len);
    (void) pacs_xml_from_json((pacs_str_t) { (const char *) data, len },
                              &pacs_limits_default, count, &bytes, &err);
    return 0;
}
