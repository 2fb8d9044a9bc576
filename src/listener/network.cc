/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * DCMTK's upper layer (ASC_, DUL_) behind a C interface.  The socket reads
 * are ours, for three reasons: deadlines that hold for half a PDU too;
 * TCP_QUICKACK after each read, since a sender that leaves Nagle on waits
 * for our acknowledgement between the head and the body of each PDU; and a
 * read-ahead, since DUL reads head and body apart.
 */

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dcmtk/config/osconfig.h"
#include "dcmtk/oflog/oflog.h"
#include "dcmtk/dcmnet/assoc.h"
#include "dcmtk/dcmnet/cond.h"
#include "dcmtk/dcmnet/dcmlayer.h"
#include "dcmtk/dcmnet/dcmtrans.h"
#include "dcmtk/dcmnet/dul.h"
#include "dcmtk/dcmnet/lst.h"

#include "listener/listener.h"

namespace {

enum { READ_AHEAD = 65536, WRITE_HOLD = 4096, DRAIN_GRACE_US = 1000000,
       END_US = 1000000 };


int64_t
clock_us()
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


/* DUL owns it and deletes it when it likes: then owner becomes NULL, and
 * why a read has failed stays in why */
class Connection : public DcmTransportConnection
{
public:
    Connection(int fd, Connection *&owner, pacs_link_e &why)
        : DcmTransportConnection(fd), state(why), owner_(owner), fd_(fd)
    {
        int  one = 1;

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        quickack();
    }

    ~Connection() override { close(); owner_ = nullptr; }

    OFCondition serverSideHandshake() override { return EC_Normal; }
    OFCondition clientSideHandshake() override { return EC_Normal; }
    OFCondition renegotiate(const char *) override { return EC_Normal; }
    unsigned long getPeerCertificateLength() override { return 0; }
    unsigned long getPeerCertificate(void *, unsigned long) override
        { return 0; }
    OFBool isTransparentConnection() override { return OFTrue; }
    OFString &dumpConnectionParameters(OFString &s) override { return s; }

    ssize_t read(void *buf, size_t n) override;
    ssize_t write(void *buf, size_t n) override;
    void close() override;
    void closeTransportConnection() override { close(); }
    OFBool networkDataAvailable(int timeout) override;

    /* waits for a byte; false: time is up, and an abort can still be sent,
     * which is not so once a read has failed within DUL */
    bool ready() { return at_ != len_ || wait(); }

    /* writes are collected, and leave as one segment */
    void hold() { holding_ = true; held_len_ = 0; }
    bool flush();

    /* each wait ends after idle_us, all of them at deadline_us (or 0) */
    int64_t      idle_us = 60000000;
    int64_t      deadline_us = 0;
    bool         between = false;       /* no message is in progress */
    pacs_link_e &state;

private:
    void quickack();
    bool wait();
    ssize_t receive(void *buf, size_t n);
    bool send_all(const char *p, size_t n);

    Connection *&owner_;

    int      fd_;
    size_t   at_ = 0, len_ = 0;         /* of ahead_ */
    bool     holding_ = false;
    size_t   held_len_ = 0;
    char     held_[WRITE_HOLD];
    uint8_t  ahead_[READ_AHEAD];
};


void
Connection::quickack()
{
    int  one = 1;

    setsockopt(fd_, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}


/* SIGTERM is let in only here, so it cannot come between a look at the
 * flag and the sleep */
bool
Connection::wait()
{
    int64_t  start = clock_us();

    for ( ;; ) {
        int64_t  now = clock_us();
        int64_t  until = start + idle_us;
        bool     drain = between && pacs_draining;

        if (deadline_us != 0 && deadline_us < until) {
            until = deadline_us;
        }

        if (drain && start + DRAIN_GRACE_US < until) {
            until = start + DRAIN_GRACE_US;
        }

        if (now >= until) {
            state = drain ? PACS_LINK_DRAINED : PACS_LINK_TIMEOUT;
            errno = ETIMEDOUT;
            return false;
        }

        struct pollfd    pfd = { fd_, POLLIN, 0 };
        struct timespec  ts = { (until - now) / 1000000,
                                (until - now) % 1000000 * 1000 };
        sigset_t         none;

        sigemptyset(&none);

        int  n = ppoll(&pfd, 1, &ts, &none);

        if (n > 0) {
            return true;
        }

        if (n < 0 && errno != EINTR) {
            state = PACS_LINK_CLOSED;
            return false;
        }
    }
}


ssize_t
Connection::receive(void *buf, size_t n)
{
    for ( ;; ) {
        ssize_t  got = recv(fd_, buf, n, MSG_DONTWAIT);

        if (got > 0) {
            quickack();
            between = false;
            return got;
        }

        if (got == 0) {
            state = PACS_LINK_CLOSED;
            return 0;
        }

        if (errno == EINTR) {
            continue;
        }

        if (errno != EAGAIN) {
            state = PACS_LINK_CLOSED;
            return -1;
        }

        if (!wait()) {
            return -1;
        }
    }
}


ssize_t
Connection::read(void *buf, size_t n)
{
    if (at_ == len_) {
        if (n >= sizeof(ahead_)) {
            return receive(buf, n);
        }

        ssize_t  got = receive(ahead_, sizeof(ahead_));

        if (got <= 0) {
            return got;
        }

        at_ = 0;
        len_ = (size_t) got;
    }

    size_t  take = n < len_ - at_ ? n : len_ - at_;

    memcpy(buf, ahead_ + at_, take);
    at_ += take;
    return (ssize_t) take;
}


bool
Connection::send_all(const char *p, size_t n)
{
    while (n != 0) {
        ssize_t  sent = send(fd_, p, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }

        if (sent < 0) {
            state = errno == EAGAIN ? PACS_LINK_TIMEOUT : PACS_LINK_CLOSED;
            return false;
        }

        p += sent;
        n -= (size_t) sent;
    }

    return true;
}


ssize_t
Connection::write(void *buf, size_t n)
{
    if (holding_ && n <= sizeof(held_) - held_len_) {
        memcpy(held_ + held_len_, buf, n);
        held_len_ += n;
        return (ssize_t) n;
    }

    if (holding_ && !flush()) {
        return -1;
    }

    return send_all((const char *) buf, n) ? (ssize_t) n : -1;
}


bool
Connection::flush()
{
    holding_ = false;
    return send_all(held_, held_len_);
}


void
Connection::close()
{
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
        setSocket(-1);
    }
}


/* DUL asks this before its own timeout; ours is in read() */
OFBool
Connection::networkDataAvailable(int timeout)
{
    if (at_ != len_) {
        return OFTrue;
    }

    int64_t  before = deadline_us;
    int64_t  until = clock_us() + (int64_t) timeout * 1000000;

    if (deadline_us == 0 || until < deadline_us) {
        deadline_us = until;
    }

    bool  ready = wait();

    deadline_us = before;
    return ready;
}


class Layer : public DcmTransportLayer
{
public:
    explicit Layer(Connection *c) : connection_(c) { }

    ~Layer() override { delete connection_; }

    DcmTransportConnection *createConnection(int, OFBool) override
    {
        Connection  *c = connection_;

        connection_ = nullptr;
        return c;
    }

private:
    Connection  *connection_;       /* until DUL has asked for it */
};


void
copy_text(char *to, size_t room, const char *from)
{
    pacs_str_t  s = pacs_str_trim(pacs_cstr(from));
    size_t      n = s.len < room ? s.len : room - 1;

    if (n != 0) {
        memcpy(to, s.data, n);
    }
    to[n] = '\0';
}

} // namespace


struct pacs_link_s {
    T_ASC_Network      *network = nullptr;
    T_ASC_Association  *assoc = nullptr;
    Connection         *connection = nullptr;   /* DUL's, once it has it */
    pacs_link_e         state = PACS_LINK_OK;   /* why a read has failed */
    char                calling[PACS_AE_LEN + 1] = "";
    char                called[PACS_AE_LEN + 1] = "";
    pacs_context_t      contexts[256];          /* by ID; "": refused */
};


extern "C" {

const char *const  pacs_link_text[PACS_LINK_COUNT] = {
    "in progress", "released", "aborted by the peer",
    "connection closed by the peer", "timed out", "ended by the stop",
    "rejected", "protocol error"
};


/* what a failed DUL call means; DUL's text goes to err */
static pacs_link_e
outcome(const pacs_link_t *link, const OFCondition &cond, pacs_err_t *err)
{
    if (cond == DUL_PEERREQUESTEDRELEASE) {
        return PACS_LINK_RELEASED;
    }

    if (cond == DUL_PEERABORTEDASSOCIATION) {
        return PACS_LINK_ABORTED;
    }

    if (link->state != PACS_LINK_OK) {
        return link->state;
    }

    pacs_fail(err, PACS_E_PARSE, "%s", cond.text());
    return PACS_LINK_PROTOCOL;
}


static DUL_PRESENTATIONCONTEXT *
first_context(LST_HEAD **list)
{
    auto  pc = (DUL_PRESENTATIONCONTEXT *) LST_Head(list);

    LST_Position(list, pc);
    return pc;
}


/* of the proposed transfer syntaxes, or NULL */
static const char *
choose_syntax(DUL_PRESENTATIONCONTEXT *pc)
{
    LST_HEAD   **list = &pc->proposedTransferSyntax;
    const char  *best = nullptr;
    int          rank = -1;

    if (*list == nullptr) {
        return nullptr;
    }

    auto  ts = (DUL_TRANSFERSYNTAX *) LST_Head(list);

    for (LST_Position(list, ts); ts != nullptr;
         ts = (DUL_TRANSFERSYNTAX *) LST_Next(list))
    {
        int  r = pacs_syntax_rank(pacs_str_trim(pacs_cstr(
                                                    ts->transferSyntax)));

        if (r > rank) {
            rank = r;
            best = ts->transferSyntax;
        }
    }

    return best;
}


static void
negotiate_context(pacs_link_t *link, DUL_PRESENTATIONCONTEXT *pc)
{
    unsigned         id = pc->presentationContextID;
    T_ASC_Parameters *params = link->assoc->params;
    pacs_context_t   *c = &link->contexts[id];
    pacs_str_t        uid = pacs_str_trim(pacs_cstr(pc->abstractSyntax));
    const char       *syntax = choose_syntax(pc);

    if (!pacs_class_is_served(uid)) {
        ASC_refusePresentationContext(params, id,
                                      ASC_P_ABSTRACTSYNTAXNOTSUPPORTED);
        return;
    }

    if (syntax == nullptr) {
        ASC_refusePresentationContext(params, id,
                                      ASC_P_TRANSFERSYNTAXESNOTSUPPORTED);
        return;
    }

    if (ASC_acceptPresentationContext(params, id, syntax).good()) {
        copy_text(c->class_uid, sizeof(c->class_uid), pc->abstractSyntax);
        copy_text(c->syntax_uid, sizeof(c->syntax_uid), syntax);
    }
}


/* IDs are odd and unique, PS3.8 9.3.2.2 */
static bool
negotiate(pacs_link_t *link, pacs_err_t *err)
{
    LST_HEAD **list = &link->assoc->params->DULparams
                       .requestedPresentationContext;
    bool       seen[256] = { false };

    if (*list == nullptr) {
        pacs_fail(err, PACS_E_PARSE, "no presentation context proposed");
        return false;
    }

    for (auto pc = first_context(list); pc != nullptr;
         pc = (DUL_PRESENTATIONCONTEXT *) LST_Next(list))
    {
        unsigned  id = pc->presentationContextID;

        if (id % 2 == 0 || seen[id]) {
            pacs_fail(err, PACS_E_PARSE, "presentation context ID %u is %s",
                      id, id % 2 == 0 ? "even" : "proposed twice");
            return false;
        }

        seen[id] = true;
    }

    /* the calls below walk the same list: no cursor of it is kept */
    for (unsigned id = 1; id < 256; id += 2) {
        auto  pc = first_context(list);

        while (pc != nullptr && pc->presentationContextID != id) {
            pc = (DUL_PRESENTATIONCONTEXT *) LST_Next(list);
        }

        if (pc != nullptr) {
            negotiate_context(link, pc);
        }
    }

    return true;
}


static pacs_link_e
reject(pacs_link_t *link, T_ASC_RejectParametersReason reason)
{
    T_ASC_RejectParameters  rj = {
        ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER, reason
    };

    ASC_rejectAssociation(link->assoc, &rj);
    return PACS_LINK_REJECTED;
}


static pacs_link_e
answer(pacs_link_t *link, const pacs_listener_t *l, pacs_err_t *err)
{
    const DUL_ASSOCIATESERVICEPARAMETERS &p = link->assoc->params->DULparams;

    copy_text(link->calling, sizeof(link->calling), p.callingAPTitle);
    copy_text(link->called, sizeof(link->called), p.calledAPTitle);

    if (strcmp(p.applicationContextName, UID_StandardApplicationContext)
        != 0)
    {
        pacs_fail(err, PACS_E_ARG, "application context name");
        return reject(link, ASC_REASON_SU_APPCONTEXTNAMENOTSUPPORTED);
    }

    if (l->strict && strcmp(link->called, l->aetitle) != 0) {
        pacs_fail(err, PACS_E_FORBIDDEN, "called AE title is not %s",
                  l->aetitle);
        return reject(link, ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED);
    }

    if (!negotiate(link, err)) {
        return PACS_LINK_PROTOCOL;
    }

    OFCondition  cond = ASC_acknowledgeAssociation(link->assoc);

    return cond.good() ? PACS_LINK_OK : outcome(link, cond, err);
}


static pacs_link_e
receive(pacs_link_t *link, int fd, const pacs_listener_t *l, pacs_err_t *err)
{
    int  artim = (int) l->service.limits.artim_seconds;

    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    dcmDisableGethostbyaddr.set(OFTrue);
    dcmSocketSendTimeout.set((Sint32) l->service.limits.idle_seconds);
    dcmExternalSocketHandle.set(fd);

    OFCondition  cond = ASC_initializeNetwork(NET_ACCEPTOR, 0, artim,
                                              &link->network);

    if (cond.bad()) {
        return outcome(link, cond, err);
    }

    link->connection = new Connection(fd, link->connection, link->state);
    link->connection->idle_us = l->service.limits.idle_seconds * 1000000;
    link->connection->deadline_us = clock_us() + artim * INT64_C(1000000);

    /* the layer is used once, within this function */
    Layer  layer(link->connection);

    DUL_setTransportLayer(link->network->network, &layer, 0);
    cond = ASC_receiveAssociation(link->network, &link->assoc,
                                  (long) l->service.limits.pdu);
    DUL_setTransportLayer(link->network->network, nullptr, 0);

    if (cond.bad()) {
        return outcome(link, cond, err);
    }

    link->connection->deadline_us = 0;
    return answer(link, l, err);
}


pacs_link_e
pacs_link_accept(int fd, const pacs_listener_t *l, pacs_link_t **out,
    pacs_err_t *err)
{
    try {
        *out = new pacs_link_t();
        return receive(*out, fd, l, err);

    } catch (const std::bad_alloc &) {
        pacs_fail(err, PACS_E_NOMEM, "no memory for an association");
    } catch (...) {
        pacs_fail(err, PACS_E_INTERNAL, "exception in DCMTK");
    }

    return PACS_LINK_PROTOCOL;
}


const char *
pacs_link_calling(const pacs_link_t *link)
{
    return link->calling;
}


const char *
pacs_link_called(const pacs_link_t *link)
{
    return link->called;
}


const pacs_context_t *
pacs_link_context(const pacs_link_t *link, uint8_t id)
{
    return link->contexts[id].class_uid[0] != '\0' ? &link->contexts[id]
                                                   : nullptr;
}


pacs_link_e
pacs_link_read(pacs_link_t *link, bool between, pacs_pdv_t *pdv,
    pacs_err_t *err)
try {
    DUL_ASSOCIATIONKEY **key = &link->assoc->DULassociation;
    DUL_PDV              p;

    if (DUL_NextPDV(key, &p).bad()) {
        link->connection->between = between;

        if (!link->connection->ready()) {
            return link->state;
        }

        OFCondition  cond = DUL_ReadPDVs(key, nullptr, DUL_BLOCK, 0);

        if (cond != DUL_PDATAPDUARRIVED) {
            return outcome(link, cond, err);
        }

        cond = DUL_NextPDV(key, &p);
        if (cond.bad()) {
            return outcome(link, cond, err);
        }
    }

    pdv->context = p.presentationContextID;
    pdv->command = p.pdvType == DUL_COMMANDPDV;
    pdv->last = p.lastPDV;
    pdv->data = (const uint8_t *) p.data;
    pdv->len = p.fragmentLength;

    return PACS_LINK_OK;

} catch (...) {
    pacs_fail(err, PACS_E_NOMEM, "exception in DCMTK");
    return PACS_LINK_PROTOCOL;
}


pacs_link_e
pacs_link_write(pacs_link_t *link, uint8_t context, const void *data,
    size_t len, pacs_err_t *err)
try {
    DUL_PDV      pdv = { };
    DUL_PDVLIST  list = { };

    pdv.fragmentLength = len;
    pdv.presentationContextID = context;
    pdv.pdvType = DUL_COMMANDPDV;
    pdv.lastPDV = OFTrue;
    pdv.data = const_cast<void *>(data);
    list.count = 1;
    list.pdv = &pdv;

    link->connection->hold();

    OFCondition  cond = DUL_WritePDVs(&link->assoc->DULassociation, &list);
    bool         sent = link->connection->flush();

    if (cond.bad() || !sent) {
        return outcome(link, cond, err);
    }

    return PACS_LINK_OK;

} catch (...) {
    pacs_fail(err, PACS_E_NOMEM, "exception in DCMTK");
    return PACS_LINK_PROTOCOL;
}


static void
end(pacs_link_t *link, pacs_link_e how)
{
    bool  gone = how == PACS_LINK_CLOSED || how == PACS_LINK_ABORTED;

    if (link->assoc == nullptr || link->assoc->DULassociation == nullptr
        || link->connection == nullptr || gone)
    {
        return;
    }

    link->state = PACS_LINK_OK;
    link->connection->deadline_us = clock_us() + END_US;

    if (how == PACS_LINK_RELEASED) {
        ASC_acknowledgeRelease(link->assoc);
    } else if (how != PACS_LINK_REJECTED) {
        ASC_abortAssociation(link->assoc);
        return;
    }

    /* ARTIM: the peer closes first */
    ASC_dataWaiting(link->assoc, 1);
}


void
pacs_link_close(pacs_link_t *link, pacs_link_e how)
{
    if (link == nullptr) {
        return;
    }

    try {
        end(link, how);
        ASC_destroyAssociation(&link->assoc);
        ASC_dropNetwork(&link->network);
    } catch (...) {
        /* the process ends anyway, and the socket with it */
    }

    delete link;
}

} // extern "C"
