// SPDX-License-Identifier: BSD-2-Clause
//
// Making elements.  Text goes in as text only: nothing here, or anywhere in
// these pages, parses a string as markup.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(name, attributes = {}, ...children) {
    const node = document.createElement(name);

    for (const [key, value] of Object.entries(attributes)) {
        node.setAttribute(key, value);
    }

    node.append(...children);

    return node;
}


/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string>} [attributes]
 * @param {...Node} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(name, attributes = {}, ...children) {
    const node = document.createElementNS(SVG, name);

    for (const [key, value] of Object.entries(attributes)) {
        node.setAttribute(key, value);
    }

    node.append(...children);

    return node;
}


/**
 * @param {string} name of a symbol of img/icons.svg
 * @returns {SVGSVGElement}
 */
export function icon(name) {
    return svg('svg', { 'class': 'icon', 'aria-hidden': 'true' },
        svg('use', { href: `#icon-${name}` }));
}


/**
 * @template {Element} T
 * @param {string} selector
 * @param {new (...args: any[]) => T} type
 * @param {ParentNode} [within]
 * @returns {T}
 */
export function find(selector, type, within = document) {
    const node = within.querySelector(selector);

    if (!(node instanceof type)) {
        throw new Error(`the page has no ${selector}`);
    }

    return node;
}


/**
 * Sets text only where it differs: no layout for nothing.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
    const [own, theirs, ...rest] = text.split(/\u2066([^\u2069]*)\u2069/);

    if (node.textContent === [own, theirs, ...rest].join('')
        && node.firstElementChild?.textContent === theirs)
    {
        return;
    }

    if (theirs !== undefined) {
        node.replaceChildren(own, el('bdi', { lang: 'en', dir: 'ltr' }, theirs), ...rest);
    } else {
        node.textContent = text;
    }
}


/** @param {Element} parent @param {string[]} lines */
export function setLines(parent, lines) {
    while (parent.children.length > lines.length) {
        parent.lastElementChild?.remove();
    }

    while (parent.children.length < lines.length) {
        parent.append(el('div'));
    }

    lines.forEach((line, i) => setText(parent.children[i], line));
}


/**
 * Styles that only some pages need, once.
 * @param {string} href
 */
export function addStyle(href) {
    if (document.querySelector(`link[href="${href}"]`) === null) {
        document.head.append(el('link', { rel: 'stylesheet', href }));
    }
}
