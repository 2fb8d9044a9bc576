/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * The subscription to Redis.  A hint is any byte of it, so that nothing of it
 * needs to be understood: what is new only the index knows.
 */


#include "ngx_http_pacs_events.h"


#define NGX_HTTP_PACS_HINT_RETRY    5000            /* msec */


static void ngx_http_pacs_hint_write(ngx_event_t *wev);
static void ngx_http_pacs_hint_read(ngx_event_t *rev);


static const char  ngx_http_pacs_subscribe[] =
    "SUBSCRIBE " PACS_CACHE_CHANNEL "\r\n";


void
ngx_http_pacs_hint_connect(ngx_http_pacs_events_t *events)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_connection_t       *c;
    ngx_http_pacs_hint_t   *hint;
    ngx_peer_connection_t  *peer;

    addr = events->pmcf->redis_addr;
    hint = &events->hint;
    peer = &hint->peer;

    if (addr == NULL || peer->connection
        || (hint->tried
            && ngx_current_msec - hint->tried < NGX_HTTP_PACS_HINT_RETRY))
    {
        return;
    }

    ngx_memzero(peer, sizeof(ngx_peer_connection_t));

    peer->sockaddr = addr->sockaddr;
    peer->socklen = addr->socklen;
    peer->name = &events->pmcf->redis_url;
    peer->get = ngx_event_get_peer;
    peer->log = &hint->log;
    peer->log_error = NGX_ERROR_ERR;

    hint->tried = ngx_current_msec;

    rc = ngx_event_connect_peer(peer);
    c = peer->connection;

    if (c == NULL) {
        return;
    }

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_http_pacs_hint_close(events);
        return;
    }

    c->data = events;
    c->read->handler = ngx_http_pacs_hint_read;
    c->write->handler = ngx_http_pacs_hint_write;

    if (rc == NGX_OK) {
        ngx_http_pacs_hint_write(c->write);
    }
}


void
ngx_http_pacs_hint_close(ngx_http_pacs_events_t *events)
{
    if (events->hint.peer.connection) {
        ngx_close_connection(events->hint.peer.connection);
        events->hint.peer.connection = NULL;
    }

    events->hint.up = 0;
}


static void
ngx_http_pacs_hint_write(ngx_event_t *wev)
{
    ssize_t                  n;
    ngx_connection_t        *c;
    ngx_http_pacs_events_t  *events;

    c = wev->data;
    events = c->data;

    if (c->sent) {
        return;
    }

    n = c->send(c, (u_char *) ngx_http_pacs_subscribe,
                sizeof(ngx_http_pacs_subscribe) - 1);

    /* so few bytes go at once, or something is wrong */

    if (n != (ssize_t) sizeof(ngx_http_pacs_subscribe) - 1
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ngx_http_pacs_hint_close(events);
    }
}


static void
ngx_http_pacs_hint_read(ngx_event_t *rev)
{
    u_char                   buf[4096];
    ssize_t                  n;
    ngx_connection_t        *c;
    ngx_http_pacs_events_t  *events;

    c = rev->data;
    events = c->data;

    /* other connections come between, whatever it floods us with */

    n = c->recv(c, buf, sizeof(buf));

    if (n == NGX_AGAIN) {
        if (ngx_handle_read_event(rev, 0) != NGX_OK) {
            ngx_http_pacs_hint_close(events);
        }

        return;
    }

    if (n == NGX_ERROR || n == 0) {
        ngx_http_pacs_hint_close(events);
        return;
    }

    events->hint.up = 1;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_next_events);
    }

    events->hint.heard(events);
}
