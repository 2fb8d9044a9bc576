// SPDX-License-Identifier: BSD-2-Clause
//
// The saved searches: a chip each, with how many new or changed studies
// match since it was last looked at.

import { isUid } from '../net/urls.js';
import { el, find, icon, setText } from '../ui/dom.js';
import { storage } from '../ui/storage.js';
import { text } from '../ui/text.js';
import { uidOf } from './row.js';
import {
    addressOf, queryOf, readSaved, renamed, suggestName, withSearch, without,
    writeSaved,
} from './saved.js';

/**
 * @typedef {import('./query.js').Query} Query
 * @typedef {import('./saved.js').Saved} Saved
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {{query: () => Query, open: (q: Query) => void,
 *            matches: (q: Query, uids: string[]) => Promise<Dataset[]>}} Host
 */

const TEXTS = {
    save: text('Save search'),
    rename: text('Rename'),
    remove: text('Delete'),
    name: text('Name of the search'),
    keep: text('Save'),
    cancel: text('Cancel'),
};


export class Searches {
    /** @param {Host} host */
    constructor(host) {
        this.host = host;
        this.all = readSaved(storage());
        /** @type {Map<string, Set<string>>} by name: new studies */
        this.news = new Map();
        /** @type {Set<string>} studies that changed and were not looked at */
        this.waiting = new Set();
        this.isAsking = false;

        addEventListener('storage', () => {
            this.all = readSaved(storage());
            this.render();
        });
    }


    /** @param {Saved[]} all */
    keep(all) {
        this.all = all;
        writeSaved(storage(), all);
        this.render();
    }


    /** @param {Saved} s */
    isOpen(s) {
        return s.address === addressOf(this.host.query());
    }


    render() {
        const list = find('.searches-list', HTMLElement);
        const now = addressOf(this.host.query());
        const open = this.all.find((s) => s.address === now);
        const focused = document.activeElement instanceof HTMLElement
            && list.contains(document.activeElement)
            ? document.activeElement.dataset.key : undefined;

        if (open !== undefined) {
            this.news.delete(open.name);
        }

        list.replaceChildren(...this.all.flatMap((s) =>
            (s === open ? [this.chip(s), this.edit(s), this.remove(s)]
                : [this.chip(s)])));
        find('.searches-save', HTMLElement).hidden =
            now === '' || open !== undefined;
        find('.searches', HTMLElement).hidden = now === '' && this.all.length === 0;

        if (focused !== undefined) {
            /** @type {HTMLElement | null} */
            (list.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus();
        }
    }


    /** @param {Saved} s */
    chip(s) {
        const count = this.news.get(s.name)?.size ?? 0;
        const node = el('button', { class: 'chip search-chip', type: 'button',
            'aria-pressed': String(this.isOpen(s)) },
            icon('star'), el('bdi', {}, s.name));

        node.dataset.key = s.name;

        if (count > 0) {
            node.append(el('span', { class: 'search-news' },
                text('{n} new', { n: count })));
        }
        node.addEventListener('click', () => this.host.open(queryOf(s)));

        return node;
    }


    /** @param {Saved} s */
    edit(s) {
        return this.tool('edit', TEXTS.rename, () => this.askName(s.name, (name) =>
            this.keep(renamed(this.all, s.name, name))));
    }


    /** @param {Saved} s */
    remove(s) {
        return this.tool('close', TEXTS.remove, () => {
            this.keep(without(this.all, s.name));
            find('.searches-save', HTMLElement).focus();
        });
    }


    /** @param {string} name @param {string} label @param {() => void} press */
    tool(name, label, press) {
        const node = el('button', { class: 'search-tool', type: 'button',
            'aria-label': label, title: label }, icon(name));

        node.dataset.key = `/${name}`;
        node.addEventListener('click', press);

        return node;
    }


    /** @param {string} value @param {(name: string) => void} done */
    askName(value, done) {
        const form = find('.searches-form', HTMLFormElement);
        const field = find('.searches-name', HTMLInputElement);
        const close = () => {
            form.hidden = true;
            form.onsubmit = form.onkeydown = null;
            find('.searches-cancel', HTMLElement).onclick = null;
        };

        form.hidden = false;
        field.value = value;
        field.focus();
        field.select();
        form.onsubmit = (e) => {
            e.preventDefault();
            close();
            done(field.value);
        };
        form.onkeydown = (e) => {
            if (e.key === 'Escape') {
                close();
            }
        };
        find('.searches-cancel', HTMLElement).onclick = close;
    }


    listen() {
        const save = find('.searches-save', HTMLElement);

        setText(find('.searches-save-text', HTMLElement), TEXTS.save);
        find('.searches-name', HTMLInputElement).setAttribute('aria-label', TEXTS.name);
        setText(find('.searches-keep', HTMLElement), TEXTS.keep);
        setText(find('.searches-cancel', HTMLElement), TEXTS.cancel);
        save.addEventListener('click', () => {
            const query = this.host.query();

            this.askName(suggestName(query), (name) =>
                this.keep(withSearch(this.all, name, query)));
        });
    }


    /**
     * Studies that are new or have changed: whose searches match?
     * @param {string[]} uids
     */
    async take(uids) {
        uids.filter(isUid).forEach((uid) => this.waiting.add(uid));

        if (this.isAsking) {
            return;
        }

        this.isAsking = true;

        while (this.waiting.size > 0) {
            const some = [...this.waiting].slice(0, 100);

            some.forEach((uid) => this.waiting.delete(uid));

            for (const s of this.all.filter((s) => !this.isOpen(s))) {
                const found = await this.host.matches(queryOf(s), some)
                    .catch(() => []);

                this.count(s.name, found.map(uidOf));
            }
        }

        this.isAsking = false;
    }


    /** @param {string} name @param {string[]} uids */
    count(name, uids) {
        if (uids.length > 0) {
            this.news.set(name, new Set([...this.news.get(name) ?? [], ...uids]));
            this.render();
        }
    }
}
