/* SPDX-License-Identifier: BSD-2-Clause */

/* Blocks of doubling size in a list; big pieces get a block of their own. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

enum { FIRST_BLOCK = 4096, BIG_BLOCK = 256 * 1024 };

typedef struct block_s  block_t;

struct block_s {
    block_t  *next;
    size_t    used, size;
    _Alignas(16) char  data[];
};

typedef struct cleanup_s  cleanup_t;

struct cleanup_s {
    cleanup_t  *next;
    void      (*fn)(void *);
    void       *data;
};

struct pacs_arena_s {
    block_t    *blocks;
    cleanup_t  *cleanups;
    size_t      total, limit, grow;
};


pacs_arena_t *
pacs_arena_create(size_t limit)
{
    pacs_arena_t *a = calloc(1, sizeof(*a));

    if (a != NULL) {
        a->limit = limit;
        a->grow = FIRST_BLOCK;
    }
    return a;
}


size_t
pacs_arena_size(const pacs_arena_t *a)
{
    return a->total;
}


void
pacs_arena_destroy(pacs_arena_t *a)
{
    if (a == NULL) {
        return;
    }

    for (cleanup_t *c = a->cleanups; c != NULL; c = c->next) {
        c->fn(c->data);
    }

    for (block_t *b = a->blocks, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }

    free(a);
}


void *
pacs_alloc(pacs_arena_t *a, size_t size)
{
    block_t  *b = a->blocks;
    size_t    need;

    if (__builtin_add_overflow(size, (size_t) 15, &need)) {
        return NULL;
    }
    need &= ~(size_t) 15;

    if (b == NULL || b->size - b->used < need) {
        size_t  room = need > a->grow / 4 ? need : a->grow;
        size_t  total;

        if (__builtin_add_overflow(a->total, room, &total)
            || (a->limit != 0 && total > a->limit)
            || room > SIZE_MAX - sizeof(block_t))
        {
            return NULL;
        }

        b = malloc(sizeof(block_t) + room);
        if (b == NULL) {
            return NULL;
        }

        b->size = room;
        b->used = 0;
        a->total = total;

        /* a big piece's block goes behind the one that still has room */
        if (room == need && a->blocks != NULL) {
            b->next = a->blocks->next;
            a->blocks->next = b;

        } else {
            b->next = a->blocks;
            a->blocks = b;
            a->grow = a->grow < BIG_BLOCK ? a->grow * 2 : a->grow;
        }
    }

    void *p = b->data + b->used;
    b->used += need;
    return p;
}


void *
pacs_calloc(pacs_arena_t *a, size_t n, size_t size)
{
    size_t  bytes;

    if (__builtin_mul_overflow(n, size, &bytes)) {
        return NULL;
    }

    void *p = pacs_alloc(a, bytes);

    return p == NULL ? NULL : memset(p, 0, bytes);
}


char *
pacs_strdup(pacs_arena_t *a, pacs_str_t s)
{
    char *p = pacs_alloc(a, s.len + 1);

    if (p != NULL) {
        if (s.len != 0) {
            memcpy(p, s.data, s.len);
        }
        p[s.len] = '\0';
    }
    return p;
}


pacs_str_t
pacs_str_copy(pacs_arena_t *a, pacs_str_t s)
{
    char *p = s.data == NULL ? NULL : pacs_strdup(a, s);

    return (pacs_str_t) { p, p == NULL ? 0 : s.len };
}


pacs_str_t
pacs_str_join(pacs_arena_t *a, const pacs_str_t *parts, unsigned n)
{
    size_t  len = 0;

    for (unsigned i = 0; i < n; i++) {
        if (__builtin_add_overflow(len, parts[i].len, &len)) {
            return pacs_null;
        }
    }

    char *out = pacs_alloc(a, len), *p = out;

    for (unsigned i = 0; out != NULL && i < n; i++) {
        if (parts[i].len != 0) {
            memcpy(p, parts[i].data, parts[i].len);
            p += parts[i].len;
        }
    }
    return (pacs_str_t) { out, out == NULL ? 0 : len };
}


pacs_str_t
pacs_sprintf(pacs_arena_t *a, const char *fmt, ...)
{
    va_list  ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);

    char *p = n < 0 ? NULL : pacs_alloc(a, (size_t) n + 1);

    if (p != NULL) {
        vsnprintf(p, (size_t) n + 1, fmt, again);
    }
    va_end(again);

    return (pacs_str_t) { p, p == NULL ? 0 : (size_t) n };
}


bool
pacs_arena_cleanup(pacs_arena_t *a, void (*fn)(void *), void *data)
{
    cleanup_t *c = pacs_alloc(a, sizeof(*c));

    if (c == NULL) {
        fn(data);
        return false;
    }

    *c = (cleanup_t) { a->cleanups, fn, data };
    a->cleanups = c;
    return true;
}
