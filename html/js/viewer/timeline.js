// SPDX-License-Identifier: BSD-2-Clause
//
// The patient's studies by date, the newest first: which one this is, which
// are beside it, and a click to put one there (G17).

import { TAG, first, values } from '../dicom/dataset.js';
import { earlier, formatDate } from '../dicom/dates.js';
import { addStyle, el, find, icon } from '../ui/dom.js';
import { text } from '../ui/text.js';
import { closestOf, openBeside } from './compare.js';
import { addDecoration } from './decorations.js';
import { isSamePatient } from './identity.js';
import { frameOf } from './state.js';
import { say, studiesOf } from './studies.js';

/**
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 */

/** @type {{node: HTMLElement, studies: Dataset[], drawn: string} | null} */
let open = null;
let isListening = false;

/** @param {Dataset} ds */
const uidOf = (ds) => first(ds, TAG.StudyInstanceUID);


/** @param {Host} host */
export async function toggleTimeline(host) {
    if (open !== null) {
        open.node.remove();
        open = null;
        renderButton();
        return;
    }

    const { study } = host.page();

    if (study === null) {
        return;
    }

    const node = el('nav', { class: 'timeline', 'aria-label': text('Studies of the patient') });

    open = { node, studies: [], drawn: '' };
    addStyle('css/timeline.css');
    renderButton();

    try {
        const found = (await studiesOf(host.root, study))
            .filter((ds) => isSamePatient(ds, study));
        const when = (/** @type {Dataset} */ ds) =>
            first(ds, TAG.StudyDate) + first(ds, TAG.StudyTime);

        if (open?.node !== node || host.page().study !== study) {
            return;
        }

        open.studies = (found.some((ds) => uidOf(ds) === uidOf(study)) ? found
            : [...found, study]).sort((a, b) => when(a) < when(b) ? 1 : -1);
        find('.toolbar', HTMLElement).after(node);
        render(host);
        node.querySelector('.is-own')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } catch {
        open = null;
        renderButton();
        say(host, text('The studies of the patient cannot be read.'));
    }

    if (!isListening) {
        isListening = true;
        document.addEventListener('keydown', (e) => {
            // what lies over it, or is being drawn, goes first
            if (e.key === 'Escape' && open !== null && !host.page().marks?.draft
                && document.querySelector('dialog[open], .menu, .layouts:not([hidden])') === null)
            {
                e.preventDefault();
                e.stopImmediatePropagation();
                toggleTimeline(host);
            }
        }, { capture: true });
        addDecoration((_, host) => render(host));
    }
}


function renderButton() {
    find('.toolbar [data-command="timeline"]', HTMLElement)
        .setAttribute('aria-pressed', String(open !== null));
}


/** @param {Host} host */
function render(host) {
    const page = host.page();
    const { study } = page;

    if (open === null || study === null || page.alarm !== '') {
        open?.node.replaceChildren();
        return;
    }

    const shown = new Set(page.ports.map((s) => frameOf(s)?.study ?? ''));
    const state = `${uidOf(study)} ${[...shown].sort().join(' ')}`;

    if (open.drawn === state) {
        return;
    }

    const { studies, node } = open;
    const [closest] = closestOf(study, studies, page);
    const focused = node.contains(document.activeElement)
        ? /** @type {HTMLElement} */ (document.activeElement).dataset.study : undefined;

    open.drawn = state;
    node.replaceChildren(el('ol', { class: 'timeline-list' }, ...studies.map((ds) =>
        item(host, ds, study, { isShown: shown.has(uidOf(ds)), isClosest: ds === closest }))),
    ...(studies.length > 1 ? [] : [el('p', { class: 'timeline-none' }, text('No other studies of the patient'))]));
    /** @type {HTMLElement | null} */ (node.querySelector(`[data-study="${focused}"]`))?.focus();
}


/**
 * @param {Host} host
 * @param {Dataset} ds
 * @param {Dataset} own
 * @param {{isShown: boolean, isClosest: boolean}} of
 */
function item(host, ds, own, { isShown, isClosest }) {
    const isOwn = uidOf(ds) === uidOf(own);
    const mark = isOwn ? text('This study') : isShown ? text('PRIOR') : isClosest ? text('Closest') : '';
    const gap = isOwn ? '' : earlier(first(own, TAG.StudyDate), first(ds, TAG.StudyDate));
    const button = el('button', {
        class: 'timeline-study', type: 'button', 'data-study': uidOf(ds),
        'aria-pressed': String(isShown),
    },
    el('span', { class: 'timeline-date' },
        formatDate(first(ds, TAG.StudyDate)) || text('No date')),
    el('span', { class: 'timeline-modality' }, values(ds, TAG.ModalitiesInStudy)
        .join(' ')),
    el('bdi', { class: 'timeline-what' }, first(ds, TAG.StudyDescription)),
    el('span', { class: 'timeline-gap' }, gap),
    el('span', { class: 'timeline-mark' }, mark));

    button.classList.toggle('is-own', isOwn);
    button.classList.toggle('is-prior', !isOwn && isShown);

    if (isOwn) {
        button.setAttribute('aria-current', 'true');
    }

    button.addEventListener('click', () => {
        if (isOwn) {
            host.hang(host.page().hanging.name);
        } else {
            openBeside(host, ds).catch(() => say(host, text('The studies of the patient cannot be read.')));
        }
    });

    return el('li', { class: 'timeline-item' }, button, ...(isOwn ? [] : [el('a', {
        class: 'timeline-open', href: `?study=${uidOf(ds)}`, title: text('Open this study'),
        'aria-label': `${text('Open this study')}: ${formatDate(first(ds, TAG.StudyDate))}`,
    }, icon('right'))]));
}
