// SPDX-License-Identifier: BSD-2-Clause
//
// Marks on the page: loaded after the first picture, or with the first tool.

import { pointsOn } from '../../marks/place.js';
import { KINDS } from '../../marks/mark.js';
import { el } from '../../ui/dom.js';
import { text } from '../../ui/text.js';
import { commandNamed, commands } from '../commands.js';
import { addDecoration } from '../decorations.js';
import { addGrip } from '../input/grips.js';
import { addTools } from '../tools/tool.js';
import { addLayer } from '../layers.js';
import { scrolledTo, shownFrame } from '../state.js';
import { say } from '../studies.js';
import { Archive } from './archive.js';
import { askAuthor, askText } from './dialog.js';
import { layer } from './layer.js';
import { buildPanel, emptyPanel, renderPanel } from './panel.js';
import * as pen from './pen.js';
import { Measurer } from './statistics.js';
import { keysStack, withKeySeries } from './keys.js';
import {
    altered, cleared, deleted, isOfSeries, keyToggled, marksOn, nextHandle, nudged, withRedo, withUndo,
} from './state.js';

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../page.js').Page} Page
 * @typedef {import('../../marks/mark.js').Mark} Mark
 * @typedef {import('./state.js').Marks} Marks
 * @typedef {import('../tools/tool.js').Tool} Tool
 */

/** @type {import('./state.js').Pen[]} */
const PENS = [.../** @type {import('../../marks/mark.js').Kind[]} */ (Object.keys(KINDS)),
    'calibrate'];

/** @type {{archive: Archive, measurer: Measurer, panel: HTMLElement} | null} */
let parts = null;

/** The marks as they were when the page was drawn last. @type {Marks | null} */
let drawn = null;


/** @param {Host} host of the active viewport */
export function begin(host) {
    if (parts !== null || host.page().study === null) {
        return;
    }

    document.head.append(el('link', { rel: 'stylesheet', href: 'css/marks.css' }));
    addLayer(layer);
    addGrip(grip);
    addTools(PENS.map(toolOf));
    pen.update(host, (m) => ({ ...m }));
    parts = {
        archive: new Archive(host, storageOf()),
        measurer: new Measurer(host),
        panel: buildPanel(commands(), actions(host)),
    };
    addDecoration((_, of) => {
        if (of.at() === of.page().active) {
            render(host);
        }
    });
    listenToKeys(host);
    parts.archive.open();
}


/** @param {import('./state.js').Pen} name @returns {Tool} */
function toolOf(name) {
    return {
        name, label: commandNamed(name)?.label ?? '', key: '', busy: '',
        down: (host, at) => pen.down(host, name, at),
        move: pen.move, up: pen.up, hover: pen.hover, cancel: pen.cancel,
    };
}


/** @type {Tool} */
const HAND = {
    name: 'select', label: 'mark', key: '', busy: '',
    down: (host, at) => pen.down(host, null, at),
    move: pen.move, up: pen.up, cancel: pen.cancel,
};


/** @type {import('../input/grips.js').Grip} */
function grip(host, here) {
    const isFree = host.page().tool === 'select' || isPen(host.page().tool);

    return pen.isOver(host, here, isFree) ? HAND : null;
}


/** @param {string} name @returns {name is import('./state.js').Pen} */
function isPen(name) {
    return PENS.some((p) => p === name);
}


/** @returns {Storage | null} */
function storageOf() {
    try {
        return localStorage;
    } catch {
        return null;
    }
}


/** @param {Host} host after each change of the page */
function render(host) {
    const m = host.page().marks;

    if (parts === null) {
        return;
    }

    if (m === null) {
        emptyPanel(parts.panel);
        return;
    }

    const old = drawn;

    drawn = m;

    if (old === null || old.history.now !== m.history.now || old.keys !== m.keys
        || old.history.scales !== m.history.scales)
    {
        parts.archive.changed(m);
    }

    parts.measurer.changed();

    if (old?.keys !== m.keys || old.otherKeys !== m.otherKeys) {
        host.updatePage((page) => withKeySeries(page, keysStack(host, m)));
    }

    renderPanel(parts.panel, m, host, actions(host));
}


/** @param {Host} host @returns {import('./panel.js').Actions} */
function actions(host) {
    return {
        run: (name) => host.run(name),
        jump: (mark) => jump(host, mark),
        rename: async (mark) => {
            const label = await askText(mark.label, mark.label);
            pen.update(host, (m) => altered(m, mark.uid, { label }, pen.now()));
        },
        remove: (uid) => pen.update(host, (m) => deleted(m, uid)),
        author: async () => {
            const name = await askAuthor(host.page().marks?.author ?? '');
            parts?.archive.rename(name);
        },
    };
}


/**
 * Shows a mark: its series in the active viewport, if it is not there yet.
 * @param {Host} host
 * @param {Mark} mark
 */
async function jump(host, mark) {
    pen.update(host, (m) => ({ ...m, selected: mark.uid, handle: -1, hidden: false }));

    const at = () => host.port().stack?.frames.findIndex((f) =>
        pointsOn(mark, f) !== null) ?? -1;

    if (at() < 0 && mark.image !== null) {
        const series = mark.image.series;

        await host.place(`${series}/`);

        const other = host.page().series.flatMap((x) => x.stacks ?? [])
            .find((s) => s.frames.some((f) => pointsOn(mark, f) !== null));

        if (at() < 0 && other !== undefined) {
            await host.place(other.id);
        }
    }

    const index = at();

    if (index >= 0) {
        host.update((s) => scrolledTo(s, index), 'scroll');
    }
}


/**
 * What the commands of marks do.
 * @param {Host} host
 * @param {string} name
 */
export async function run(host, name) {
    begin(host);

    const m = host.page().marks;

    if (parts === null || m === null) {
        return;
    }

    const f = shownFrame(host.port());

    // a pen is chosen before this is loaded, or another tool since then
    if (name === 'marks-undo') {
        pen.update(host, withUndo);
    } else if (name === 'marks-redo') {
        pen.update(host, withRedo);
    } else if (name === 'marks-clear' && f !== null) {
        clear(host, f);
    } else if (name === 'marks-hide') {
        pen.update(host, (x) => ({ ...x, hidden: !x.hidden, selected: '' }));
    } else if (name === 'marks-panel') {
        pen.update(host, (x) => ({ ...x, panel: !x.panel }));
    } else if (name === 'marks-save') {
        parts.archive.send();
    } else if (name === 'key' && f !== null && pen.whyNot(host, f) === '') {
        pen.update(host, (x) => keyToggled(x, f));
    } else if (name === 'keys-only') {
        host.place('keys/');
    }
}


/**
 * The display's reset takes marks along, of the server too: that is said.
 * @param {Host} host
 * @param {import('../../dicom/stack.js').Frame} f of the series
 */
function clear(host, f) {
    const count = () => host.page().marks?.history.now.length ?? 0;
    const before = count();

    pen.update(host, (x) => cleared(x, f));

    const n = before - count();

    if (n > 0) {
        say(host, text('{n} mark was removed: Undo brings it back.'
            + '|{n} marks were removed: Undo brings them back.', { n }));
    }
}


/**
 * Only what is seen is deleted: of another image of the series one is told.
 * @param {Host} host
 * @returns {boolean} a mark was meant
 */
function deleteSelected(host) {
    const m = host.page().marks;
    const s = host.port();
    const own = m?.history.now.find((x) => x.uid === m.selected);

    if (m === null || own === undefined) {
        return false;
    }

    if (marksOn(s, m).some(({ mark }) => mark === own)) {
        pen.update(host, (x) => deleted(x, own.uid));
        return true;
    }

    const f = shownFrame(s);
    const isNear = f !== null && isOfSeries(own, f);

    if (isNear) {
        say(host, text('The selected mark is on another image.'));
    }

    return isNear;
}


/** Arrows of the keyboard, stored pixels. @type {Record<string, [number, number]>} */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
    ArrowDown: [0, 1] };


/** @param {Host} host */
function listenToKeys(host) {
    document.addEventListener('keydown', (e) => {
        const isField = e.target instanceof HTMLInputElement;

        if (isField || document.querySelector('dialog[open]') !== null
            || !onKey(host, e))
        {
            return;
        }

        e.preventDefault();
        e.stopImmediatePropagation();
    }, { capture: true });
}


/**
 * @param {Host} host
 * @param {KeyboardEvent} e
 * @returns {boolean} it was meant for the marks
 */
function onKey(host, e) {
    const m = host.page().marks;
    const f = shownFrame(host.port());
    const control = e.ctrlKey || e.metaKey;
    const key = e.key.toLowerCase();

    if (control && (key === 'z' || key === 'y')) {
        run(host, key === 'y' || e.shiftKey ? 'marks-redo' : 'marks-undo');
        return true;
    }

    if (control || e.altKey || m === null || f === null) {
        return false;
    }

    const way = e.shiftKey ? WAYS[e.key] : undefined;

    if (way !== undefined && m.selected !== '') {
        pen.update(host, (x) => nudged(x, f, way[0], way[1], pen.now()));
        return true;
    }

    if (e.key === '.' && m.selected !== '') {
        pen.update(host, nextHandle);
        return true;
    }

    if (e.key === 'Delete' || e.key === 'Backspace') {
        return deleteSelected(host);
    }

    // what is being drawn goes first; then it is the command, reset
    if (e.key === 'Escape') {
        return pen.cancel(host);
    }

    return e.key === 'Enter' && e.target instanceof HTMLElement
        && e.target.classList.contains('port')
        && pen.atMiddle(host, host.page().tool);
}
