/* SPDX-License-Identifier: BSD-2-Clause */

#include <netinet/in.h>
#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listener/listener.h"

#define DEFAULT_LISTEN   "127.0.0.1:11112"
#define DEFAULT_AETITLE  "PACS"

/* DCMTK's upper layer takes no other ones */
enum { PDU_MIN = 4096, PDU_MAX = 131072 };

typedef struct {
    const char  *name;
    const char  *value;         /* its name in the help, or NULL: a flag */
    bool       (*set)(pacs_listener_t *l, const char *value);
    const char  *doc;
} option_t;


static bool
set_home(pacs_listener_t *l, const char *value)
{
    l->service.home = value;
    return *value != '\0';
}


/* numeric, or "localhost"; "[::1]:104", "10.0.0.1:104", "104" */
static bool
set_listen(pacs_listener_t *l, const char *value)
{
    pacs_str_t            v = pacs_cstr(value), host = pacs_lit("127.0.0.1");
    const char           *colon = strrchr(value, ':');
    struct sockaddr_in   *in = (struct sockaddr_in *) &l->address;
    struct sockaddr_in6  *in6 = (struct sockaddr_in6 *) &l->address;
    char                  text[64];
    int64_t               port;

    if (colon != NULL) {
        host = (pacs_str_t) { value, (size_t) (colon - value) };
        v = pacs_cstr(colon + 1);
    }

    if (pacs_str_is(host, "localhost")) {
        host = pacs_lit("127.0.0.1");
    }

    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
    {
        host = (pacs_str_t) { host.data + 1, host.len - 2 };
    }

    if (host.len >= sizeof(text) || !pacs_str_int(v, 1, 65535, &port)) {
        return false;
    }

    memset(&l->address, 0, sizeof(l->address));
    snprintf(text, sizeof(text), "%.*s", pacs_fmt(host));

    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t) port);
        l->address_len = sizeof(*in);
        snprintf(l->listen, sizeof(l->listen), "%s:%d", text, (int) port);
        return true;
    }

    if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t) port);
        l->address_len = sizeof(*in6);
        snprintf(l->listen, sizeof(l->listen), "[%s]:%d", text, (int) port);
        return true;
    }

    return false;
}


static bool
set_insecure(pacs_listener_t *l, const char *value)
{
    l->insecure_open = true;
    return true;
}


/* PS3.5 6.2, AE: no backslash, no control characters, not only blanks */
static bool
set_aetitle(pacs_listener_t *l, const char *value)
{
    pacs_str_t  ae = pacs_str_trim(pacs_cstr(value));

    if (ae.len == 0 || ae.len > PACS_AE_LEN) {
        return false;
    }

    for (size_t i = 0; i < ae.len; i++) {
        if (ae.data[i] < 0x20 || ae.data[i] > 0x7e || ae.data[i] == '\\') {
            return false;
        }
    }

    snprintf(l->aetitle, sizeof(l->aetitle), "%.*s", pacs_fmt(ae));
    l->strict = true;
    return true;
}


static bool
set_duplicates(pacs_listener_t *l, const char *value)
{
    if (strcmp(value, "reject") == 0) {
        l->service.duplicates = PACS_DUPLICATES_REJECT;
        return true;
    }

    l->service.duplicates = PACS_DUPLICATES_QUARANTINE;
    return strcmp(value, "quarantine") == 0;
}


static bool
set_deletes(pacs_listener_t *l, const char *value)
{
    l->service.deletes = true;
    return true;
}


static bool
set_redis(pacs_listener_t *l, const char *value)
{
    l->service.redis = value;
    return *value != '\0';
}


static bool
set_no_warm(pacs_listener_t *l, const char *value)
{
    l->no_warm = true;
    return true;
}


static bool
set_codec(pacs_listener_t *l, const char *value)
{
    int  n = snprintf(l->codec, sizeof(l->codec), "%s", value);

    return n > 0 && (size_t) n < sizeof(l->codec) && access(value, X_OK) == 0;
}


static const option_t  options[] = {
    { "home", "DIR", set_home,
      "the archive's folder, which must exist; its owner runs this" },
    { "listen", "[ADDR:]PORT", set_listen,
      "where to wait for associations (" DEFAULT_LISTEN ")" },
    { "insecure-open", NULL, set_insecure,
      "allow an address that is not loopback: there are no logins yet" },
    { "aetitle", "TITLE", set_aetitle,
      "answer to this called AE title only (without: to any, as "
      DEFAULT_AETITLE ")" },
    { "duplicates", "reject|quarantine", set_duplicates,
      "what becomes of other content under a known UID (reject)" },
    { "delete", NULL, set_deletes,
      "obey rejection notes (IHE IOCM): what they name is deleted" },
    { "redis", "URL", set_redis,
      "unix:/path or host:port, to tell others what arrived" },
    { "codec", "PATH", set_codec,
      "the pacs-codec program to keep running (the one beside this)" },
    { "no-warm", NULL, set_no_warm,
      "make no pictures of what arrived before somebody asks for them" },
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };


static void
help(void)
{
    printf("usage: pacs-listener --home DIR [option...]\n\n"
           "Receives DICOM associations (C-ECHO, C-STORE) for the archive in "
           "DIR and keeps\npacs-codec running.  SIGTERM ends it: running "
           "transfers finish first.\n\n");

    for (size_t i = 0; i < OPTIONS; i++) {
        const option_t *o = &options[i];

        printf("  --%s%s%s\n        %s\n", o->name, o->value ? " " : "",
               o->value ? o->value : "", o->doc);
    }

    printf("  --limit-NAME VALUE\n");
    for (const pacs_limit_t *t = pacs_limit_table; t->name != NULL; t++) {
        if (t->scope != 'W') {
            printf("        %-18s %s (%lld)\n", t->name, t->doc,
                   (long long) t->value);
        }
    }
    printf("  --help\n        this text\n");
}


static bool
set_limit(pacs_listener_t *l, const char *name, const char *value)
{
    for (const pacs_limit_t *t = pacs_limit_table; t->name != NULL; t++) {
        if (t->scope != 'W' && strcmp(t->name, name) == 0) {
            int64_t *to = (int64_t *) (void *)
                          ((char *) &l->service.limits + t->offset);

            return pacs_str_int(pacs_cstr(value), 1, INT64_MAX, to);
        }
    }

    return false;
}


static bool
is_loopback(const struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *) a;

        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }

    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) a;

    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}


/* beside this program, or where `make install` puts it */
static void
find_codec(pacs_listener_t *l)
{
    static const char *const  places[] = {
        "pacs-codec", "../libexec/ngx_pacs/pacs-codec"
    };

    char     self[PATH_MAX];
    ssize_t  n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char    *slash;

    self[n < 0 ? 0 : n] = '\0';
    slash = strrchr(self, '/');

    for (size_t i = sizeof(places) / sizeof(places[0]); i-- > 0; ) {
        int  len = slash == NULL ? 0 : (int) (slash - self + 1);

        snprintf(l->codec, sizeof(l->codec), "%.*s%s", len, self, places[i]);
        if (access(l->codec, X_OK) == 0) {
            return;
        }
    }
}


static int
check(const pacs_listener_t *l)
{
    struct stat            st;
    const pacs_limits_t   *limits = &l->service.limits;
    const char            *home = l->service.home;

    if (home == NULL) {
        fprintf(stderr, "pacs-listener: --home DIR is missing\n");

    } else if (stat(home, &st) != 0 || !S_ISDIR(st.st_mode)) {
        fprintf(stderr, "pacs-listener: --home %s: no such folder\n", home);

    } else if (!is_loopback(&l->address) && !l->insecure_open) {
        fprintf(stderr, "pacs-listener: --listen %s is not a loopback "
                "address; --insecure-open allows it\n", l->listen);

    } else if (limits->pdu < PDU_MIN || limits->pdu > PDU_MAX) {
        fprintf(stderr, "pacs-listener: --limit-pdu is %d to %d\n", PDU_MIN,
                PDU_MAX);

    } else if (limits->associations > 10000 || limits->idle_seconds > 86400
               || limits->artim_seconds > 86400)
    {
        fprintf(stderr, "pacs-listener: --limit-associations is at most "
                "10000, seconds at most 86400\n");

    } else {
        return -1;
    }

    return 2;
}


static const option_t *
find(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }

    return NULL;
}


int
pacs_options_parse(int argc, char **argv, pacs_listener_t *l)
{
    pacs_options_default(&l->service);
    l->service.env = pacs_listener_env;
    find_codec(l);
    set_listen(l, DEFAULT_LISTEN);
    strcpy(l->aetitle, DEFAULT_AETITLE);

    for (int i = 1; i < argc; i++) {
        const char     *name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2
                                                              : "";
        const option_t *o = find(name);
        bool            limit = strncmp(name, "limit-", 6) == 0;
        bool            flag = o != NULL && o->value == NULL;

        if (strcmp(name, "help") == 0) {
            help();
            return 0;
        }

        if (o == NULL && !limit) {
            fprintf(stderr, "pacs-listener: unknown option %s; see --help\n",
                    argv[i]);
            return 2;
        }

        const char *value = flag ? "" : argv[++i];

        if (value == NULL) {
            fprintf(stderr, "pacs-listener: --%s needs a value\n", name);
            return 2;
        }

        if (limit ? !set_limit(l, name + 6, value) : !o->set(l, value)) {
            fprintf(stderr, "pacs-listener: --%s %s cannot be used; see "
                    "--help\n", name, value);
            return 2;
        }
    }

    return check(l);
}


void
pacs_address_text(const struct sockaddr_storage *a, char text[64])
{
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) a;
    const void                *from = &in6->sin6_addr;
    int                        family = a->ss_family;

    if (family == AF_INET) {
        from = &((const struct sockaddr_in *) a)->sin_addr;

    } else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        from = in6->sin6_addr.s6_addr + 12;
        family = AF_INET;
    }

    if (inet_ntop(family, from, text, 64) == NULL) {
        strcpy(text, "unknown");
    }
}
