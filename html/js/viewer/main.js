// SPDX-License-Identifier: BSD-2-Clause
//
// The viewer page: puts the parts together.

import { TAG, first } from '../dicom/dataset.js';
import { hasMarks } from '../marks/due.js';
import { ask, rootOf, Refusal } from '../net/dicomweb.js';
import { Loader } from '../net/loader.js';
import { depthOf, metered, newMeter, weighed } from '../net/meter.js';
import { savesData, watchTransfers } from '../net/transfers.js';
import { find, setText } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { addressOf } from './address.js';
import { renderBanner } from './banner.js';
import { keptTexts } from './beside.js';
import { arrived } from './choose.js';
import { commands } from './commands.js';
import { listenToHangings, renderHangings } from './hangings.js';
import { hostOf } from './host.js';
import { otherInstance, patientsOn } from './identity.js';
import { listenToKeys } from './input/keyboard.js';
import { movingStage, restOf } from './ladder.js';
import { Loop } from './loop.js';
import { Opener } from './opener.js';
import { isUnseen } from './seen.js';
import { Stage } from './stage.js';
import { MARK } from './state.js';
import { Store } from './store.js';
import { renderStrip } from './strip.js';
import { buildToolbar, renderToolbar } from './toolbar.js';

/** @typedef {import('./page.js').Page} Page */

const root = rootOf();

/** So long after the first picture is here it has been drawn. ms */
const DRAWN = 200;
let laterTimer = 0;

/** @type {typeof import('../net/drain.js').drained} */
let drain;


/** What can wait for the first picture. */
function later() {
    Promise.all([import('./prefetch.js'), import('../net/drain.js')])
        .then(([{ prefetched }, { drained }]) => {
            drain = drained;
            loop.prefetch(prefetched);
        });
    import('./arriving.js').then(({ watchArrivals }) => watchArrivals(host));
    import('./fitness.js').then(({ showFitness }) => showFitness());
    import('./input/arrows.js').then(({ listenToArrows }) => listenToArrows(host));
    import('./spoken.js').then(({ speakOfPictures }) => speakOfPictures());
    import('../ui/focus.js').then(({ showFocused }) => showFocused());
    import('../ui/program.js').then(({ keepProgram }) => keepProgram());
}


let meter = newMeter(savesData());

/**
 * Pictures that are here but not decoded: the bar beside the viewport tells of
 * them, so often. ms
 */
const CAME = 250;
/** @type {import('./plan.js').Picture[]} */
let came = [];
let cameTimer = 0;


function markCame() {
    const all = came;

    came = [];
    cameTimer = 0;
    store.page.ports.forEach((_, at) => store.update(at, (s) =>
        all.reduce((next, p) => arrived(next, p, look), s)));
}


const loader = new Loader({
    get: getPicture,
    depth: () => depthOf(meter),
    gone: (isGone) => store.updatePage((page) => ({ ...page, isGone })),
    decode: (blob) => createImageBitmap(blob),
    changed: (p) => {
        if (p.stage === 'final' && p.tile === null && look.bytes(p.key) > 0) {
            meter = weighed(meter, look.bytes(p.key));
        }

        if (look.ready(p.key) || look.failed(p.key) !== null) {
            laterTimer ||= window.setTimeout(later, DRAWN);
            stage.pictureCame();
            store.page.ports.forEach((_, at) => store.update(at, (s) => arrived(s, p, look)));
            loop.schedule();
        } else {
            came.push(p);
            cameTimer ||= window.setTimeout(markCame, CAME);
        }
    },
});

const look = {
    ready: (/** @type {string} */ key) => loader.bitmap(key) !== undefined,
    failed: (/** @type {string} */ key) => {
        const entry = loader.entry(key);
        return entry?.state === 'failed' ? entry.reason : null;
    },
    bytes: (/** @type {string} */ key) => {
        const entry = loader.entry(key);
        return entry?.state === 'here' ? entry.bytes : 0;
    },
};

const store = new Store(() => loop.schedule(), (s) => movingStage(meter, meter.final,
    s.busy === 'window' || s.marks[s.index] !== MARK.none), (s) => restOf(meter, s.pace));
const opener = new Opener(root, store, loader);
const host = hostOf(store, opener);
const stage = new Stage((at) => hostOf(store, opener, at), (key) => loader.bitmap(key));
const loop = new Loop({ root, store, loader, look, meter: () => meter, render });

/** What stays as long is the address: to write one costs a drag its frame. ms */
const ADDRESS_REST = 400;
let addressTimer = 0;
let nextAddress = '';

/** The page as it was drawn last: what is the same is not drawn again. */
let drawn = /** @type {Partial<Page>} */ ({});
let shownPatients = 0;


/** @param {Page} page */
function render(page) {
    const patients = patientsOn(page);

    if (drawn.study !== page.study || drawn.alarm !== page.alarm
        || patients.length !== shownPatients)
    {
        shownPatients = patients.length;
        renderBanner(page.study, page.alarm, patients);
    }

    renderStrip(page, root, host);

    if (drawn.hanging !== page.hanging) {
        renderHangings(page.hanging);
    }

    if (drawn.layout !== page.layout) {
        opener.fill();
    }

    if (drawn.ports !== page.ports || drawn.active !== page.active
        || drawn.cross !== page.cross)
    {
        addressTimer ||= window.setTimeout(keepAddress, ADDRESS_REST);
    }

    drawn = page;
    document.body.classList.toggle('is-gone', page.isGone);
    document.body.classList.toggle('is-advanced', page.advanced);
    setText(find('.note', HTMLElement), page.note);
    find('.gone', HTMLElement).hidden = !page.isGone;
    renderToolbar(page);
    stage.render(page);
}


/** Cine has no address of its own. */
function keepAddress() {
    addressTimer = 0;

    const { page } = store;
    const isStill = page.ports.every((s) => !s.playing
        && (s.entry === '') === (s.stack === null && s.papers.length === 0));

    if (page.study !== null && page.alarm === '' && isStill
        && page.ports.some((s) => s.stack !== null || s.papers.length > 0))
    {
        const address = addressOf(page, location.search);

        if (address === nextAddress && address !== location.search) {
            history.replaceState(null, '', address);
        } else if (address !== nextAddress) {
            nextAddress = address;
            addressTimer = window.setTimeout(keepAddress, ADDRESS_REST);
        }
    }
}


/**
 * @param {import('./plan.js').Picture} p
 * @param {AbortSignal} signal
 * @param {'seen' | 'near' | 'far'} use
 * @param {boolean} isAgain
 * @returns {Promise<import('../net/loader.js').Answer>}
 */
async function getPicture(p, signal, use, isAgain) {
    try {
        const answer = await ask(p.url, p.accept, signal, use === 'seen' ? 'high' : 'low',
            isAgain ? 'reload' : 'default');
        const alarm = otherInstance(p.url, answer.headers.get('Pacs-Instance'));

        if (alarm !== '') {
            opener.raise(alarm);
            return { status: 409, reason: alarm, blob: null, bytes: 0, wait: 0 };
        }

        const good = { status: 200, reason: '', wait: 0 };

        if (use === 'far' && p.kept
            && !loader.hasSpace(Number(answer.headers.get('Content-Length'))))
        {
            return { ...good, blob: null, bytes: await drain(answer).catch(brokeOff) };
        }

        const blob = await answer.blob().catch(brokeOff);

        return { ...good, blob, bytes: blob.size };

    } catch (e) {
        const status = e instanceof Refusal ? e.status : 0;
        const reason = e instanceof Refusal ? e.message : text('Cannot be read');

        if (status === 401) {
            opener.endSession();
        }

        return {
            status, reason, blob: null, bytes: 0, wait: e instanceof Refusal ? e.wait : 0,
        };
    }
}


/**
 * The server was there: it is asked again, as when it is busy.
 * @param {Error} e
 * @returns {never}
 */
function brokeOff(e) {
    throw e.name === 'AbortError' ? e : new Refusal(503, text('The answer broke off'));
}


watchTransfers((t) => { meter = metered(meter, t); });
addEventListener('beforeunload', (e) => {
    if (store.page.warns && isUnseen(store.page)) {
        e.preventDefault();
    }
});
document.addEventListener('dragover', (e) => {
    if (e.dataTransfer?.types.includes('text/uri-list')) {
        e.preventDefault();
    }
});
document.addEventListener('drop', async (e) => {
    e.preventDefault();
    (await import('./another.js')).dropped(host, e);
});
addEventListener('online', () => loader.retry());
find('.gone-again', HTMLElement).addEventListener('click', () => loader.retry());
buildToolbar(commands(), host.run);
listenToHangings(host.hang);
listenToKeys(host.run);
store.updatePage((page) => ({ ...page, texts: keptTexts() }));
loop.schedule();
opener.openAddress(location.search).then(async () => {
    if (hasMarks(store.page.series, first(store.page.study ?? {}, TAG.StudyInstanceUID))) {
        (await import('./marks/main.js')).begin(host);
    }
});
