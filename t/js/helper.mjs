// SPDX-License-Identifier: BSD-2-Clause

import { TAG } from '../../html/js/dicom/dataset.js';
import { stacks } from '../../html/js/dicom/stack.js';
import { initial, withStack } from '../../html/js/viewer/state.js';

/** @param {Record<string, any[]>} values by keyword */
export function dataset(values) {
    return Object.fromEntries(Object.entries(values)
        .map(([k, Value]) => [TAG[k], { Value }]));
}


/**
 * A viewport of 1000 x 800 with a CT stack, or another one.
 * @param {number} count
 * @param {Record<string, any[]>} [values]
 */
export function viewport(count, values = {}) {
    const instances = Array.from({ length: count }, (_, i) => dataset({
        StudyInstanceUID: ['1'], SeriesInstanceUID: ['1.2'],
        SOPInstanceUID: [`1.2.${i + 1}`], InstanceNumber: [i + 1],
        Modality: ['CT'], Rows: [512], Columns: [512], BitsAllocated: [16],
        BitsStored: [12], WindowCenter: [40], WindowWidth: [400], ...values,
    }));
    const s = withStack(initial(), stacks(instances)[0]);

    return { ...s, size: { width: 1000, height: 800 } };
}
