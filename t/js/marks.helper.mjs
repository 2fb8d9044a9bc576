// SPDX-License-Identifier: BSD-2-Clause
//
// Marks of each kind on a CT slice, for t/js and for the validators.

import { stacks } from '../../html/js/dicom/stack.js';
import { shaped } from '../../html/js/marks/mark.js';
import { WAITS } from '../../html/js/marks/values.js';
import { dataset } from './helper.mjs';

export const AUTHOR = { name: 'Röntgen^Wilhelm', device: '2.25.77' };

export const CT = '1.2.840.10008.5.1.4.1.1.2';

/** A CT slice of 512 x 512 with pixels of 0.5 x 0.25 mm (down x across). */
export function slice(values = {}) {
    const ds = dataset({
        SOPClassUID: [CT], StudyInstanceUID: ['2.25.1'], SeriesInstanceUID: ['2.25.2'],
        SOPInstanceUID: ['2.25.3'], Modality: ['CT'], Rows: [512], Columns: [512],
        BitsAllocated: [16], BitsStored: [12], PixelSpacing: [0.5, 0.25],
        ImagePositionPatient: [-10, -20, 30], ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
        FrameOfReferenceUID: ['2.25.9'], StudyDate: ['20240115'], StudyTime: ['101500'],
        PatientName: [{ Alphabetic: 'Mark^Test' }], PatientID: ['M-1'], ...values,
    });

    const vr = { '00100010': 'PN', '00100020': 'LO', '0020000D': 'UI',
        '00080020': 'DA', '00080030': 'TM' };

    for (const [tag, v] of Object.entries(vr)) {
        ds[tag].vr = v;
    }

    return stacks([ds])[0].frames[0];
}


const PLACED = {
    length: [[10.25, 20.5], [110.25, 20.5]],
    bidirectional: [[100, 100], [180, 100]],
    angle: [[50, 10], [10, 10], [10, 30]],
    cobb: [[10, 10], [110, 10], [10, 200], [110, 250]],
    ellipse: [[200, 200], [280, 230]],
    rectangle: [[300, 300], [340, 320]],
    freehand: [[400, 400], [440, 400.5], [440, 440], [401, 439]],
    arrow: [[60, 60], [90, 95]],
    text: [[33.3, 44.4]],
    probe: [[250.5, 251.5]],
};

/**
 * @param {keyof typeof PLACED} kind
 * @param {Record<string, any>} [more]
 * @returns {import('../../html/js/marks/mark.js').Mark}
 */
export function mark(kind, more = {}) {
    const at = Object.keys(PLACED).indexOf(kind);

    return {
        uid: `2.25.100${at}`, kind,
        points: shaped(kind, PLACED[kind].map(([x, y]) => ({ x, y })), 2),
        image: { study: '2.25.1', series: '2.25.2', instance: '2.25.3', frame: 1,
            sopClass: CT },
        patient: null, label: ['arrow', 'text'].includes(kind) ? 'Läsion <b>' : '',
        author: AUTHOR.name, time: '2026-01-02T03:04:05.678Z', own: true,
        program: 'ngx_pacs ngx_pacs viewer', calibrated: null, figures: null,
        statistics: ['ellipse', 'rectangle', 'freehand', 'probe'].includes(kind)
            ? WAITS : null,
        ...more,
    };
}


export function everyKind() {
    return /** @type {(keyof typeof PLACED)[]} */ (Object.keys(PLACED)).map((k) => mark(k));
}
