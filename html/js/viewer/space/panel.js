// SPDX-License-Identifier: BSD-2-Clause
//
// The controls of a plane or of a volume, in its viewport: slab, preset, cut;
// and how far the volume is, and what the server warned of.

import { entryFor } from '../../dicom/dataset.js';
import { meetingOf, planeOf } from '../../math/plane.js';
import { el, find, setText } from '../../ui/dom.js';
import { text } from '../../ui/text.js';
import { seenPorts } from '../page.js';
import { frameOf } from '../state.js';
import { planesOf, viewsOf } from './cross.js';
import { MAPS } from './fused.js';
import { withFusion } from './fusion.js';
import { boxWithout, withCut, withSlab } from './mpr.js';
import { progressOf } from './progress.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../state.js').Viewport} Viewport
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('./fusion.js').Fusion} Fusion
 */

export const TEXT = Object.freeze({
    axial: text('Axial'), coronal: text('Coronal'), sagittal: text('Sagittal'), volume: '3D',
    plane: text('Plane'), fusion: text('Fusion'), colours: text('Colours'), opacity: text('Opacity'),
    most: text('Value of the last colour'), lossy: 'JPEG 90', coming: text('coming'),
    slab: text('Slab'), thickness: text('Thickness, mm'), preset: text('Preset'), cut: text('Cut away'),
    /** @param {number} n @param {number} of @param {number} s */
    building: (n, of, s) => text('Building the volume: {n} of {all} slices, {s} s',
        { n, all: of, s }),
    /** @param {number} s */
    waiting: (s) => text('Waiting for the volume, {s} s', { s }),
});

const SLABS = [
    ['', text('Plane')], ['maximum_ip', text('Maximum')], ['minimum_ip', text('Minimum')],
    ['average_ip', text('Average')],
];

/** @type {Record<string, string[][]>} as the server has them */
const PRESETS = {
    CT: [['ct-bone', text('Bone')], ['ct-skin', text('Skin')], ['ct-muscle', text('Muscle')],
        ['ct-angio', text('Vessels')], ['ct-lung', text('Lung')]],
    MR: [['mr-default', text('Usual')], ['mr-angio', text('Vessels')]],
    PT: [['pet', text('Uptake')]],
};

const CUTS = [
    ['', text('Whole')], ['A', text('No front')], ['P', text('No back')], ['R', text('No right')],
    ['L', text('No left')], ['H', text('No top')], ['F', text('No bottom')],
];

/** What a slab is when it is chosen first. mm */
const USUAL_SLAB = 10;


/**
 * @param {HTMLElement} cell
 * @param {Host} host of the viewport
 */
export function renderPanel(cell, host) {
    const s = host.port();
    const rows = [s.stack?.made?.kind ?? '', s.fusion === null ? '' : 'fusion']
        .filter(Boolean);
    const old = cell.querySelector('.space-panel');
    const isRight = old instanceof HTMLElement
        && old.dataset.rows === rows.join(' ');

    cell.toggleAttribute('data-made', rows.length > 0);

    if (!isRight) {
        old?.remove();
    }

    if (rows.length === 0) {
        return;
    }

    cell.dataset.made = rows.join(' ');

    const panel = isRight ? old : build(rows.map((row) => ROWS[row].build(host)));

    if (!isRight) {
        rows.forEach((row, i) =>
            panel.children[i].setAttribute('data-row', row));
        panel.dataset.rows = rows.join(' ');
        cell.append(panel);
    }

    rows.forEach((row, i) =>
        ROWS[row].write(/** @type {HTMLElement} */ (panel.children[i]), s));
    writeProgress(panel, s);
}


/** @param {HTMLElement[]} rows */
function build(rows) {
    return el('div', { class: 'space-panel' }, ...rows,
        el('div', { class: 'space-notes' },
            el('p', { class: 'space-progress', role: 'status', hidden: '' }),
            el('p', { class: 'space-warning', hidden: '' })));
}


/**
 * What belongs to a plane, to a volume and to a fusion.
 * @type {Record<string, {build: (host: Host) => HTMLElement,
 *     write: (row: HTMLElement, s: Viewport) => void}>}
 */
const ROWS = {
    mpr: { build: planeRow, write: writePlane },
    vr: { build: viewRow, write: writeView },
    fusion: { build: fusionRow, write: writeFusion },
};


/** @param {Host} host */
function planeRow(host) {
    const slab = select('space-slab', TEXT.slab, SLABS);
    const mm = el('input', {
        class: 'space-mm', type: 'number', min: '1', max: '200', step: '1',
        inputmode: 'numeric', 'aria-label': TEXT.thickness,
    });

    slab.addEventListener('change', () => host.update((s) => withSlab(s, {
        mode: /** @type {any} */ (slab.value),
        mm: planesOf(s)?.slab.mm || USUAL_SLAB,
    })));
    mm.addEventListener('change', () => host.update((s) => {
        const made = planesOf(s);
        const thick = Math.min(200, Math.max(1, Number(mm.value) || USUAL_SLAB));

        return made === null ? s : withSlab(s, { ...made.slab, mm: thick });
    }));

    return row(TEXT.plane, el('span', { class: 'space-dot' }), el('span', { class: 'space-name' }),
        slab, el('label', { class: 'space-thick' }, mm, ' mm'));
}


/** @param {Host} host */
function viewRow(host) {
    const modality = frameOf(host.port())?.modality ?? '';
    const preset = select('space-preset', TEXT.preset, entryFor(PRESETS, modality) ?? []);
    const cut = select('space-cut', TEXT.cut, CUTS);

    preset.hidden = preset.options.length < 2;
    preset.addEventListener('change', () => host.update((s) => {
        const made = viewsOf(s);

        return made === null ? s : withCut(s, { ...made.cut, preset: preset.value });
    }));
    cut.addEventListener('change', () => host.update((s) => {
        const made = viewsOf(s);

        return made === null ? s : withCut(s, { ...made.cut,
            box: boxWithout(made.volume, /** @type {any} */ (cut.value),
                crossingOf(host.page(), made.volume)) });
    }));

    return row(TEXT.volume, el('span', { class: 'space-name' }, TEXT.volume), preset, cut);
}


/** @param {Host} host */
function fusionRow(host) {
    const map = select('space-map', TEXT.colours,
        Object.entries(MAPS).map(([name, { label }]) => [name, label]));
    const opacity = el('input', {
        class: 'space-opacity', type: 'range', min: '0', max: '100',
        'aria-label': TEXT.opacity,
    });
    const most = el('input', {
        class: 'space-mm space-most', type: 'number', min: '0', step: 'any',
        inputmode: 'decimal', 'aria-label': TEXT.most,
    });
    const change = (/** @type {Partial<Fusion>} */ part) =>
        host.updatePage((page) => withFusion(page, host.at(), part));

    map.addEventListener('change', () => change({ map: map.value }));
    opacity.addEventListener('input', () =>
        change({ opacity: Number(opacity.value) / 100 }));
    most.addEventListener('change', () => {
        if (Number(most.value) > 0) {
            change({ most: Number(most.value) });
        }
    });

    return row(TEXT.fusion, el('span', { class: 'space-name' }), map, opacity,
        el('label', { class: 'space-thick' }, '0 – ', most, el('bdi', { class: 'space-unit' })),
        el('span', { class: 'space-badge' }));
}


/** @param {HTMLElement} node @param {Viewport} s */
function writeFusion(node, s) {
    const [map] = node.querySelectorAll('select');
    const [opacity, most] = node.querySelectorAll('input');
    const fusion = /** @type {Fusion} */ (s.fusion);
    const badge = find('.space-badge', HTMLElement, node);
    const canvas = node.closest('.cell')?.querySelector('.port-fusion');
    const isHere = canvas instanceof HTMLElement && canvas.dataset.state === 'final';

    setText(find('.space-name', HTMLElement, node), fusion.volume.middle.modality);
    setText(find('.space-unit', HTMLElement, node), ` ${fusion.unit}`);
    setText(badge, isHere ? TEXT.lossy : TEXT.coming);
    badge.dataset.state = isHere ? 'final' : 'preview';
    map.value = fusion.map;
    opacity.value = String(Math.round(fusion.opacity * 100));

    if (document.activeElement !== most) {
        most.value = String(fusion.most);
    }
}


/** @param {string} label @param {...(Node | string)} children */
function row(label, ...children) {
    return el('div', { 'class': 'space-row', 'role': 'group', 'aria-label': label },
        ...children);
}


/**
 * @param {string} name
 * @param {string} label
 * @param {string[][]} options
 */
function select(name, label, options) {
    return el('select', { class: `space-select ${name}`, 'aria-label': label },
        ...options.map(([value, name]) => el('option', { value }, name)));
}


/** @param {HTMLElement} node @param {Viewport} s */
function writePlane(node, s) {
    const made = planesOf(s);
    const slab = node.querySelector('select');
    const mm = node.querySelector('input');

    if (made === null || slab === null || mm === null) {
        return;
    }

    const [dot, name] = node.querySelectorAll('span');

    dot.className = `space-dot axis-${made.axis}`;
    setText(name, TEXT[made.axis]);
    slab.value = made.slab.mode;
    /** @type {HTMLElement} */ (mm.parentElement).hidden = made.slab.mode === '';

    if (document.activeElement !== mm) {
        mm.value = String(made.slab.mm);
    }
}


/** @param {HTMLElement} node @param {Viewport} s */
function writeView(node, s) {
    const preset = node.querySelector('select');
    const made = viewsOf(s);

    if (preset !== null && made !== null && made.cut.preset !== '') {
        preset.value = made.cut.preset;
    }
}


/** @param {HTMLElement} node @param {Viewport} s */
function writeProgress(node, s) {
    const [progress, warning] = /** @type {NodeListOf<HTMLElement>} */ (
        node.querySelectorAll('p'));
    const known = progressOf(s);

    setText(warning, known.warning);
    warning.title = known.warning;
    warning.hidden = known.warning === '';
    setText(progress, known.seconds === null ? ''
        : known.count === 0 ? TEXT.waiting(known.seconds)
            : TEXT.building(known.ready, known.count, known.seconds));
    progress.hidden = known.seconds === null;
}


/**
 * @param {Page} page
 * @param {import('../../dicom/volume.js').Volume} volume
 * @returns {import('../../math/vector.js').Vector} where its planes meet, else
 *     its middle
 */
function crossingOf(page, volume) {
    const planes = seenPorts(page).map((i) => page.ports[i])
        .filter((s) => planesOf(s)?.volume.id === volume.id)
        .map((s) => planeOf(frameOf(s)));
    const [a, b, c] = planes;

    return (a && b && c ? meetingOf(a, b, c) : null)
        ?? /** @type {import('../../math/vector.js').Vector} */ (
            volume.origin.map((v, i) => v + volume.step.reduce((way, step, k) =>
                way + step[i] * (volume.count[k] - 1) / 2, 0)));
}
