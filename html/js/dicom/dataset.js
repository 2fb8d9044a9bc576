// SPDX-License-Identifier: BSD-2-Clause
//
// The DICOM JSON model (PS3.18 Annex F): reading values out of it.  Every
// value is from outside: absent, null, a number where a string is due.

/**
 * @typedef {{vr?: string, Value?: any[], BulkDataURI?: string,
 *            InlineBinary?: string}} Attribute
 * @typedef {Record<string, Attribute>} Dataset
 */

/** The attributes that the viewer reads, by keyword. */
export const TAG = Object.freeze({
    SpecificCharacterSet: '00080005',
    StudyDate: '00080020',
    SeriesDate: '00080021',
    AcquisitionDate: '00080022',
    ContentDate: '00080023',
    AcquisitionDateTime: '0008002A',
    StudyTime: '00080030',
    SeriesTime: '00080031',
    AcquisitionTime: '00080032',
    ContentTime: '00080033',
    SOPClassUID: '00080016',
    SOPInstanceUID: '00080018',
    AccessionNumber: '00080050',
    Modality: '00080060',
    ModalitiesInStudy: '00080061',
    InstitutionName: '00080080',
    ReferringPhysicianName: '00080090',
    CodeValue: '00080100',
    CodeMeaning: '00080104',
    StudyDescription: '00081030',
    SeriesDescription: '0008103E',
    RecommendedDisplayFrameRate: '00082144',
    PatientName: '00100010',
    PatientID: '00100020',
    IssuerOfPatientID: '00100021',
    PatientBirthDate: '00100030',
    PatientSex: '00100040',
    PatientAge: '00101010',
    PatientSpeciesDescription: '00102201',
    AnatomicalOrientationType: '00102210',
    BodyPartExamined: '00180015',
    ContrastBolusAgent: '00180010',
    CineRate: '00180040',
    SliceThickness: '00180050',
    KVP: '00180060',
    RepetitionTime: '00180080',
    EchoTime: '00180081',
    SpacingBetweenSlices: '00180088',
    FrameTime: '00181063',
    EstimatedRadiographicMagnificationFactor: '00181114',
    Exposure: '00181152',
    ImagerPixelSpacing: '00181164',
    NominalScannedPixelSpacing: '00182010',
    ViewPosition: '00185101',
    RegionLocationMinX0: '00186018',
    RegionLocationMinY0: '0018601A',
    RegionLocationMaxX1: '0018601C',
    RegionLocationMaxY1: '0018601E',
    ReferencePixelX0: '00186020',
    ReferencePixelY0: '00186022',
    PhysicalUnitsXDirection: '00186024',
    PhysicalUnitsYDirection: '00186026',
    ReferencePixelPhysicalValueX: '00186028',
    ReferencePixelPhysicalValueY: '0018602A',
    PhysicalDeltaX: '0018602C',
    PhysicalDeltaY: '0018602E',
    SequenceOfUltrasoundRegions: '00186011',
    StudyInstanceUID: '0020000D',
    SeriesInstanceUID: '0020000E',
    StudyID: '00200010',
    SeriesNumber: '00200011',
    InstanceNumber: '00200013',
    PatientOrientation: '00200020',
    ImagePositionPatient: '00200032',
    ImageOrientationPatient: '00200037',
    Laterality: '00200060',
    ImageLaterality: '00200062',
    FrameOfReferenceUID: '00200052',
    SliceLocation: '00201041',
    NumberOfStudyRelatedSeries: '00201206',
    NumberOfStudyRelatedInstances: '00201208',
    NumberOfSeriesRelatedInstances: '00201209',
    FrameLaterality: '00209072',
    FrameAnatomySequence: '00209071',
    PlanePositionSequence: '00209113',
    PlaneOrientationSequence: '00209116',
    SamplesPerPixel: '00280002',
    PhotometricInterpretation: '00280004',
    NumberOfFrames: '00280008',
    Rows: '00280010',
    Columns: '00280011',
    PixelSpacing: '00280030',
    PixelAspectRatio: '00280034',
    BitsAllocated: '00280100',
    BitsStored: '00280101',
    PixelRepresentation: '00280103',
    SmallestImagePixelValue: '00280106',
    LargestImagePixelValue: '00280107',
    PixelSpacingCalibrationType: '00280A02',
    PixelSpacingCalibrationDescription: '00280A04',
    WindowCenter: '00281050',
    WindowWidth: '00281051',
    RescaleIntercept: '00281052',
    RescaleSlope: '00281053',
    WindowCenterWidthExplanation: '00281055',
    VOILUTFunction: '00281056',
    ModalityLUTSequence: '00283000',
    VOILUTSequence: '00283010',
    LossyImageCompression: '00282110',
    LossyImageCompressionRatio: '00282112',
    LossyImageCompressionMethod: '00282114',
    PixelMeasuresSequence: '00289110',
    FrameVOILUTSequence: '00289132',
    PixelValueTransformationSequence: '00289145',
    ViewCodeSequence: '00540220',
    PresentationLUTShape: '20500020',
    SharedFunctionalGroupsSequence: '52009229',
    PerFrameFunctionalGroupsSequence: '52009230',
});


/**
 * @param {Dataset | undefined} ds
 * @param {string} tag
 * @returns {any[]} empty when absent
 */
export function values(ds, tag) {
    const value = ds?.[tag]?.Value;

    return Array.isArray(value) ? value : [];
}


/**
 * A value as text; several joined by ", ".  A person name gives its
 * alphabetic group.
 * @param {Dataset | undefined} ds
 * @param {string} tag
 * @returns {string} '' when absent
 */
export function joined(ds, tag) {
    return values(ds, tag).map(plain).filter((s) => s !== '').join(', ');
}


/**
 * @param {Dataset | undefined} ds
 * @param {string} tag
 * @returns {string} the first value only
 */
export function first(ds, tag) {
    return plain(values(ds, tag)[0]);
}


/**
 * @param {Dataset | undefined} ds
 * @param {string} tag
 * @returns {number | null} the first value
 */
export function number(ds, tag) {
    const all = values(ds, tag);

    if (all.length === 1) {
        const v = toNumber(all[0]);

        return Number.isFinite(v) ? v : null;
    }

    return numbers(ds, tag)[0] ?? null;
}


/**
 * @param {Dataset | undefined} ds
 * @param {string} tag
 * @returns {number[]} empty when absent or when one of them is no number
 */
export function numbers(ds, tag) {
    const all = values(ds, tag);
    const of = all.length === 0 ? [] : all.map(toNumber);

    return of.every(Number.isFinite) ? of : [];
}


/**
 * @param {Dataset | undefined} ds
 * @param {string} tag
 * @returns {Dataset[]} items of a sequence
 */
export function items(ds, tag) {
    return values(ds, tag).filter((v) => v !== null && typeof v === 'object');
}


/**
 * What a table has for a word from outside, but never what every object has:
 * "constructor" is a word like others.
 * @template T
 * @param {Record<string, T>} table
 * @param {string} word
 * @returns {T | undefined}
 */
export function entryFor(table, word) {
    return Object.hasOwn(table, word) ? table[word] : undefined;
}


/** @param {any} v @returns {number} */
function toNumber(v) {
    if (typeof v === 'string') {
        return v.trim() === '' ? NaN : Number(v);
    }

    return typeof v === 'number' ? v : NaN;
}


/** @param {any} v @returns {string} */
function plain(v) {
    if (v === null || v === undefined) {
        return '';
    }

    if (typeof v === 'object') {
        return typeof v.Alphabetic === 'string' ? v.Alphabetic : '';
    }

    return String(v).trim();
}
