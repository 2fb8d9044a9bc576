// SPDX-License-Identifier: BSD-2-Clause
//
// A study of the patient's past beside this one (S10): the closest of its
// kind; asked for again, the next before that; or the one that is chosen in
// the timeline.

import { TAG, first, values } from '../dicom/dataset.js';
import { imagesOf, itemOf, sightOf } from '../hang/items.js';
import { counterpart, likenessOf, priorsOf, sliceBeside } from '../hang/prior.js';
import { showMatches } from './matches.js';
import { linkedFromHere } from './links.js';
import { withPort } from './page.js';
import { text } from '../ui/text.js';
import { isSamePatient, isStranger } from './identity.js';
import { getSeries, hasPictures } from './series.js';
import { emptied, frameOf, initial, isProjection, scrolledTo } from './state.js';
import { entries } from './strip.js';
import { say, studiesOf } from './studies.js';

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('./page.js').Page} Page
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../hang/engine.js').Item} Item
 */

/** Slices of a stack that is scrolled along with another. */
const LEAST_LINKED = 4;

/** Columns that have room for as many others. */
const MOST_COLUMNS = 2;


/** @param {Host} host */
export async function comparePrior(host) {
    const { study } = host.page();

    if (study === null) {
        return;
    }

    try {
        const all = (await studiesOf(host.root, study))
            .filter((ds) => isSamePatient(ds, study));
        const prior = nextOf(study, all, host.page());

        if (prior === undefined) {
            say(host, text('There is no earlier study of the patient.'));
            return;
        }

        await openBeside(host, prior);
    } catch {
        say(host, text('The studies of the patient cannot be read.'));
    }
}


/**
 * @param {Host} host
 * @param {Dataset} prior of the same patient
 */
export async function openBeside(host, prior) {
    const { study } = host.page();
    const series = await getSeries(host.root, first(prior, TAG.StudyInstanceUID));

    if (host.page().study === study && host.page().alarm === '') {
        await beside(host, prior, series);
    }
}


/**
 * The studies that may be compared, the closest first.
 * @param {Dataset} study
 * @param {Dataset[]} all of the patient
 * @param {Page} page
 * @returns {Dataset[]}
 */
export function closestOf(study, all, page) {
    const past = (/** @type {Dataset} */ ds) => ({
        uid: first(ds, TAG.StudyInstanceUID), date: first(ds, TAG.StudyDate),
        modalities: values(ds, TAG.ModalitiesInStudy).map(String),
    });
    const own = page.series.filter((x) => x.study === first(study, TAG.StudyInstanceUID))
        .map((x) => first(x.ds, TAG.Modality));

    return priorsOf({ ...past(study), modalities: own }, all.map(past)).flatMap((x) =>
        all.filter((ds) => first(ds, TAG.StudyInstanceUID) === x.uid));
}


/**
 * @param {Dataset} study
 * @param {Dataset[]} all of the patient
 * @param {Page} page
 * @returns {Dataset | undefined} the closest one, or the one after that which
 *     is shown
 */
function nextOf(study, all, page) {
    const sorted = closestOf(study, all, page);
    const shown = sorted.findIndex((ds) => page.ports.some((s) =>
        frameOf(s)?.study === first(ds, TAG.StudyInstanceUID)));

    return sorted[(shown + 1) % Math.max(1, sorted.length)];
}


/**
 * @param {Host} host
 * @param {Dataset} prior
 * @param {import('./series.js').Series[]} series of it
 */
export async function beside(host, prior, series) {
    const uid = first(prior, TAG.StudyInstanceUID);

    host.arrange((page) => halved({
        ...page,
        priors: [...page.priors.filter((ds) => first(ds, TAG.StudyInstanceUID) !== uid),
            prior],
        series: [...page.series, ...series.filter((x) =>
            page.series.every((old) => old.uid !== x.uid))],
    }));

    const { ports, layout } = host.page();
    const half = layout.columns / 2;
    const own = ports.flatMap((s, i) => i % layout.columns < half
        ? [{ s, to: i + half }] : []);
    const isOfImages = own.some(({ s }) => isProjection(frameOf(s)));
    const past = () => entries(host.page().series.filter((x) => x.study === uid
        && hasPictures(x)));

    if (isOfImages) {
        await Promise.all(past().filter((e) => e.series.stacks === null)
            .map((e) => host.load(e.series)));
    }

    const items = isOfImages ? past().flatMap(imagesOf) : past().map(itemOf);

    await Promise.all(own.map(async ({ s, to }) => {
        const f = frameOf(s);
        const item = f === null ? null : { ...ofPort(s, host.page()), ...sightOf(f.ds) };

        const match = item && counterpart(item, items);

        await host.put(match, to, {
            name: text('The same view of the prior'), side: s.home.side, upright: isOfImages,
        });

        if (item !== null && match !== null) {
            host.updatePage((page) => besideSlice(page, page.ports.findIndex((p) =>
                p.stack?.id === s.stack?.id), to));
            showMatches(host.page().ports[to], likenessOf(item, match));
        }
    }));

    // two patients are not linked (S2)
    if (!isStranger(host.page(), uid) && host.page().ports.every((s) => (s.stack?.frames.length ?? 0) >= LEAST_LINKED)) {
        host.updatePage(linkedFromHere);
    }
}


/**
 * @param {Page} page
 * @param {number} at of the own series
 * @param {number} to of that of the prior
 * @returns {Page} at the closest slice
 */
function besideSlice(page, at, to) {
    const own = page.ports[at]?.stack;
    const other = page.ports[to].stack;

    return !own || other === null || isProjection(own.frames[0]) ? page
        : withPort(page, to, scrolledTo(page.ports[to], sliceBeside(
            { frames: own.frames, index: page.ports[at].index }, other.frames)));
}


/**
 * @param {Viewport} s with a stack
 * @param {Page} page
 * @returns {Item}
 */
function ofPort(s, page) {
    const [entry] = entries(page.series.filter((x) => x.uid === s.stack?.series));

    return itemOf(entry);
}


/**
 * This study at the left, the past at the right, in as many viewports.
 * @param {Page} page
 * @returns {Page}
 */
function halved(page) {
    const uid = first(page.study ?? undefined, TAG.StudyInstanceUID);
    const isOwn = (/** @type {Viewport} */ s) => (frameOf(s)?.study ?? uid) === uid;
    const { rows, columns } = page.layout;
    const isHalved = columns % 2 === 0 && page.ports.some((s, i) =>
        !isOwn(s) && i % columns >= columns / 2);
    const half = isHalved ? columns / 2 : columns;
    const lines = Array.from({ length: rows }, (_, r) =>
        page.ports.slice(r * columns, r * columns + half));
    const kept = half <= MOST_COLUMNS && lines.flat().every(isOwn) ? lines
        : [[page.ports.find((s, i) => i === page.active && isOwn(s))
            ?? page.ports.find(isOwn) ?? initial()]];
    const ports = kept.flatMap((line) => [...line, ...line.map((s) =>
        ({ ...emptied(s, '', text('Opening the prior')), size: { width: 0, height: 0 } }))]);

    return {
        ...page, ports, active: 0, alone: false,
        layout: { rows: kept.length, columns: kept[0].length * 2 },
    };
}
