/* SPDX-License-Identifier: BSD-2-Clause */

/* usage: dicom_equal A B …: pairs of files, a line each: "equal",
 * "different" or the error */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "dicom/dicom.h"


static const char *
compare(int a, int b, pacs_err_t *err)
{
    pacs_source_t  x, y;
    bool           equal;

    if (pacs_source_fd(&x, a, err) != PACS_OK
        || pacs_source_fd(&y, b, err) != PACS_OK
        || pacs_dicom_equal(&x, &y, &pacs_limits_default, &equal, err)
           != PACS_OK)
    {
        return err->text;
    }
    return equal ? "equal" : "different";
}


int
main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        int         a = open(argv[i], O_RDONLY | O_CLOEXEC);
        int         b = open(argv[i + 1], O_RDONLY | O_CLOEXEC);
        pacs_err_t  err = { 0 };

        printf("%s\n", compare(a, b, &err));
        close(a);
        close(b);
    }

    return 0;
}
