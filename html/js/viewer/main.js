// SPDX-License-Identifier: BSD-2-Clause
//
// The viewer page: opens the study of its URL, holds the state, and puts the
// parts together.  state -> plan -> loader -> state -> render.

import { frameRate } from '../dicom/stack.js';
import { ask, rootOf, Refusal } from '../net/dicomweb.js';
import { Loader } from '../net/loader.js';
import { isUid } from '../net/urls.js';
import { find, setText } from '../ui/dom.js';
import { renderBanner } from './banner.js';
import { arrived, chosen } from './choose.js';
import { listenToCine, nextIndex, renderCine, tick } from './cine.js';
import { commandNamed, commands } from './commands.js';
import { buildHelp, toggleHelp } from './help.js';
import { listenToKeys } from './input/keyboard.js';
import { listenToPointers } from './input/pointer.js';
import { listenToSlider } from './input/slider.js';
import { listenToWheel } from './input/wheel.js';
import { basePicture, plan } from './plan.js';
import { Screen } from './screen.js';
import { getSeries, getStudy, hasPictures, loadSeries } from './series.js';
import { frameOf, initial, scrolledTo, withStack } from './state.js';
import { entries, renderStrip } from './strip.js';
import { buildToolbar, renderToolbar } from './toolbar.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./series.js').Series} Series
 * @typedef {import('./strip.js').Entry} Entry
 */

/** After this long without a change the final picture is asked for. ms */
const REST = 150;

/** A net slower than this gets previews while things move. ms a picture */
const SLOW = 120;

/** Modalities whose series are often several loops. */
const LOOPS = ['US', 'XA', 'RF', 'IVUS', 'NM'];

const root = rootOf();
const uid = new URLSearchParams(location.search).get('study') ?? '';

const page = {
    /** @type {import('../dicom/dataset.js').Dataset | null} */
    study: null,
    /** @type {Series[]} */
    series: [],
    /** id of the chosen entry of the strip */
    active: '',
    alarm: '',
    message: 'Opening the study',
    cineOpen: false,
    cineAt: 0,
    port: initial(),
};

const loader = new Loader({
    get: getPicture,
    decode: (blob) => createImageBitmap(blob),
    changed: (p) => {
        page.port = arrived(page.port, p, look);
        schedule();
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

const screen = new Screen(root, (key) => loader.bitmap(key));

/** The page as it was drawn last: what is the same is not drawn again. */
let drawn = /** @type {Partial<typeof page>} */ ({});
let isScheduled = false;
let rest = 0;


/**
 * @param {(s: Viewport) => Viewport} change
 * @param {import('./state.js').Busy} [busy] what changes just now
 */
function update(change, busy = '') {
    const next = change(page.port);

    if (next === page.port) {
        return;
    }

    page.port = busy === '' ? next
        : { ...next, busy, slow: loader.latency > SLOW };

    if (busy !== '') {
        clearTimeout(rest);
        rest = window.setTimeout(() => update((s) => ({ ...s, busy: '' })), REST);
    }

    schedule();
}


function schedule() {
    if (!isScheduled) {
        isScheduled = true;
        requestAnimationFrame(frame);
    }
}


/** @param {number} now ms */
function frame(now) {
    isScheduled = false;
    advance(now);

    const p = page.alarm === '' ? plan(page.port, root) : null;

    loader.want(p?.wanted ?? []);

    if (p !== null) {
        page.port = chosen(page.port, p, look);
    }

    render();

    if (page.port.playing) {
        schedule();
    }
}


/** @param {number} now ms */
function advance(now) {
    const s = page.port;

    if (!s.playing) {
        return;
    }

    const { due, last } = tick(page.cineAt, now, s.fps);
    const next = nextIndex(s);
    const p = basePicture(s, root, next, s.window, 'final');

    if (due && (look.ready(p.key) || look.failed(p.key) !== null)) {
        page.cineAt = last;
        page.port = { ...scrolledTo(s, next), direction: 1 };
    }
}


function render() {
    if (drawn.study !== page.study || drawn.alarm !== page.alarm) {
        renderBanner(page.study, page.alarm);
    }

    if (drawn.series !== page.series || drawn.active !== page.active) {
        renderStrip(page.series, page.active, root, uid, choose);
    }

    drawn = { ...page };
    renderToolbar(page.port);
    renderCine(page.port, page.cineOpen);
    screen.render(page.port);

    const message = find('.message', HTMLElement);

    setText(message, page.message);
    message.hidden = page.message === '';
}


/**
 * @param {import('./plan.js').Picture} p
 * @param {AbortSignal} signal
 * @returns {Promise<import('../net/loader.js').Answer>}
 */
async function getPicture(p, signal) {
    try {
        const answer = await ask(p.url, p.accept, signal);
        return { status: 200, reason: '', blob: await answer.blob(), wait: 0 };

    } catch (e) {
        const status = e instanceof Refusal ? e.status : 0;
        const reason = e instanceof Refusal ? e.message : 'Cannot be read';

        if (status === 401) {
            endSession();
        }

        return {
            status, reason, blob: null, wait: e instanceof Refusal ? e.wait : 0,
        };
    }
}


/** No patient stays on a screen whose session is over. */
function endSession() {
    page.study = null;
    page.series = [];
    page.port = initial();
    page.message = 'The session has ended. Please sign in again.';
    loader.clear();
    schedule();
}


/** @param {string} name of a command */
function run(name) {
    const command = commandNamed(name);

    if (command?.change !== undefined) {
        if (name === 'back' || name === 'forth') {
            update((s) => ({ ...s, playing: false }));
        }

        update(command.change, command.busy);

    } else if (name === 'help') {
        toggleHelp();
    } else if (name === 'cine') {
        toggleCine();
    } else if (name === 'cine-stop') {
        update((s) => ({ ...scrolledTo(s, 0), playing: false }));
    } else if (name === 'series-back' || name === 'series-forth') {
        chooseBy(name === 'series-forth' ? 1 : -1);
    }
}


/** Plays at once when cine is chosen (IHE BIR, B31). */
function toggleCine() {
    if ((page.port.stack?.frames.length ?? 0) < 2) {
        return;
    }

    page.cineOpen = true;
    page.cineAt = performance.now();
    update((s) => ({ ...s, playing: !s.playing }));
}


/** @param {1 | -1} by */
function chooseBy(by) {
    const all = entries(page.series).filter((e) => e.stack !== null
        || (e.series.stacks === null && hasPictures(e.series)));
    const at = all.findIndex((e) => e.id === page.active);
    const next = all[at + by];

    if (next !== undefined) {
        choose(next);
    }
}


/** @param {Entry} entry of the strip */
async function choose(entry) {
    page.active = entry.id;
    page.cineOpen = false;

    if (entry.stack !== null) {
        show(entry.stack);
        return;
    }

    page.message = 'Opening the series';
    page.port = { ...page.port, stack: null, shown: null, failure: null };
    schedule();

    const loaded = await load(entry.series);

    if (page.active !== entry.id) {
        return;
    }

    const stack = loaded.stacks?.[0];

    if (stack === undefined) {
        page.message = page.alarm || loaded.reason;
        schedule();
    } else {
        page.active = stack.id;
        show(stack);
    }
}


/** @param {import('./state.js').Stack} stack */
function show(stack) {
    const first = stack.frames[0];

    page.message = '';
    page.port = withStack(page.port, stack);
    page.port.fps = frameRate(first) ?? 15;
    page.cineOpen = first.frames > 1;
    schedule();
}


/**
 * @param {Series} x
 * @returns {Promise<Series>} with its stacks, if it has any
 */
async function load(x) {
    if (page.study === null) {
        return x;
    }

    const { series, alarm } = await loadSeries(root, page.study, x);

    page.series = page.series.map((old) => old.uid === series.uid ? series : old);

    if (alarm !== '') {
        raise(alarm);
    }

    schedule();

    return series;
}


/** @param {string} alarm the picture goes, the banner turns red */
function raise(alarm) {
    page.alarm = alarm;
    page.port = initial();
    loader.clear();
}


/** Opens the study of the URL. */
async function open() {
    if (!isUid(uid)) {
        page.message = 'The address names no study.';
        schedule();
        return;
    }

    try {
        [page.study, page.series] = await Promise.all([
            getStudy(root, uid), getSeries(root, uid),
        ]);
    } catch (e) {
        page.message = e instanceof Refusal ? `${e.message}.` : 'Cannot be opened.';
        schedule();
        return;
    }

    const [first] = entries(page.series.filter(hasPictures));

    if (first === undefined) {
        page.message = 'This study has no pictures.';
        schedule();
        return;
    }

    await choose(first);

    for (const x of page.series) {
        if (x.stacks === null && LOOPS.includes(modalityOf(x))) {
            await load(x);
        }
    }
}


/** @param {Series} x @returns {string} */
function modalityOf(x) {
    return String(x.ds['00080060']?.Value?.[0] ?? '');
}


function listen() {
    const port = find('.port', HTMLElement);
    const host = { state: () => page.port, update };

    buildToolbar(commands(), run);
    buildHelp(commands());
    listenToKeys(run);
    listenToPointers(port, host, () => {
        run(page.port.view.scale === null ? 'native' : 'fit');
    });
    listenToWheel(port, host);
    listenToSlider(find('.slider', HTMLElement), host);
    listenToCine(update, run);

    find('.failed-again', HTMLElement).addEventListener('click', () => {
        loader.forgive();
        update((s) => ({ ...s, failure: null }));
    });

    new ResizeObserver(([entry]) => {
        const { width, height } = entry.contentRect;

        update((s) => ({
            ...s, dpr: devicePixelRatio,
            size: { width: Math.max(1, width), height: Math.max(1, height) },
        }));
    }).observe(port);
}


listen();
schedule();
open();
