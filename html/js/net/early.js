// SPDX-License-Identifier: BSD-2-Clause
//
// What js/early.js has asked for already.

/**
 * @param {string} url
 * @returns {Promise<Response> | undefined} once; undefined: not asked for
 */
export function early(url) {
    /** @type {Map<string, Promise<Response>> | undefined} */
    const asked = /** @type {any} */ (window).pacsEarly;
    const answer = asked?.get(url);

    asked?.delete(url);

    return answer;
}
