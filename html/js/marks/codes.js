// SPDX-License-Identifier: BSD-2-Clause
//
// The codes of measurement reports (PS3.16 TID 1500, CID 7470, 7469, 7464)
// and their older names.

/** @typedef {{value: string, scheme: string, meaning: string}} Code */

/** @param {string} value @param {string} scheme @param {string} meaning */
const code = (value, scheme, meaning) => Object.freeze({ value, scheme, meaning });

export const CODE = Object.freeze({
    report: code('126000', 'DCM', 'Imaging Measurement Report'),
    language: code('121049', 'DCM', 'Language of Content Item and Descendants'),
    english: code('en', 'RFC5646', 'English'),
    observerType: code('121005', 'DCM', 'Observer Type'),
    person: code('121006', 'DCM', 'Person'),
    device: code('121007', 'DCM', 'Device'),
    personName: code('121008', 'DCM', 'Person Observer Name'),
    deviceUid: code('121012', 'DCM', 'Device Observer UID'),
    deviceName: code('121013', 'DCM', 'Device Observer Name'),
    procedure: code('121058', 'DCM', 'Procedure reported'),
    imagingProcedure: code('363679005', 'SCT', 'Imaging procedure'),
    library: code('111028', 'DCM', 'Image Library'),
    measurements: code('126010', 'DCM', 'Imaging Measurements'),
    group: code('125007', 'DCM', 'Measurement Group'),
    trackingId: code('112039', 'DCM', 'Tracking Identifier'),
    trackingUid: code('112040', 'DCM', 'Tracking Unique Identifier'),
    time: code('111526', 'DCM', 'DateTime Started'),
    finding: code('121071', 'DCM', 'Finding'),
    shortLabel: code('125309', 'DCM', 'Short label'),
    comment: code('121106', 'DCM', 'Comment'),
    region: code('111030', 'DCM', 'Image Region'),
    source: code('121324', 'DCM', 'Source Image'),
    referencePoints: code('122438', 'DCM', 'Reference Points'),
    derivation: code('121401', 'DCM', 'Derivation'),
    calibration: code('122422', 'DCM', 'Calibration Method'),
    horizontalSpacing: code('111026', 'DCM', 'Horizontal Pixel Spacing'),
    verticalSpacing: code('111066', 'DCM', 'Vertical Pixel Spacing'),

    length: code('410668003', 'SCT', 'Length'),
    long: code('103339001', 'SCT', 'Long Axis'),
    short: code('103340004', 'SCT', 'Short Axis'),
    angle: code('1483009', 'SCT', 'Angle'),
    cobb: code('285285000', 'SCT', 'Cobb angle'),
    area: code('42798000', 'SCT', 'Area'),
    mean: code('373098007', 'SCT', 'Mean'),
    sd: code('386136009', 'SCT', 'Standard Deviation'),
    min: code('255605001', 'SCT', 'Minimum'),
    max: code('56851009', 'SCT', 'Maximum'),
    attenuation: code('112031', 'DCM', 'Attenuation Coefficient'),
    suv: code('126401', 'DCM', 'SUVbw'),

    ofInterest: code('113000', 'DCM', 'Of Interest'),
    rejected: code('113001', 'DCM', 'Rejected for Quality Reasons'),
    description: code('113012', 'DCM', 'Key Object Description'),
    processed: code('121322', 'DCM', 'Source image for image processing operation'),
});

/** UCUM, by the unit as it is shown. @type {Record<string, Code>} */
export const UNIT = Object.freeze({
    mm: code('mm', 'UCUM', 'millimeter'),
    'mm²': code('mm2', 'UCUM', 'square millimeter'),
    px: code('{pixels}', 'UCUM', 'pixels'),
    'px²': code('{pixels}2', 'UCUM', 'square pixels'),
    '°': code('deg', 'UCUM', 'degree'),
    s: code('s', 'UCUM', 'second'),
    Hz: code('Hz', 'UCUM', 'hertz'),
    'cm/s': code('cm/s', 'UCUM', 'centimeter per second'),
    HU: code("[hnsf'U]", 'UCUM', 'Hounsfield unit'),
    '': code('1', 'UCUM', 'no units'),
});

/** Names of UCUM for reading. */
const SHOWN = new Map([
    ...Object.entries(UNIT).map(([shown, c]) =>
        /** @type {[string, string]} */ ([c.value, shown])),
    ["[hnsf'U]", 'HU'], ['cm2', 'cm²'], ['mm3', 'mm³'], ['cm3', 'cm³'],
    ['{no units}', ''], ['{SUVbw}g/ml', 'SUVbw'], ['g/ml{SUVbw}', 'SUVbw'],
    ['g/ml', 'g/ml'],
]);

/** The same concepts by other codes: SNOMED-RT, LOINC, DCM, old tools'. */
const SAME = new Map(/** @type {[string, Code][]} */ ([
    ['G-D7FE SRT', CODE.length], ['121206 DCM', CODE.length],
    ['121207 DCM', CODE.length],
    ['G-A185 SRT', CODE.long], ['G-A186 SRT', CODE.short],
    ['M-02550 SRT', CODE.long], ['81827009 SCT', CODE.length],
    ['103355008 SCT', CODE.short],
    ['110859 DCM', CODE.angle], ['G-A193 SRT', CODE.angle],
    ['G-A166 SRT', CODE.area], ['G-A16A SRT', CODE.area],
    ['131184002 SCT', CODE.area],
    ['R-00317 SRT', CODE.mean], ['113049 DCM', CODE.mean],
    ['113061 DCM', CODE.sd], ['R-10047 SRT', CODE.sd],
    ['113051 DCM', CODE.min], ['R-404FB SRT', CODE.min],
    ['113048 DCM', CODE.max], ['G-A437 SRT', CODE.max],
]));

const BY_KEY = new Map(Object.values(CODE).map((c) => [keyOf(c), c]));


/** @param {Code} c */
function keyOf(c) {
    return `${c.value} ${c.scheme}`;
}


/**
 * A unit of the server's values.
 * @param {string} shown
 * @returns {Code}
 */
export function unitCode(shown) {
    if (/^SUV/i.test(shown)) {
        return code('g/ml{SUVbw}', 'UCUM', 'Standardized Uptake Value body weight');
    }

    return UNIT[shown] ?? code(`{${shown.replace(/[^!-z]|[{}]/g, '').slice(0, 12)}}`,
        'UCUM', shown.slice(0, 60));
}


/** @param {string} ucum @returns {string} for reading */
export function unitShown(ucum) {
    return SHOWN.get(ucum) ?? ucum.replace(/[{}]/g, '').slice(0, 16);
}


/**
 * The concept that a code stands for, by whichever name.
 * @param {Code} c
 * @returns {Code} itself when it is none of ours
 */
export function known(c) {
    return BY_KEY.get(keyOf(c)) ?? SAME.get(keyOf(c)) ?? c;
}
