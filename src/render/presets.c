/* SPDX-License-Identifier: BSD-2-Clause */

/* how volumes are coloured: value, colour, opacity a mm */

#include "render/volume.h"

#define PRESET(name, label, modality, stops, relative)                        \
    { name, label, modality, stops, sizeof(stops) / sizeof(*stops), relative }

static const pacs_stop_t  bone[] = {
    {  150, { 150,  75,  50 }, 0 },
    {  300, { 220, 170, 120 }, 0.25 },
    {  600, { 245, 225, 190 }, 0.7 },
    { 1500, { 255, 250, 240 }, 0.95 },
};

static const pacs_stop_t  skin[] = {
    { -400, { 190, 125, 100 }, 0 },
    { -150, { 225, 170, 140 }, 0.7 },
    {  100, { 235, 185, 155 }, 0.9 },
    {  400, { 250, 240, 220 }, 0.95 },
};

static const pacs_stop_t  muscle[] = {
    { -20,  { 140,  50,  40 }, 0 },
    {  40,  { 175,  75,  60 }, 0.15 },
    { 150,  { 205, 120,  95 }, 0.3 },
    { 300,  { 240, 215, 175 }, 0.6 },
    { 1000, { 255, 250, 235 }, 0.95 },
};

static const pacs_stop_t  angio[] = {
    {  150, { 150,  20,  15 }, 0 },
    {  230, { 210,  50,  35 }, 0.3 },
    {  350, { 240, 130,  95 }, 0.6 },
    {  700, { 250, 235, 210 }, 0.85 },
    { 1500, { 255, 252, 245 }, 0.95 },
};

static const pacs_stop_t  lung[] = {
    { -920, {  80, 110, 150 }, 0 },
    { -820, { 120, 150, 185 }, 0.015 },
    { -650, { 185, 190, 205 }, 0.05 },
    { -500, { 215, 175, 165 }, 0.02 },
    { -250, { 225, 165, 150 }, 0.004 },
    {  100, { 225, 140, 120 }, 0.004 },
    {  300, { 250, 240, 220 }, 0.15 },
};

static const pacs_stop_t  mr[] = {
    { 0.08, {  60,  45,  45 }, 0 },
    { 0.25, { 165, 125, 115 }, 0.15 },
    { 0.60, { 215, 195, 180 }, 0.5 },
    { 1.00, { 255, 250, 245 }, 0.9 },
};

static const pacs_stop_t  mr_angio[] = {
    { 0.35, { 140,  20,  15 }, 0 },
    { 0.55, { 215,  70,  50 }, 0.4 },
    { 1.00, { 255, 225, 200 }, 0.9 },
};

static const pacs_stop_t  pet[] = {
    { 0.05, {  60,   0,  60 }, 0 },
    { 0.20, { 170,  25,  60 }, 0.03 },
    { 0.50, { 250, 130,  20 }, 0.12 },
    { 1.00, { 255, 250, 200 }, 0.5 },
};

const pacs_preset_t  pacs_presets[] = {
    PRESET("ct-bone", "CT: bone", "CT", bone, false),
    PRESET("ct-skin", "CT: skin", "CT", skin, false),
    PRESET("ct-muscle", "CT: soft tissue", "CT", muscle, false),
    PRESET("ct-angio", "CT: vessels", "CT", angio, false),
    PRESET("ct-lung", "CT: lung", "CT", lung, false),
    PRESET("mr-default", "MR: surface", "MR", mr, true),
    PRESET("mr-angio", "MR: vessels", "MR", mr_angio, true),
    PRESET("pet", "PET: uptake", "PT", pet, true),
    { NULL, NULL, NULL, NULL, 0, false }
};


const pacs_preset_t *
pacs_preset(pacs_str_t name)
{
    for (const pacs_preset_t *p = pacs_presets; p->name != NULL; p++) {
        if (pacs_str_is(name, p->name)) {
            return p;
        }
    }
    return NULL;
}
