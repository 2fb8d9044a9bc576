// SPDX-License-Identifier: BSD-2-Clause
//
// What stands in a page, in the reader's language: its texts are the keys.
// Done once, before anything else comes in.

import { text } from './text.js';

/** Attributes that are read. */
const READ = ['aria-label', 'title', 'placeholder', 'alt'];


/** @param {Node} node with all that is in it */
export function translate(node) {
    if (node instanceof Text) {
        node.data = node.data.replace(/\S[^]*\S|\S/, (said) =>
            text(said.replace(/\s+/g, ' ')));
    } else if (node instanceof Element && !node.matches('script, style, kbd')) {
        READ.filter((name) => node.getAttribute(name)).forEach((name) =>
            node.setAttribute(name, text(node.getAttribute(name) ?? '')));
    }

    node.childNodes.forEach(translate);

    if (node instanceof HTMLTemplateElement) {
        translate(node.content);
    }
}
