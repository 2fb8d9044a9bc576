/* link: src/listener/command.c src/listener/negotiate.c src/listener/refuse.c */
/* SPDX-License-Identifier: BSD-2-Clause */

/* DIMSE command sets, presentation contexts, the rejection by the parent */

#include <stdlib.h>
#include <unistd.h>

#include "listener/listener.h"
#include "tap.h"

#define CT  "1.2.840.10008.5.1.4.1.1.2"


/* little endian group 0000 element */
static void
element(pacs_buf_t *b, unsigned tag, const char *value, size_t len)
{
    const char  head[8] = {
        0, 0, (char) tag, (char) (tag >> 8), (char) len, (char) (len >> 8),
        0, 0
    };

    pacs_buf_add(b, head, sizeof(head));
    pacs_buf_add(b, value, len);
}


static void
store_request(pacs_buf_t *b, const char *instance, size_t len)
{
    element(b, 0x0002, CT "\0", sizeof(CT));
    element(b, 0x0100, "\1\0", 2);
    element(b, 0x0110, "\7\1", 2);
    element(b, 0x0800, "\0\0", 2);
    element(b, 0x1000, instance, len);
}


/* from a block of just that size: a read too far is seen by ASan */
static int
parse(const pacs_buf_t *b, size_t len, pacs_command_t *c, pacs_err_t *err)
{
    uint8_t *copy = malloc(len + (len == 0));
    int      rc;

    memcpy(copy, b->data, len);
    rc = pacs_command_parse(copy, len, c, err);
    free(copy);
    return rc;
}


static void
test_parse(void)
{
    pacs_buf_t      b = { 0 };
    pacs_command_t  c;
    pacs_err_t      err = { 0 };
    unsigned        good = 0;

    store_request(&b, "1.2.3.4\0", 8);
    is_int(parse(&b, b.len, &c, &err), PACS_OK, "a C-STORE-RQ");
    is_int(c.field, PACS_C_STORE_RQ, "its Command Field");
    is_int(c.message, 0x0107, "its Message ID");
    ok(c.dataset && !c.bad_uid, "a data set follows");
    is_str(pacs_cstr(c.class_uid), CT, "its class");
    is_str(pacs_cstr(c.instance_uid), "1.2.3.4", "its instance");

    for (size_t n = 0; n < b.len; n++) {
        good += parse(&b, n, &c, NULL) == PACS_OK;
    }
    is_int(good, 3, "cut off: fine only between elements behind the field");

    for (size_t n = 0; n < b.len; n++) {
        b.data[n] = (char) ~b.data[n];
        parse(&b, b.len, &c, NULL);
        b.data[n] = (char) ~b.data[n];
    }
    ok(true, "each byte turned over in turn");
    pacs_buf_free(&b);
}


static void
test_bad(void)
{
    static const char  longer[] =
        "1.2.3456789012345678901234567890123456789012345678901234567890123";

    pacs_buf_t      b = { 0 };
    pacs_command_t  c;

    store_request(&b, "../../x\0", 8);
    ok(parse(&b, b.len, &c, NULL) == PACS_OK && c.bad_uid,
       "no UID: marked, so that the answer can be a status");
    pacs_buf_free(&b);

    store_request(&b, longer, sizeof(longer) - 1);
    ok(parse(&b, b.len, &c, NULL) == PACS_OK && c.bad_uid
       && strlen(c.instance_uid) == 64, "65 characters: marked and cut");
    pacs_buf_free(&b);

    element(&b, 0x0100, "\1\0\0\0", 4);
    is_int(parse(&b, b.len, &c, NULL), PACS_E_PARSE, "a number of 4 bytes");
    pacs_buf_free(&b);

    element(&b, 0x0110, "\1\0", 2);
    is_int(parse(&b, b.len, &c, NULL), PACS_E_PARSE, "no Command Field");
    pacs_buf_free(&b);

    pacs_buf_add(&b, "\x08\0\x18\0\0\0\0", 8);
    is_int(parse(&b, b.len, &c, NULL), PACS_E_PARSE, "another group");
    pacs_buf_free(&b);

    pacs_buf_add(&b, "\0\0\0\x10\xff\xff\xff\xff", 8);
    is_int(parse(&b, b.len, &c, NULL), PACS_E_PARSE, "undefined length");
    pacs_buf_free(&b);
}


static void
test_respond(void)
{
    static const char  want[] =
        "\0\0\0\0\4\0\0\0\x50\0\0\0"
        "\0\0\2\0\6\0\0\0" "1.2.3\0"
        "\0\0\0\1\2\0\0\0" "\1\x80"
        "\0\0\x20\1\2\0\0\0" "\5\0"
        "\0\0\0\10\2\0\0\0" "\1\1"
        "\0\0\0\11\2\0\0\0" "\x11\1"
        "\0\0\2\11\6\0\0\0" "no/b? "
        "\0\0\0\x10\4\0\0\0" "1.2.";

    pacs_command_t  c = { .field = 1, .message = 5, .class_uid = "1.2.3",
                          .instance_uid = "1.2." };
    pacs_buf_t      b = { 0 };

    pacs_command_respond(&b, &c, 0x0111, "no\\b\n");
    ok(b.len == sizeof(want) - 1 && memcmp(b.data, want, b.len) == 0,
       "a response, byte by byte");
    pacs_buf_free(&b);

    pacs_command_respond(&b, &c, 0xa700, "1234567890123456789012345678901234"
                         "5678901234567890123456789012345");
    ok(memmem(b.data, b.len, "\2\x09\x40\0\0\0", 6) != NULL,
       "a comment is cut to 64");
    pacs_buf_free(&b);
}


static void
test_negotiate(void)
{
    static const struct { const char *uid; bool served, storage; }  cases[] = {
        { CT,                               true,  true },
        { "1.2.840.10008.1.1",              true,  false },
        { "1.2.840.10008.5.1.4.1.1.12345",  true,  true },
        { "1.2.840.10008.5.1.4.34.7",       true,  true },
        { "1.3.46.670589.5.0.1",            true,  true },
        { "1.2.840.10008.1.3.10",           false, false },
        { "1.2.840.10008.1.20.1",           false, false },
        { "1.2.840.10008.5.1.4.1.2.2.1",    false, false },
        { "1.2.840.10008.5.1.4.31",         false, false },
        { "1.2.840.10008.77.1",             false, false },
        { "1.2.840.10008.1.2.1",            false, false },
        { "",                               false, false },
        { "1.2..3",                         false, false },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pacs_str_t  uid = pacs_cstr(cases[i].uid);

        ok(pacs_class_is_served(uid) == cases[i].served
           && pacs_class_is_storage(uid) == cases[i].storage,
           "class '%s'", cases[i].uid);
    }

    is_int(pacs_syntax_rank(pacs_lit("1.2.840.10008.1.2.4.90")), 2, "J2K");
    is_int(pacs_syntax_rank(pacs_lit("1.2.840.10008.1.2")), 1, "implicit");
    is_int(pacs_syntax_rank(pacs_lit("1.2.3")), 0, "unknown");
    is_int(pacs_syntax_rank(pacs_lit("x")), -1, "no UID");
}


static void
test_refuse(void)
{
    pacs_refuse_t  r = { .n = 0 };
    int            pair[2];
    char           got[32];
    int64_t        wait_us = 60000000;

    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pacs_refuse_add(&r, pair[0], 1000);
    is_int(read(pair[1], got, sizeof(got)), 10, "an A-ASSOCIATE-RJ");
    ok(memcmp(got, "\3\0\0\0\0\4\0\2\3\2", 10) == 0, "local limit exceeded");
    is_int(read(pair[1], got, sizeof(got)), 0, "and no more");

    is_int(write(pair[1], "rest of a request", 17), 17, "the peer may write");
    pacs_refuse_tend(&r, 2000, &wait_us);
    is_int(r.n, 1, "kept open while it does");
    ok(wait_us < 2000000, "but not forever");
    close(pair[1]);
    pacs_refuse_tend(&r, 3000, &wait_us);
    is_int(r.n, 0, "closed with the peer");

    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    pacs_refuse_add(&r, pair[0], 1000);
    pacs_refuse_tend(&r, 2001000, &wait_us);
    is_int(r.n, 0, "or when it takes too long");
    close(pair[1]);

    for (int i = 0; i < PACS_REFUSE_MAX + 5; i++) {
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
        pacs_refuse_add(&r, pair[0], i);
        close(pair[1]);
    }
    is_int(r.n, PACS_REFUSE_MAX, "never more than there is room for");
    pacs_refuse_close(&r);
    is_int(r.n, 0, "all closed");
}


int
main(void)
{
    test_parse();
    test_bad();
    test_respond();
    test_negotiate();
    test_refuse();

    return done();
}
