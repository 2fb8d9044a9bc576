// SPDX-License-Identifier: BSD-2-Clause
//
// What is drawn over a picture: each layer is a function that writes its own
// <g>, in CSS px of the viewport, whenever the page has changed.  The matrix
// of math/view.js takes image units (columns x rows * aspect) there.

import { lines } from './space/lines.js';

/**
 * @typedef {import('./state.js').Viewport} Viewport
 * @typedef {import('./page.js').Page} Page
 *
 * @typedef {Object} Layer
 * @property {string} name class of its <g>: layer-NAME
 * @property {(g: SVGGElement, s: Viewport, page: Page) => void} draw
 */

const SVG = 'http://www.w3.org/2000/svg';

/** From the back to the front. @type {Layer[]} */
const LAYERS = [lines];


/** @param {Layer} layer that was loaded when it was needed first */
export function addLayer(layer) {
    LAYERS.push(layer);
}


/**
 * @param {SVGSVGElement} svg of the viewport
 * @param {Viewport} s
 * @param {Page} page
 */
export function drawLayers(svg, s, page) {
    for (const { name, draw } of LAYERS) {
        const old = svg.querySelector(`:scope > .layer-${name}`);
        const g = old instanceof SVGGElement ? old : made(svg, name);

        draw(g, s, page);
    }
}


/** @param {SVGSVGElement} svg @param {string} name */
function made(svg, name) {
    const g = document.createElementNS(SVG, 'g');

    g.setAttribute('class', `layer-${name}`);
    svg.append(g);

    return g;
}
