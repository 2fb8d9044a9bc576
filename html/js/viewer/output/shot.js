// SPDX-License-Identifier: BSD-2-Clause
//
// A viewport as it is seen, on one canvas: the picture, what lies over it,
// and the texts around it.

/** @typedef {CanvasRenderingContext2D} Context */


/**
 * @param {HTMLElement} port
 * @returns {HTMLCanvasElement} in device px
 */
export function shot(port) {
    const frame = /** @type {HTMLElement} */ (port.closest('.frame'));
    const box = frame.getBoundingClientRect();
    const dpr = devicePixelRatio;
    const canvas = document.createElement('canvas');
    const context = /** @type {Context} */ (canvas.getContext('2d'));

    canvas.width = Math.round(box.width * dpr);
    canvas.height = Math.round(box.height * dpr);
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);

    for (const layer of port.querySelectorAll('canvas:not(.loupe, .lens *)')) {
        drawPicture(context, /** @type {HTMLCanvasElement} */ (layer), port);
    }

    const at = port.getBoundingClientRect();

    context.setTransform(dpr, 0, 0, dpr, (at.x - box.x) * dpr, (at.y - box.y) * dpr);

    for (const node of port.querySelectorAll('.port-layer :is(path, line, circle, text)')) {
        drawShape(context, /** @type {SVGElement} */ (node));
    }

    context.setTransform(dpr, 0, 0, dpr, 0, 0);

    for (const node of frame.querySelectorAll('.corner div, .letter, .whose, .prior, .turned, .lossy,'
        + ' .badge, .scale-text, .scale-source'))
    {
        drawText(context, /** @type {HTMLElement} */ (node), box);
    }

    drawBar(context, frame.querySelector('.scale-bar'), box);

    return canvas;
}


/**
 * With the window that the compositor does.
 * @param {Context} context
 * @param {HTMLCanvasElement} layer
 * @param {HTMLElement} port
 */
function drawPicture(context, layer, port) {
    const box = /** @type {HTMLElement} */ (port.closest('.frame')).getBoundingClientRect();
    const at = port.getBoundingClientRect();
    const [x, y, width, height] = [at.x - box.x, at.y - box.y, at.width, at.height]
        .map((v) => Math.round(v * devicePixelRatio));
    const [slope, intercept] = (layer.dataset.map ?? '1 0').split(' ').map(Number);

    context.globalAlpha = Number(getComputedStyle(layer).opacity);
    context.drawImage(layer.style.filter === '' ? layer
        : mapped(layer, slope, intercept * 255), x, y, width, height);
    context.globalAlpha = 1;
}


/**
 * @param {HTMLCanvasElement} layer
 * @param {number} slope
 * @param {number} intercept of 255
 */
function mapped(layer, slope, intercept) {
    const copy = new OffscreenCanvas(layer.width, layer.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (copy.getContext('2d'));

    context.drawImage(layer, 0, 0);

    const pixels = context.getImageData(0, 0, layer.width, layer.height);

    for (let i = 0; i < pixels.data.length; i++) {
        if (i % 4 !== 3) {
            pixels.data[i] = pixels.data[i] * slope + intercept;
        }
    }

    context.putImageData(pixels, 0, 0);

    return copy;
}


/** @param {Context} context @param {SVGElement} node */
function drawShape(context, node) {
    const style = getComputedStyle(node);

    if (style.display === 'none') {
        return;
    }

    const at = (/** @type {string} */ name) => Number(node.getAttribute(name));
    const width = parseFloat(style.strokeWidth) || 0;

    context.globalAlpha = Number(style.opacity);
    context.lineWidth = width;
    context.lineJoin = 'round';
    context.strokeStyle = style.stroke;
    context.fillStyle = style.fill;
    context.setLineDash(style.strokeDasharray === 'none' ? []
        : style.strokeDasharray.split(',').map(parseFloat));

    if (node.tagName === 'text') {
        context.font = `${style.fontSize} ${style.fontFamily}`;
        context.strokeText(node.textContent ?? '', at('x'), at('y'));
        context.fillText(node.textContent ?? '', at('x'), at('y'));
    } else {
        const path = pathOf(node, at);

        if (style.fill !== 'none') {
            context.fill(path);
        }

        if (style.stroke !== 'none' && width > 0) {
            context.stroke(path);
        }
    }

    context.setLineDash([]);
    context.globalAlpha = 1;
}


/** @param {SVGElement} node @param {(name: string) => number} at */
function pathOf(node, at) {
    const path = new Path2D(node.getAttribute('d') ?? '');

    if (node.tagName === 'circle') {
        path.arc(at('cx'), at('cy'), at('r'), 0, 2 * Math.PI);
    } else if (node.tagName === 'line') {
        path.moveTo(at('x1'), at('y1'));
        path.lineTo(at('x2'), at('y2'));
    }

    return path;
}


/** @param {Context} context @param {HTMLElement} node @param {DOMRect} port */
function drawText(context, node, port) {
    const text = node.textContent ?? '';
    const r = node.getBoundingClientRect();

    if (text === '' || r.width === 0) {
        return;
    }

    const style = getComputedStyle(node);
    const isEnd = style.textAlign === 'right' || style.textAlign === 'end';

    context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.textBaseline = 'middle';
    context.textAlign = isEnd ? 'right' : 'left';
    context.lineWidth = 3;
    context.lineJoin = 'round';
    context.strokeStyle = 'rgb(0 0 0 / .8)';
    context.fillStyle = style.color;

    const pad = parseFloat(style.paddingLeft) || 0;
    const x = (isEnd ? r.right : r.left) - port.left + (isEnd ? -pad : pad);
    const y = r.top - port.top + r.height / 2;

    if (['whose', 'prior', 'turned', 'lossy'].some((c) => node.classList.contains(c))) {
        context.strokeStyle = style.backgroundColor;
    }

    context.strokeText(text, x, y);
    context.fillText(text, x, y);
    context.textBaseline = 'alphabetic';
    context.textAlign = 'left';
}


/** @param {Context} context @param {Element | null} bar @param {DOMRect} port */
function drawBar(context, bar, port) {
    const r = bar?.getBoundingClientRect();

    if (bar === null || r === undefined || r.width === 0) {
        return;
    }

    const [x, y] = [r.left - port.left, r.top - port.top];

    context.strokeStyle = getComputedStyle(bar).borderBottomColor;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x + 0.5, y);
    context.lineTo(x + 0.5, y + r.height - 0.5);
    context.lineTo(x + r.width - 0.5, y + r.height - 0.5);
    context.lineTo(x + r.width - 0.5, y);
    context.stroke();
}
