// SPDX-License-Identifier: BSD-2-Clause
//
// Things that lie over a picture and can be taken hold of, whatever tool is
// chosen: lines of planes, handles of marks.

/**
 * @typedef {import('../host.js').Host} Host
 * @typedef {import('../tools/tool.js').At} At
 * @typedef {import('../tools/tool.js').Tool} Tool
 *
 * @typedef {(host: Host, here: At) => Tool | null} Grip null: there is nothing
 *     to be taken; the tool's label names the cursor (data-grip of the port)
 */

/** @type {Grip[]} */
const GRIPS = [];


/** @param {Grip} grip that was loaded when it was needed first */
export function addGrip(grip) {
    GRIPS.push(grip);
}


/** @param {Host} host @param {At} here @returns {Tool | null} */
export function gripped(host, here) {
    for (const grip of GRIPS) {
        const tool = grip(host, here);

        if (tool !== null) {
            return tool;
        }
    }

    return null;
}
