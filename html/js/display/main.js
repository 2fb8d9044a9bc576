// SPDX-License-Identifier: BSD-2-Clause
//
// The page of the display check: the pattern and its questions, the tap
// test, and what is kept of them.

import { el, find, setText } from '../ui/dom.js';
import { storage } from '../ui/storage.js';
import { text } from '../ui/text.js';
import {
    GROUNDS, answered, isDone, isPassed, leastSeen, newTest, sectorAt,
} from './contrast.js';
import { showCard } from './card.js';
import { pattern } from './pattern.js';
import { expiryOf, readCheck, stateOf, stateText, writeCheck } from './record.js';
import { QUESTIONS, TEXTS, openText, placeText, seenText } from './texts.js';

/**
 * @typedef {import('./contrast.js').Test} Test
 * @typedef {import('./contrast.js').Trial} Trial
 */

/** Radius of a disc, as part of a sector's smaller side. */
const RADIUS = .17;

const field = find('.field', HTMLElement);
const start = find('.field-start', HTMLButtonElement);
const boxes = QUESTIONS.map(() => el('input', { type: 'checkbox' }));

/** @type {Test | null} */
let test = null;


/**
 * Makes the canvas as large as it is shown, in the screen's own pixels.
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D}
 */
function sized(canvas) {
    const box = canvas.getBoundingClientRect();
    const width = Math.max(1, Math.round(box.width * devicePixelRatio));
    const height = Math.max(1, Math.round(box.height * devicePixelRatio));

    if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
    }

    return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
}


/** @param {number} v */
function grey(v) {
    return `rgb(${v} ${v} ${v})`;
}


function drawPattern() {
    const context = sized(find('.pattern-picture', HTMLCanvasElement));

    for (const r of pattern(context.canvas.width, context.canvas.height)) {
        context.fillStyle = grey(r.v);
        context.fillRect(r.x, r.y, r.w, r.h);
    }
}


/** @param {Trial} t */
function drawTrial(t) {
    const context = sized(find('.field-picture', HTMLCanvasElement));
    const width = context.canvas.width / 3;
    const height = context.canvas.height / 3;

    context.fillStyle = grey(GROUNDS[t.ground]);
    context.fillRect(0, 0, width * 3, height * 3);
    context.fillStyle = grey(t.value);
    context.beginPath();
    context.arc((t.sector % 3 + t.x) * width, (Math.floor(t.sector / 3) + t.y) * height,
        RADIUS * Math.min(width, height), 0, 2 * Math.PI);
    context.fill();
}


function render() {
    const trial = test?.trials[test.at];

    field.classList.toggle('is-running', trial !== undefined);
    field.dataset.ground = trial?.ground ?? '';
    find('.field-none', HTMLElement).hidden = trial === undefined;
    find('.field-stop', HTMLElement).hidden = trial === undefined;
    start.hidden = trial !== undefined;
    setText(start, test === null ? TEXTS.start : TEXTS.again);

    if (test !== null && trial !== undefined) {
        setText(find('.field-place', HTMLElement),
            placeText(test.at, test.trials.length, trial.ground));
        drawTrial(trial);
    }
}


function renderState() {
    const check = readCheck(storage());
    const state = find('.check-state', HTMLElement);

    state.dataset.state = stateOf(check, Date.now());
    setText(state, stateText(check, Date.now()));
    setText(find('.check-until', HTMLElement),
        state.dataset.state === 'passed' && check !== null
            ? text('Valid until {day}', { day: expiryOf(check) }) : '');
}


/** What was seen is kept, and told. */
function keep() {
    if (test === null || !isDone(test)) {
        return;
    }

    const done = test;
    const open = boxes.filter((b) => !b.checked).length;
    const passed = isPassed(done) && open === 0;
    const grounds = /** @type {import('./contrast.js').Ground[]} */ (Object.keys(GROUNDS));

    writeCheck(storage(), { time: Date.now(), passed });
    setText(find('.field-place', HTMLElement), passed ? TEXTS.passed : TEXTS.failed);
    find('.result', HTMLElement).replaceChildren(
        ...grounds.map((g) => el('li', {}, seenText(g, leastSeen(done, g)))),
        ...(open > 0 ? [el('li', {}, openText(open))] : []));
    renderState();
}


/** @param {number} sector 0..8, or -1 */
function answer(sector) {
    if (test === null || isDone(test)) {
        return;
    }

    test = answered(test, sector);
    render();
    keep();

    if (isDone(test)) {
        start.focus();
    }
}


function begin() {
    test = newTest(Math.random);
    find('.result', HTMLElement).replaceChildren();
    render();
    field.focus();
    field.scrollIntoView({ block: 'nearest' });
}


function stop() {
    if (test !== null && !isDone(test)) {
        test = null;
        setText(find('.field-place', HTMLElement), TEXTS.stopped);
        render();
        start.focus();
    }
}


/** @param {KeyboardEvent} e */
function pressed(e) {
    if (test === null || isDone(test) || e.ctrlKey || e.altKey || e.metaKey) {
        return;
    }

    if (/^[0-9]$/.test(e.key)) {
        e.preventDefault();
        answer(Number(e.key) - 1);
    } else if (e.key === 'Escape' && document.fullscreenElement === null) {
        stop();
    }
}


/** @param {MouseEvent} e */
function tapped(e) {
    const box = find('.field-picture', HTMLElement).getBoundingClientRect();

    answer(sectorAt((e.clientX - box.x) / box.width, (e.clientY - box.y) / box.height));
}


find('.questions', HTMLElement).append(...QUESTIONS.map((said, i) =>
    el('li', {}, el('label', { 'class': 'question' }, boxes[i], el('span', {}, said)))));
boxes.forEach((box) => box.addEventListener('change', keep));
setText(find('.field-place', HTMLElement), TEXTS.idle);
start.addEventListener('click', begin);
find('.field-picture', HTMLElement).addEventListener('click', tapped);
find('.field-none', HTMLElement).addEventListener('click', () => answer(-1));
find('.field-stop', HTMLElement).addEventListener('click', stop);
find('.pattern-full', HTMLElement).addEventListener('click', () =>
    find('.pattern', HTMLElement).requestFullscreen());
document.addEventListener('keydown', pressed);
new ResizeObserver(() => {
    drawPattern();
    render();
}).observe(find('.display', HTMLElement));
document.addEventListener('fullscreenchange', drawPattern);
render();
renderState();
showCard();
