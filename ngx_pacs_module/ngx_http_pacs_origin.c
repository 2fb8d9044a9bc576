/* SPDX-License-Identifier: BSD-2-Clause */


/*
 * Where the service is for its clients: what the URLs in answers begin with.
 * "pacs_public_url" says it; else, for proxies that "pacs_forwarded" trusts,
 * Forwarded (RFC 7239) or X-Forwarded-*; else Host.
 */


#include "ngx_http_pacs.h"


typedef struct {
    ngx_str_t   proto;
    ngx_str_t   host;
    ngx_str_t   port;
    ngx_str_t   prefix;
} ngx_http_pacs_forwarded_t;


static ngx_int_t ngx_http_pacs_trusted(ngx_http_request_t *r,
    ngx_http_pacs_loc_conf_t *plcf);
static void ngx_http_pacs_read_forwarded(ngx_str_t *element,
    ngx_http_pacs_forwarded_t *f);
static void ngx_http_pacs_first(ngx_str_t *value);
static void ngx_http_pacs_trim(ngx_str_t *value);
static ngx_int_t ngx_http_pacs_host_ok(ngx_str_t *host);
static ngx_int_t ngx_http_pacs_prefix_ok(ngx_str_t *prefix);
static ngx_int_t ngx_http_pacs_has_port(ngx_str_t *host);
static size_t ngx_http_pacs_origin_len(ngx_str_t *url);


/* fills req->origin and req->prefix */

void
ngx_http_pacs_origin(ngx_http_request_t *r, ngx_http_pacs_ctx_t *ctx)
{
    u_char                     addr[NGX_SOCKADDR_STRLEN];
    ngx_str_t                  host, value;
    ngx_uint_t                 https;
    pacs_request_t            *req;
    ngx_http_core_srv_conf_t  *cscf;
    ngx_http_pacs_loc_conf_t  *plcf;
    ngx_http_pacs_forwarded_t  f;

    req = &ctx->op.request;
    plcf = ngx_http_get_module_loc_conf(r, ngx_http_pacs_module);

    if (plcf->public_url.len) {
        req->origin = ngx_http_pacs_slice(&plcf->public_url);
        req->origin.len = ngx_http_pacs_origin_len(&plcf->public_url);

        req->prefix.data = req->origin.data + req->origin.len;
        req->prefix.len = plcf->public_url.len - req->origin.len;
        return;
    }

    ngx_memzero(&f, sizeof(ngx_http_pacs_forwarded_t));

    if (ngx_http_pacs_trusted(r, plcf)) {

        (void) ngx_http_pacs_header(r, "x-forwarded-proto", &f.proto);
        (void) ngx_http_pacs_header(r, "x-forwarded-host", &f.host);
        (void) ngx_http_pacs_header(r, "x-forwarded-port", &f.port);
        (void) ngx_http_pacs_header(r, "x-forwarded-prefix", &f.prefix);

        if (ngx_http_pacs_header(r, "forwarded", &value) == NGX_OK) {
            ngx_http_pacs_read_forwarded(&value, &f);
        }
    }

#if (NGX_HTTP_SSL)
    https = (r->connection->ssl != NULL);
#else
    https = 0;
#endif

    if (ngx_http_pacs_same(&f.proto, "https")) {
        https = 1;

    } else if (ngx_http_pacs_same(&f.proto, "http")) {
        https = 0;
    }

    /* a Host that could not stand in a URL gives way to server_name, and that,
     * if it is empty, to the address */

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    if (ngx_http_pacs_host_ok(&f.host)) {
        host = f.host;

    } else if (r->headers_in.host
               && ngx_http_pacs_host_ok(&r->headers_in.host->value))
    {
        host = r->headers_in.host->value;

    } else {
        host = cscf->server_name;
    }

    if (host.len == 0) {
        host.data = addr;
        host.len = NGX_SOCKADDR_STRLEN;

        if (ngx_connection_local_sockaddr(r->connection, &host, 1) != NGX_OK) {
            ngx_str_set(&host, "localhost");
        }
    }

    if (ngx_http_pacs_has_port(&host) || f.port.len == 0
        || ngx_atoi(f.port.data, f.port.len) < 1
        || ngx_atoi(f.port.data, f.port.len) > 65535
        || ngx_atoi(f.port.data, f.port.len) == (https ? 443 : 80))
    {
        f.port.len = 0;
    }

    req->origin = pacs_sprintf(ctx->op.arena, "%s://%.*s%s%.*s",
                               https ? "https" : "http", (int) host.len,
                               (char *) host.data, f.port.len ? ":" : "",
                               (int) f.port.len, (char *) f.port.data);

    if (ngx_http_pacs_prefix_ok(&f.prefix)) {
        req->prefix = pacs_sprintf(ctx->op.arena, "%.*s%.*s",
                                   (int) f.prefix.len, (char *) f.prefix.data,
                                   (int) plcf->prefix.len,
                                   (char *) plcf->prefix.data);
    }
}


/* the first element of the first line of that name */

ngx_int_t
ngx_http_pacs_header(ngx_http_request_t *r, const char *name, ngx_str_t *value)
{
    if (ngx_http_pacs_header_line(r, name, value) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_http_pacs_first(value);

    return NGX_OK;
}


ngx_int_t
ngx_http_pacs_header_line(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (header[i].key.len == len
                && ngx_strncmp(header[i].lowcase_key, name, len) == 0)
            {
                *value = header[i].value;
                return NGX_OK;
            }
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_pacs_trusted(ngx_http_request_t *r, ngx_http_pacs_loc_conf_t *plcf)
{
    if (plcf->forwarded == NULL) {
        return 0;
    }

    return plcf->forwarded->nelts == 0
           || ngx_cidr_match(r->connection->sockaddr, plcf->forwarded)
              == NGX_OK;
}


/* for=192.0.2.1;proto=https;host="a:8443" */

static void
ngx_http_pacs_read_forwarded(ngx_str_t *element, ngx_http_pacs_forwarded_t *f)
{
    u_char     *p, *end, *next;
    ngx_str_t   name, value;

    end = element->data + element->len;

    for (p = element->data; p < end; p = next + 1) {

        next = ngx_strlchr(p, end, ';');
        next = next ? next : end;

        name.data = p;
        value.data = ngx_strlchr(p, next, '=');

        if (value.data == NULL) {
            continue;
        }

        name.len = value.data++ - p;
        value.len = next - value.data;

        ngx_http_pacs_trim(&name);
        ngx_http_pacs_trim(&value);

        if (value.len > 1 && value.data[0] == '"'
            && value.data[value.len - 1] == '"')
        {
            value.data++;
            value.len -= 2;
        }

        if (ngx_http_pacs_same(&name, "proto")) {
            f->proto = value;

        } else if (ngx_http_pacs_same(&name, "host")) {
            f->host = value;
            f->port.len = 0;
        }
    }
}


static void
ngx_http_pacs_first(ngx_str_t *value)
{
    u_char  *comma;

    comma = ngx_strlchr(value->data, value->data + value->len, ',');

    if (comma) {
        value->len = comma - value->data;
    }

    ngx_http_pacs_trim(value);
}


static void
ngx_http_pacs_trim(ngx_str_t *value)
{
    while (value->len && (value->data[0] == ' ' || value->data[0] == '\t')) {
        value->data++;
        value->len--;
    }

    while (value->len && (value->data[value->len - 1] == ' '
                          || value->data[value->len - 1] == '\t'))
    {
        value->len--;
    }
}


static ngx_int_t
ngx_http_pacs_host_ok(ngx_str_t *host)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < host->len; i++) {
        ch = host->data[i];

        if (!((ch >= '0' && ch <= '9')
              || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
              || ch == '.' || ch == '-' || ch == '_' || ch == ':'
              || ch == '[' || ch == ']'))
        {
            return 0;
        }
    }

    return host->len != 0;
}


static ngx_int_t
ngx_http_pacs_prefix_ok(ngx_str_t *prefix)
{
    u_char  ch, last;
    size_t  i;

    if (prefix->len && prefix->data[prefix->len - 1] == '/') {
        prefix->len--;
    }

    if (prefix->len == 0 || prefix->data[0] != '/') {
        return 0;
    }

    last = '\0';

    for (i = 0; i < prefix->len; i++) {
        ch = prefix->data[i];

        if (!((ch >= '0' && ch <= '9')
              || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
              || ch == '-' || ch == '_' || ch == '~'
              || (ch == '/' && last != '/') || (ch == '.' && last != '.')))
        {
            return 0;
        }

        last = ch;
    }

    return 1;
}


/* the colons of an IPv6 address stand in brackets */

static ngx_int_t
ngx_http_pacs_has_port(ngx_str_t *host)
{
    size_t  i;

    for (i = host->len; i > 0; i--) {

        if (host->data[i - 1] == ':') {
            return 1;
        }

        if (host->data[i - 1] == ']') {
            return 0;
        }
    }

    return 0;
}


/* scheme://host:port of a URL that was checked */

static size_t
ngx_http_pacs_origin_len(ngx_str_t *url)
{
    u_char  *p;

    p = (u_char *) ngx_strstr(url->data, "://") + 3;

    while (p < url->data + url->len && *p != '/') {
        p++;
    }

    return p - url->data;
}


ngx_int_t
ngx_http_pacs_url_ok(ngx_str_t *url, ngx_uint_t path)
{
    ngx_str_t  host, rest;

    if (url->len > 8 && ngx_strncmp(url->data, "https://", 8) == 0) {
        host.data = url->data + 8;

    } else if (url->len > 7 && ngx_strncmp(url->data, "http://", 7) == 0) {
        host.data = url->data + 7;

    } else {
        return 0;
    }

    host.len = url->data + ngx_http_pacs_origin_len(url) - host.data;

    rest.data = host.data + host.len;
    rest.len = url->data + url->len - rest.data;

    return ngx_http_pacs_host_ok(&host)
           && (rest.len == 0 || (path && ngx_http_pacs_prefix_ok(&rest)));
}


char *
ngx_http_pacs_public_url(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pacs_loc_conf_t *plcf = conf;

    ngx_str_t  *value;

    if (plcf->public_url.data) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len && value[1].data[value[1].len - 1] == '/') {
        value[1].data[--value[1].len] = '\0';
    }

    if (!ngx_http_pacs_url_ok(&value[1], 1)) {
        return "must be http:// or https://, a host and a path of letters, "
               "digits and \"-_~./\"";
    }

    plcf->public_url = value[1];

    return NGX_CONF_OK;
}


char *
ngx_http_pacs_forwarded(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pacs_loc_conf_t *plcf = conf;

    ngx_int_t    rc;
    ngx_str_t   *value;
    ngx_cidr_t  *cidr;
    ngx_uint_t   i;

    if (plcf->forwarded != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        plcf->forwarded = NULL;
        return NGX_CONF_OK;
    }

    plcf->forwarded = ngx_array_create(cf->pool, 2, sizeof(ngx_cidr_t));
    if (plcf->forwarded == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "on") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        cidr = ngx_array_push(plcf->forwarded);
        if (cidr == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(cidr, sizeof(ngx_cidr_t));

#if (NGX_HAVE_UNIX_DOMAIN)
        if (ngx_strcmp(value[i].data, "unix:") == 0) {
            cidr->family = AF_UNIX;
            continue;
        }
#endif

        rc = ngx_ptocidr(&value[i], cidr);

        if (rc == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"pacs_forwarded\" takes \"on\", \"off\" or "
                               "addresses of proxies, not \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
