// SPDX-License-Identifier: BSD-2-Clause
//
// B35 to B39: print, report, help, tools and their keys.

import { TAG, first } from '../dicom/dataset.js';
import { getDatasets } from '../net/dicomweb.js';
import { studyUrl } from '../net/urls.js';
import { must, same } from '../selftest/client.js';
import { until } from './viewer.js';

/** @typedef {import('./points.js').Point} Point */

/** Tools with a button of their own. */
const TOOLS = [['s', 'scroll'], ['w', 'window'], ['z', 'zoom'], ['t', 'pan'],
    ['v', 'select'], ['j', 'cross']];


/** @type {Point[]} */
export const KEYS = [
    { number: 'B35', title: 'Print the viewport with its text (P)', section: '5.10',
        async run(t) {
            const one = await t.cases.grey();
            const v = await t.open(one);
            const was = v.printed;

            await v.press('p');
            await until(() => v.printed > was, 'the print');

            const text = v.text('.paper');

            must(text.includes(first(one.frames[0].ds, TAG.PatientID)), 'the ID is not printed');
            must(v.all('.paper-picture').length > 0, 'there is no picture');

            return text.replace(/\s+/g, ' ').slice(0, 120);
        } },

    { number: 'B36', title: 'Show the report, if there is one (R)', section: '5.10',
        async run(t) {
            const found = await Promise.all(['SR', 'DOC'].map((m) => t.cases.named(m)));
            const reports = found.flat();
            const grey = await t.cases.grey();
            let with_ = null;

            // the viewer opens what has pictures
            for (const { study } of reports) {
                const all = await getDatasets(`${studyUrl(t.cases.root, study)}/series`);

                with_ ??= all.some((ds) => ['CT', 'MR', 'US', 'DX', 'CR', 'MG', 'PT', 'NM']
                    .includes(first(ds, TAG.Modality))) ? study : null;
            }

            const { viewer: v } = t;

            if (with_ !== null) {
                await v.open(`study=${with_}`);
                await v.ready();
                await v.press('r');
                await until(() => v.all('dialog.report[open]').length > 0, 'the report');

                return v.text('.report-list option');
            }

            await t.open(grey);
            await v.press('r');
            await until(() => v.all('.said').length > 0, 'an answer');

            return 'no study with pictures and a report here: R says that there is none';
        } },

    { number: 'B37', title: 'Help by H and F1, advanced mode by F10, keys of either case',
        section: '5.10',
        async run(t) {
            const v = await t.open(await t.cases.grey());

            for (const key of ['h', 'H', 'F1']) {
                await v.press(key);
                await until(() => v.all('.help[open]').length > 0, `help by ${key}`);
                await v.click('.help-close');
            }

            const isAdvanced = () => v.document.body.classList.contains('is-advanced');
            const was = isAdvanced();

            await v.press('F10');
            same(isAdvanced(), !was, 'the advanced mode');
            await v.press('F10');
            await v.press('W');
            must(v.isPressed('window'), 'W does not choose the window tool');

            return 'H, F1, F10, w and W';
        } },

    { number: 'B38', title: 'One tool at a time, seen by its button and the cursor', section: '5.10',
        async run(t) {
            const v = await t.open(await t.cases.slices());
            const cursors = new Set();

            for (const [key, name] of TOOLS) {
                await v.press(key);
                same(TOOLS.filter(([, n]) => v.isPressed(n)).map(([, n]) => n), [name],
                    'the pressed tools');
                cursors.add(v.window.getComputedStyle(v.one('.port')).cursor);
            }

            must(cursors.size >= 5, `cursors: ${[...cursors].join(', ')}`);

            return [...cursors].join(', ');
        } },

    { number: 'B39', title: 'The keys of the profile', section: '5.10',
        async run(t) {
            const v = await t.open(await t.cases.slices());
            const tool = () => v.one('.port').dataset.tool;

            for (const [key, name] of [...TOOLS, ['d', 'length'], ['a', 'cobb'], ['s', 'scroll']]) {
                await v.press(key);
                // what draws is loaded when it is used first
                await until(() => tool() === name, `the tool of ${key} is ${name}`);
            }

            await v.press('o');
            must(v.isPressed('lines'), 'O: localizer');
            await v.press('o', 'c');
            must(v.isPressed('cine'), 'C: cine');
            await v.press('c', 'l');
            must(v.isPressed('link'), 'L: link');
            await v.press('u');
            must(!v.isPressed('link'), 'U: unlink');
            await v.press('ArrowRight');
            await v.press('Escape');

            return 'S W Z T V D A J O I C L U P R H F1 F10 Esc, arrows, PgUp PgDn';
        } },
];
