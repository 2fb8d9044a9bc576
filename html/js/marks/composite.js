// SPDX-License-Identifier: BSD-2-Clause
//
// What all objects share that the viewer makes: DICOM JSON (PS3.18 F), the
// patient and study of their source, identity, time and equipment.

/**
 * @typedef {import('../dicom/dataset.js').Dataset} Dataset
 * @typedef {import('../dicom/dataset.js').Attribute} Attribute
 * @typedef {import('./codes.js').Code} Code
 *
 * @typedef {{study: string, series: string, instance: string,
 *            sopClass: string}} Reference
 * @typedef {{name: string, device: string}} Author name: a person's, DICOM PN;
 *     '': not known; device: UID of this browser
 */

export const PROGRAM = Object.freeze({
    manufacturer: 'ngx_pacs', model: 'ngx_pacs viewer',
});

/** Patient, study: what is copied as it is (PS3.3 C.7.1.1, C.7.2.1). */
const OF_STUDY = [
    '00080020', '00080030', '00080050', '00080051', '00080090', '00081030',
    '00081032', '00081060', '00100010', '00100020', '00100021', '00100024',
    '00100030', '00100032', '00100040', '00101001', '00101010', '00101020',
    '00101030', '00102160', '00102201', '00102202', '00102210', '00102292',
    '00102297', '0020000D', '00200010',
];

/** What has to be there, if with no value. */
const TYPE_2 = /** @type {Record<string, string>} */ ({
    '00080020': 'DA', '00080030': 'TM', '00080050': 'SH', '00080090': 'PN',
    '00100010': 'PN', '00100020': 'LO', '00100030': 'DA', '00100040': 'CS',
    '00200010': 'SH',
});


/** @param {string} vr @param {...any} values @returns {Attribute} */
export function at(vr, ...values) {
    return values.length > 0 ? { vr, Value: values } : { vr };
}


/** @param {...Dataset} items @returns {Attribute} */
export function sequence(...items) {
    return at('SQ', ...items);
}


/** @param {Code} c @returns {Dataset} item of a code sequence */
export function codeItem(c) {
    return {
        '00080100': at('SH', c.value),
        '00080102': at('SH', c.scheme),
        '00080104': at('LO', c.meaning),
    };
}


/**
 * A UID of its own, from a random number of 128 bits (PS3.5 B.2).
 * @returns {string}
 */
export function newUid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));

    // a version 4 UUID
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;

    return `2.25.${bytes.reduce((n, b) => n * 256n + BigInt(b), 0n)}`;
}


/** @param {Date} d @returns {{date: string, time: string, zone: string}} */
export function stamp(d) {
    const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
    const off = -d.getTimezoneOffset();
    const away = Math.abs(off);

    return {
        date: `${d.getFullYear()}${two(d.getMonth() + 1)}${two(d.getDate())}`,
        time: `${two(d.getHours())}${two(d.getMinutes())}${two(d.getSeconds())}`,
        zone: `${off < 0 ? '-' : '+'}${two(Math.floor(away / 60))}${two(away % 60)}`,
    };
}


/**
 * @param {Dataset} source an image of the study
 * @param {{sopClass: string, modality: string, series: string,
 *          seriesNumber: number, description: string, number: number,
 *          now: Date}} of
 * @returns {Dataset} patient, study, series, equipment, SOP common
 */
export function composite(source, of) {
    const { date, time, zone } = stamp(of.now);
    const copied = Object.fromEntries(OF_STUDY
        .filter((tag) => source[tag]?.Value !== undefined)
        .map((tag) => [tag, source[tag]]));
    const empty = Object.fromEntries(Object.entries(TYPE_2)
        .map(([tag, vr]) => [tag, at(vr)]));

    return {
        ...empty,
        ...copied,
        '00080005': at('CS', 'ISO_IR 192'),
        '00080012': at('DA', date),
        '00080013': at('TM', time),
        '00080016': at('UI', of.sopClass),
        '00080018': at('UI', newUid()),
        '00080021': at('DA', date),
        '00080023': at('DA', date),
        '00080031': at('TM', time),
        '00080033': at('TM', time),
        '00080060': at('CS', of.modality),
        '00080070': at('LO', PROGRAM.manufacturer),
        '00080201': at('SH', zone),
        '0008103E': at('LO', of.description),
        '00081090': at('LO', PROGRAM.model),
        '00181000': at('LO', '1'),
        '00181020': at('LO', '1'),
        '0020000E': at('UI', of.series),
        '00200011': at('IS', of.seriesNumber),
        '00200013': at('IS', of.number),
    };
}


/**
 * Studies, their series, their instances (PS3.3 table 10-3b).
 * @param {Reference[]} all
 * @returns {Dataset[]}
 */
export function hierarchy(all) {
    return grouped(all, 'study').map(([study, ofStudy]) => ({
        '0020000D': at('UI', study),
        '00081115': sequence(...grouped(ofStudy, 'series').map(([series, ofSeries]) => ({
            '0020000E': at('UI', series),
            '00081199': sequence(...grouped(ofSeries, 'instance')
                .map(([, [one]]) => sopItem(one))),
        }))),
    }));
}


/**
 * @param {Reference[]} list
 * @param {'study' | 'series' | 'instance'} key
 * @returns {[string, Reference[]][]}
 */
function grouped(list, key) {
    /** @type {Map<string, Reference[]>} */
    const groups = new Map();

    list.forEach((r) => groups.set(r[key], [...groups.get(r[key]) ?? [], r]));

    return [...groups];
}


/** @param {{sopClass: string, instance: string}} r @returns {Dataset} */
export function sopItem(r) {
    return {
        '00081150': at('UI', r.sopClass), '00081155': at('UI', r.instance),
    };
}


/**
 * Who has done it: a person where a name is known, else this browser.
 * @param {Author} author
 * @returns {Dataset} item of Author Observer Sequence
 */
export function observer(author) {
    const institution = { '00080080': at('LO'), '00080082': at('SQ') };

    return author.name !== '' ? {
        '0040A084': at('CS', 'PSN'),
        '0040A123': at('PN', { Alphabetic: author.name }),
        '00401101': at('SQ'),
        ...institution,
    } : {
        '0040A084': at('CS', 'DEV'),
        '00080070': at('LO', PROGRAM.manufacturer),
        '00081090': at('LO', PROGRAM.model),
        '00181002': at('UI', author.device),
        '00081010': at('SH'),
        ...institution,
    };
}
