// SPDX-License-Identifier: BSD-2-Clause
//
// The commands for planes, volumes and fusion, and all that they need on the
// page: loaded when one of them is used first.

import { TAG, number } from '../../dicom/dataset.js';
import { volumeOf } from '../../dicom/volume.js';
import { ask, getDatasets } from '../../net/dicomweb.js';
import { frameUrl } from '../../net/urls.js';
import { pathOf } from '../../net/volumes.js';
import { el } from '../../ui/dom.js';
import { addDecoration } from '../decorations.js';
import { addLayer } from '../layers.js';
import { addGrip } from '../input/grips.js';
import { frameOf } from '../state.js';
import { stackOver, upperSeries } from './against.js';
import { renderFusion } from './fused.js';
import { withFusion } from './fusion.js';
import { grip } from './grip.js';
import { toggledPlanes } from './mpr.js';
import { renderPanel } from './panel.js';
import { planeLines } from './planelines.js';
import { watchVolumes } from './progress.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../../dicom/volume.js').Volume} Volume
 */

/** Uptake that the last colour stands for. SUV */
const USUAL_SUV = 10;

let isReady = false;


/** @param {Host} host of the active viewport */
export function togglePlanes(host) {
    prepare();
    host.updatePage(toggledPlanes);
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
        const stack = stackOver(x.stacks === null ? await host.load(x) : x, f.reference);
        const volume = stack === null ? null : volumeOf(stack).volume;

        if (volume !== null) {
            const scale = await scaleOf(host.root, volume);

            host.updatePage((page) => withFusion(page, at,
                { volume, map: 'hot', opacity: 0.6, ...scale }));
            return;
        }
    }

    // the button says now why there is none
    host.updatePage((page) => ({ ...page }));
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
