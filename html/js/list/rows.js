// SPDX-License-Identifier: BSD-2-Clause
//
// The rows of the page: a study keeps its row, whatever comes around it.

import { el } from '../ui/dom.js';
import { makeRow, uidOf, updateRow } from './row.js';

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('./row.js').Row} Row
 * @typedef {(detail: Element, row: Row) => void} Fill
 */

/** A row that came or changed is marked so long. ms */
const MARKED = 2500;

export class Rows {
    /** @param {HTMLElement} body @param {Fill} fill the details of a study */
    constructor(body, fill) {
        this.body = body;
        this.fill = fill;
        /** @type {Map<string, Row>} in their order */
        this.all = new Map();

        addEventListener('resize', () => this.all.forEach(span));
    }


    /**
     * @param {Dataset[]} found
     * @returns {string[]} studies that were not there before
     */
    set(found) {
        const old = this.all;
        const focused = document.activeElement;
        /** @type {string[]} */
        const fresh = [];

        this.all = new Map(found.map((ds) => {
            const uid = uidOf(ds);
            const row = old.get(uid);

            if (row === undefined) {
                fresh.push(uid);
            } else {
                updateRow(row, ds);
            }

            return [uid, row ?? makeRow(ds, (r) => this.toggle(r))];
        }));
        this.place([...this.all.values()].flatMap((r) =>
            (r.detail === null ? [r.node] : [r.node, r.detail])));
        this.rove();

        if (focused instanceof HTMLElement && focused.isConnected) {
            focused.focus({ preventScroll: true });
        }

        return fresh;
    }


    /**
     * Nodes that stay in their order are not moved.
     * @param {Element[]} wanted
     */
    place(wanted) {
        const keep = new Set(wanted);

        [...this.body.children].filter((n) => !keep.has(n))
            .forEach((n) => n.remove());
        wanted.forEach((node, i) => {
            if (this.body.children[i] !== node) {
                this.body.insertBefore(node, this.body.children[i] ?? null);
            }
        });
    }


    /** @param {Dataset} ds @returns {boolean} whether it is shown */
    update(ds) {
        const row = this.all.get(uidOf(ds));

        if (row !== undefined && updateRow(row, ds)) {
            this.mark(row.uid, 'is-changed');
        }

        return row !== undefined;
    }


    /** @param {string} uid @param {'is-new' | 'is-changed'} as for a moment */
    mark(uid, as) {
        const node = this.all.get(uid)?.node;

        node?.classList.add(as);
        window.setTimeout(() => node?.classList.remove(as), MARKED);
    }


    /** @param {Row} row */
    toggle(row) {
        if (row.detail !== null) {
            row.detail.remove();
            row.detail = null;
        } else {
            const cell = el('td', { class: 'detail-cell' });

            row.detail = el('tr', { class: 'detail' }, cell);
            row.node.after(row.detail);
            span(row);
            this.fill(cell, row);
        }

        row.button.setAttribute('aria-expanded', String(row.detail !== null));
        row.node.classList.toggle('is-open', row.detail !== null);
    }


    /** @returns {boolean} whether the details of one are open */
    isOpen() {
        return [...this.all.values()].some((r) => r.detail !== null);
    }


    /** One row takes the Tab key. @param {Row} [to] */
    rove(to) {
        const rows = [...this.all.values()];
        const now = to ?? rows.find((r) => r.link.tabIndex === 0) ?? rows[0];

        rows.forEach((r) => { r.link.tabIndex = r === now ? 0 : -1; });
    }


    /**
     * @param {number} by rows on
     * @returns {boolean} whether there is one
     */
    move(by) {
        const rows = [...this.all.values()];
        const at = rows.findIndex((r) => r.node.contains(document.activeElement)
            || r.detail?.contains(document.activeElement));
        const to = rows[at === -1 && by > 0 ? 0 : at + by];

        if (to !== undefined) {
            this.rove(to);
            to.link.focus();
        }

        return to !== undefined;
    }


    /** @returns {Row | undefined} that the keys are for */
    focused() {
        return [...this.all.values()].find((r) =>
            r.node.contains(document.activeElement)
            || r.detail?.contains(document.activeElement));
    }
}


/**
 * Over the columns that are seen: others would be new ones.
 * @param {Row} row
 */
function span({ node, detail }) {
    const seen = [...node.children].filter((cell) =>
        getComputedStyle(cell).display !== 'none');

    detail?.firstElementChild?.setAttribute('colspan', String(seen.length));
}
