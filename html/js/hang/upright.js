// SPDX-License-Identifier: BSD-2-Clause
//
// How a projection is turned so that it hangs as is usual: by what its header
// says (Patient Orientation), never by its pixels; without it, as it is.

import { edgeLettersOfPatientOrientation } from '../math/orientation.js';
import { RESET, matrix } from '../math/view.js';

/** @typedef {import('../math/view.js').View} View */

const UNIT = { width: 1, height: 1 };

/** The least that is done to a picture comes first. */
const TURNS = [false, true].flatMap((flip) => [0, 180, 90, 270].map((rotate) =>
    ({ ...RESET, flip, rotate: /** @type {View['rotate']} */ (rotate) })));


/**
 * Letters that the right and the lower edge begin with: of breasts the chest
 * wall of the right one is at the right, of the left one at the left.
 * @param {string} modality
 * @param {string} laterality
 * @param {string} view
 * @returns {[string, string]} '' where any will do
 */
function edgesOf(modality, laterality, view) {
    if (modality === 'MG') {
        const below = { R: 'L', L: 'R' }[laterality] ?? '';

        return [{ R: 'P', L: 'A' }[laterality] ?? '', view === 'CC' ? below : 'F'];
    }

    return [view === 'PA' || view === 'AP' ? 'L' : '', 'F'];
}


/**
 * @param {{modality: string, laterality: string, view: string}} item
 * @param {string[]} patientOrientation
 * @returns {View}
 */
export function uprightView({ modality, laterality, view }, patientOrientation) {
    const [right, bottom] = edgesOf(modality, laterality, view);
    const turned = TURNS.find((turn) => {
        const [a, b, c, d] = matrix(turn, UNIT, UNIT);
        const letters = edgeLettersOfPatientOrientation(patientOrientation, [a, b, c, d]);

        return letters !== null && letters.right.startsWith(right)
            && letters.bottom.startsWith(bottom);
    });

    return turned ?? RESET;
}
