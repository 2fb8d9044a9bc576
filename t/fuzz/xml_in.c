/* SPDX-License-Identifier: BSD-2-Clause */

/* libFuzzer: any text as a Native DICOM Model, see model.h */

#include "model.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check(pacs_xml_read, data, len);
    return 0;
}
