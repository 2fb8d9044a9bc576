// SPDX-License-Identifier: BSD-2-Clause
//
// The commands for planes, volumes and fusion, and all that they need on the
// page: loaded when one of them is used first.

import { TAG, entryFor, number } from '../../dicom/dataset.js';
import { volumeOf } from '../../dicom/volume.js';
import { ask, getDatasets } from '../../net/dicomweb.js';
import { frameUrl } from '../../net/urls.js';
import { pathOf } from '../../net/volumes.js';
import { el } from '../../ui/dom.js';
import { addDecoration } from '../decorations.js';
import { addLayer } from '../layers.js';
import { addGrip } from '../input/grips.js';
import { frameOf, initial, scrolledTo, withStack } from '../state.js';
import { stackOver, upperSeries } from './against.js';
import { MAPS, renderFusion } from './fused.js';
import { withFusion } from './fusion.js';
import { grip } from './grip.js';
import { toggledPlanes, turnedPlanes } from './mpr.js';
import { renderPanel } from './panel.js';
import { placed } from './placed.js';
import { planeLines } from './planelines.js';
import { watchVolumes } from './progress.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../../dicom/volume.js').Volume} Volume
 * @typedef {import('../../dicom/stack.js').Stack} Stack
 */

/** Uptake that the last colour stands for. SUV */
const USUAL_SUV = 10;

let isReady = false;


/** @param {Host} host of the active viewport */
export function togglePlanes(host) {
    prepare();
    host.updatePage(toggledPlanes);
}


/**
 * Those that cut the active one, about its normal.
 * @param {Host} host of the active viewport
 * @param {number} degrees
 */
export function turnPlanes(host, degrees) {
    host.updatePage((page) => turnedPlanes(page, page, host.at(), degrees * Math.PI / 180));
}


/** @param {Host} host of the active viewport */
export async function toggleFusion(host) {
    prepare();

    if (host.port().fusion !== null) {
        host.updatePage((page) => withFusion(page, host.at(), null));
        return;
    }

    const at = host.at();
    const f = frameOf(host.port());

    if (f === null) {
        return;
    }

    for (const x of upperSeries(host.page(), f.study)) {
        const fusion = await fusionOf(host, x, f.reference);

        if (fusion !== null) {
            host.updatePage((page) => isOf(page.ports[at], f) ? withFusion(page, at, fusion) : page);
            return;
        }
    }

    // the button says now why there is none
    host.updatePage((page) => ({ ...page }));
}


/**
 * @param {Host} host
 * @param {import('../series.js').Series} x that lies over others
 * @param {string} reference
 * @returns {Promise<import('./fusion.js').Fusion | null>} null: it is no volume there
 */
async function fusionOf(host, x, reference) {
    const stack = stackOver(x.stacks === null ? await host.load(x) : x, reference);
    const volume = stack === null ? null : volumeOf(stack).volume;

    return volume === null ? null
        : { volume, map: 'hot', opacity: 0.6, ...await scaleOf(host.root, volume) };
}


/**
 * What an address says of planes and of what lies over them (H12).
 * @param {Host} host of the viewport
 * @param {Stack} stack the series' own
 * @param {Record<string, string>} facts
 */
export async function place(host, stack, facts) {
    const { volume } = volumeOf(stack);
    const made = volume === null ? null : placed(volume, facts);

    prepare();

    if (made !== null) {
        const { stack: planes, index } = made;

        host.update((s) => scrolledTo({ ...withStack(s, planes), entry: stack.id }, index));
        host.updatePage((page) => ({ ...page, before: page.before ?? {
            ports: [withStack(initial(), stack)], active: 0, alone: false,
            layout: { rows: 1, columns: 1 }, links: page.links,
        }, links: { ...page.links, window: true } }));
    }

    const [series, map, opacity, most] = (facts.f ?? '').split(',');
    const upper = host.page().series.find((x) => x.uid === series
        && upperSeries(host.page(), x.study).includes(x));
    const fusion = upper === undefined ? null
        : await fusionOf(host, upper, stack.frames[0].reference);

    if (fusion !== null) {
        host.update((s) => !isOf(s, stack.frames[0]) ? s : ({ ...s, fusion: {
            ...fusion, map: entryFor(MAPS, map) === undefined ? fusion.map : map,
            opacity: Number(opacity) >= 0 && Number(opacity) <= 1 ? Number(opacity) : fusion.opacity,
            most: Number(most) > 0 ? Number(most) : fusion.most,
        } }));
    }
}


/**
 * It may show something else by now.
 * @param {import('../state.js').Viewport | undefined} s
 * @param {import('../state.js').Frame} f
 * @returns {boolean} it shows the same study in the same space
 */
function isOf(s, f) {
    const now = s === undefined ? null : frameOf(s);

    return now !== null && now.study === f.study && now.reference === f.reference;
}


/**
 * SUV where the server can compute it, else the values' own unit.
 * @param {string} root
 * @param {Volume} volume
 * @returns {Promise<{unit: string, factor: number, most: number}>}
 */
async function scaleOf(root, volume) {
    const { middle } = volume;
    const values = await ask(`${frameUrl(root, middle)}/values?point=0.5,0.5`,
        'application/json').then((a) => a.json()).catch(() => null);

    if (typeof values?.suvFactor === 'number' && values.suvFactor > 0) {
        return { unit: 'SUV', factor: values.suvFactor, most: USUAL_SUV };
    }

    // without a window it tells all that is there
    const [look] = await getDatasets(`${root}/${pathOf(volume, 'renderedmpr')}`
        + '?renderedvolumetricmetadata=yes').catch(() => []);
    const center = number(look, TAG.WindowCenter) ?? 0;
    const width = number(look, TAG.WindowWidth) ?? 0;

    return {
        unit: String(values?.unit ?? ''), factor: 1,
        most: Number((center + width / 2).toPrecision(2)) || 1,
    };
}


function prepare() {
    if (isReady) {
        return;
    }

    isReady = true;
    document.head.append(el('link', { rel: 'stylesheet', href: 'css/space.css' }));
    addGrip(grip);
    addLayer(planeLines);
    addDecoration(renderFusion);
    addDecoration(renderPanel);
    addDecoration((_, host) => watchVolumes(host.root, [host.port()],
        () => host.updatePage((page) => ({ ...page }))));
}
