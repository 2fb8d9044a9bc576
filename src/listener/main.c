/* SPDX-License-Identifier: BSD-2-Clause */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "listener/listener.h"

enum { BACKLOG = 511 };


static int
fail(const char *what)
{
    fprintf(stderr, "pacs-listener: %s: %s\n", what, strerror(errno));
    return 1;
}


/* DCMTK takes descriptor 0 for "no socket" */
static int
keep_standard_fds(void)
{
    int  fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);

    return fd < 0 ? -1 : close(fd);
}


static int
open_listen(const pacs_listener_t *l)
{
    int  one = 1;
    int  fd = socket(l->address.ss_family,
                     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0
        || bind(fd, (const struct sockaddr *) &l->address, l->address_len)
           != 0
        || listen(fd, BACKLOG) != 0)
    {
        int  e = errno;

        close(fd);
        errno = e;
        return -1;
    }

    return fd;
}


/* worker, listener, codec and CLI run as one user: the home's owner */
static int
drop_to_owner(const char *home)
{
    struct stat  st;

    if (stat(home, &st) != 0) {
        return -1;
    }

    if (geteuid() != 0 || st.st_uid == 0) {
        return 0;
    }

    const struct passwd *pw = getpwuid(st.st_uid);

    if ((pw != NULL ? initgroups(pw->pw_name, st.st_gid)
                    : setgroups(1, &st.st_gid)) != 0
        || setgid(st.st_gid) != 0)
    {
        return -1;
    }

    return setuid(st.st_uid);
}


/* makes and migrates what the home lacks, and says now what would else be
 * said to the first peer; in a child: the parent never holds it open */
static int
try_service(const pacs_listener_t *l)
{
    pid_t  pid = fork();
    int    status = 0;

    if (pid == 0) {
        pacs_service_t  *svc;
        pacs_err_t       err = { 0 };

        if (pacs_service_open(&l->service, &svc, &err) != PACS_OK) {
            fprintf(stderr, "pacs-listener: %s\n", err.text);
            pacs_child_end(1);
        }

        pacs_service_close(svc);
        pacs_child_end(0);
    }

    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) { }

    return pid > 0 && status == 0 ? 0 : -1;
}


int
main(int argc, char **argv)
{
    static pacs_listener_t  l;

    int  rc = pacs_options_parse(argc, argv, &l);

    if (rc >= 0) {
        return rc;
    }

    if (keep_standard_fds() != 0) {
        return fail("/dev/null");
    }

    signal(SIGPIPE, SIG_IGN);

    int  fd = open_listen(&l);

    if (fd < 0) {
        return fail(l.listen);
    }

    if (drop_to_owner(l.service.home) != 0) {
        close(fd);
        return fail("cannot become the owner of the home");
    }

    if (try_service(&l) != 0) {
        close(fd);
        fprintf(stderr, "pacs-listener: the archive in %s cannot be used\n",
                l.service.home);
        return 1;
    }

    return pacs_supervise(&l, fd);
}
