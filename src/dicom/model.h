/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * model: a data set as a series of events.  The readers of JSON and XML give
 * them to a feed, which checks nesting, number and VR of attributes and knows
 * the path of the open one; the tree builder and the XML writer take them.
 * For this room only.
 */

#ifndef PACS_DICOM_MODEL_H
#define PACS_DICOM_MODEL_H

#include "dicom/dicom.h"

typedef enum { PACS_V_TEXT, PACS_V_NUMBER, PACS_V_EMPTY } pacs_value_e;

/* PN comes as text "Alphabetic=Ideographic=Phonetic" */
typedef struct {
    int   (*set)(void *ctx, pacs_err_t *err);
    int   (*set_end)(void *ctx, pacs_err_t *err);
    int   (*attr)(void *ctx, uint32_t tag, const pacs_vr_t *vr,
                  pacs_str_t creator, pacs_err_t *err);
    int   (*value)(void *ctx, pacs_value_e kind, pacs_str_t text,
                   pacs_err_t *err);
    int   (*binary)(void *ctx, pacs_str_t base64, pacs_err_t *err);
    int   (*bulk)(void *ctx, pacs_str_t uri, pacs_err_t *err);
    int   (*item)(void *ctx, pacs_err_t *err);
    int   (*item_end)(void *ctx, pacs_err_t *err);
    int   (*attr_end)(void *ctx, pacs_err_t *err);
} pacs_model_t;

typedef struct {
    const pacs_model_t   *to;
    void                 *ctx;
    const pacs_limits_t  *limits;
    pacs_err_t           *err;
    struct {
        const pacs_vr_t  *vr;       /* of the open attribute, or NULL */
        uint32_t          tag;
        uint32_t          items;    /* begun */
    }                    *path;
    int64_t               depth;
    int64_t               nelems;
} pacs_feed_t;

/* err must be empty; events fail into it without the path */
int pacs_feed_init(pacs_feed_t *f, const pacs_model_t *to, void *ctx,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err);
int pacs_feed_set(pacs_feed_t *f);
int pacs_feed_set_end(pacs_feed_t *f);
/* vr 0: the dictionary's; creator: of a private attribute, or null */
int pacs_feed_attr(pacs_feed_t *f, uint32_t tag, uint16_t vr,
    pacs_str_t creator);
int pacs_feed_attr_end(pacs_feed_t *f);
int pacs_feed_value(pacs_feed_t *f, pacs_value_e kind, pacs_str_t text);
int pacs_feed_binary(pacs_feed_t *f, pacs_str_t base64);
int pacs_feed_bulk(pacs_feed_t *f, pacs_str_t uri);
int pacs_feed_item(pacs_feed_t *f);
int pacs_feed_item_end(pacs_feed_t *f);
/* f->err with the path in front into err; returns its code */
int pacs_feed_failed(const pacs_feed_t *f, pacs_err_t *err);

/* 8 hexadecimal digits, no keyword */
bool pacs_model_tag(pacs_str_t text, uint32_t *tag);


/* --- the taker that builds trees --- */

typedef struct pacs_tree_s  pacs_tree_t;

extern const pacs_model_t  pacs_tree_model;

/* NULL: out of memory */
pacs_tree_t *pacs_tree_create(const pacs_bulk_find_t *find,
    const pacs_limits_t *limits, pacs_arena_t *a);
void pacs_tree_sets(const pacs_tree_t *t, pacs_dataset_t **sets, unsigned *n);
void pacs_tree_free(pacs_tree_t *t);    /* what lies outside of the arena */


/* JSON's text to any taker */
int pacs_json_feed(pacs_str_t text, const pacs_model_t *to, void *ctx,
    const pacs_limits_t *limits, pacs_arena_t *a, pacs_err_t *err);

#endif
