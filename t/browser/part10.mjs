// SPDX-License-Identifier: BSD-2-Clause
//
// Makes DICOM files for the tests: Explicit VR Little Endian, Part 10.

const LONG = new Set(['OB', 'OW', 'SQ', 'UN', 'UT']);

/** Keyword: tag and VR, of what the tests use. */
const DICTIONARY = {
    SpecificCharacterSet: [0x00080005, 'CS'],
    ImageType: [0x00080008, 'CS'],
    SOPClassUID: [0x00080016, 'UI'],
    SOPInstanceUID: [0x00080018, 'UI'],
    StudyDate: [0x00080020, 'DA'],
    SeriesDate: [0x00080021, 'DA'],
    AcquisitionDate: [0x00080022, 'DA'],
    StudyTime: [0x00080030, 'TM'],
    ContentDate: [0x00080023, 'DA'],
    AcquisitionTime: [0x00080032, 'TM'],
    AccessionNumber: [0x00080050, 'SH'],
    Modality: [0x00080060, 'CS'],
    InstitutionName: [0x00080080, 'LO'],
    CodeValue: [0x00080100, 'SH'],
    CodingSchemeDesignator: [0x00080102, 'SH'],
    CodeMeaning: [0x00080104, 'LO'],
    StudyDescription: [0x00081030, 'LO'],
    SeriesDescription: [0x0008103e, 'LO'],
    PatientName: [0x00100010, 'PN'],
    PatientID: [0x00100020, 'LO'],
    IssuerOfPatientID: [0x00100021, 'LO'],
    PatientBirthDate: [0x00100030, 'DA'],
    PatientSex: [0x00100040, 'CS'],
    PatientAge: [0x00101010, 'AS'],
    ContrastBolusAgent: [0x00180010, 'LO'],
    BodyPartExamined: [0x00180015, 'CS'],
    SliceThickness: [0x00180050, 'DS'],
    KVP: [0x00180060, 'DS'],
    SpacingBetweenSlices: [0x00180088, 'DS'],
    FrameTime: [0x00181063, 'DS'],
    EstimatedRadiographicMagnificationFactor: [0x00181114, 'DS'],
    ImagerPixelSpacing: [0x00181164, 'DS'],
    ViewPosition: [0x00185101, 'CS'],
    SequenceOfUltrasoundRegions: [0x00186011, 'SQ'],
    RegionLocationMinX0: [0x00186018, 'UL'],
    RegionLocationMinY0: [0x0018601a, 'UL'],
    RegionLocationMaxX1: [0x0018601c, 'UL'],
    RegionLocationMaxY1: [0x0018601e, 'UL'],
    PhysicalUnitsXDirection: [0x00186024, 'US'],
    PhysicalUnitsYDirection: [0x00186026, 'US'],
    PhysicalDeltaX: [0x0018602c, 'FD'],
    PhysicalDeltaY: [0x0018602e, 'FD'],
    StudyInstanceUID: [0x0020000d, 'UI'],
    SeriesInstanceUID: [0x0020000e, 'UI'],
    StudyID: [0x00200010, 'SH'],
    SeriesNumber: [0x00200011, 'IS'],
    InstanceNumber: [0x00200013, 'IS'],
    PatientOrientation: [0x00200020, 'CS'],
    ImagePositionPatient: [0x00200032, 'DS'],
    ImageOrientationPatient: [0x00200037, 'DS'],
    FrameOfReferenceUID: [0x00200052, 'UI'],
    Laterality: [0x00200060, 'CS'],
    ImageLaterality: [0x00200062, 'CS'],
    SliceLocation: [0x00201041, 'DS'],
    SamplesPerPixel: [0x00280002, 'US'],
    PhotometricInterpretation: [0x00280004, 'CS'],
    PlanarConfiguration: [0x00280006, 'US'],
    NumberOfFrames: [0x00280008, 'IS'],
    FrameIncrementPointer: [0x00280009, 'AT'],
    Rows: [0x00280010, 'US'],
    Columns: [0x00280011, 'US'],
    PixelSpacing: [0x00280030, 'DS'],
    PixelSpacingCalibrationType: [0x00280a02, 'CS'],
    BitsAllocated: [0x00280100, 'US'],
    BitsStored: [0x00280101, 'US'],
    HighBit: [0x00280102, 'US'],
    PixelRepresentation: [0x00280103, 'US'],
    WindowCenter: [0x00281050, 'DS'],
    WindowWidth: [0x00281051, 'DS'],
    WindowCenterWidthExplanation: [0x00281055, 'LO'],
    VOILUTFunction: [0x00281056, 'CS'],
    RescaleIntercept: [0x00281052, 'DS'],
    RescaleSlope: [0x00281053, 'DS'],
    RedPaletteColorLookupTableDescriptor: [0x00281101, 'US'],
    GreenPaletteColorLookupTableDescriptor: [0x00281102, 'US'],
    BluePaletteColorLookupTableDescriptor: [0x00281103, 'US'],
    RedPaletteColorLookupTableData: [0x00281201, 'OW'],
    GreenPaletteColorLookupTableData: [0x00281202, 'OW'],
    BluePaletteColorLookupTableData: [0x00281203, 'OW'],
    LUTDescriptor: [0x00283002, 'US'],
    LUTData: [0x00283006, 'OW'],
    VOILUTSequence: [0x00283010, 'SQ'],
    RelationshipType: [0x0040a010, 'CS'],
    ValueType: [0x0040a040, 'CS'],
    ConceptNameCodeSequence: [0x0040a043, 'SQ'],
    TextValue: [0x0040a160, 'UT'],
    ContentSequence: [0x0040a730, 'SQ'],
    DocumentTitle: [0x00420010, 'ST'],
    EncapsulatedDocument: [0x00420011, 'OB'],
    MIMETypeOfEncapsulatedDocument: [0x00420012, 'LO'],
    Units: [0x00541001, 'CS'],
    PixelData: [0x7fe00010, 'OW'],
};

/** @param {number} tag @param {string} vr @param {Buffer} value */
function element(tag, vr, value) {
    const pad = value.length % 2 === 0 ? Buffer.alloc(0)
        : Buffer.from([vr === 'UI' || vr === 'OB' ? 0 : 32]);
    const head = Buffer.alloc(LONG.has(vr) ? 12 : 8);

    head.writeUInt16LE(tag >>> 16, 0);
    head.writeUInt16LE(tag & 0xffff, 2);
    head.write(vr, 4, 'latin1');

    if (LONG.has(vr)) {
        head.writeUInt32LE(value.length + pad.length, 8);
    } else {
        head.writeUInt16LE(value.length + pad.length, 6);
    }

    return Buffer.concat([head, value, pad]);
}


/** @param {string} vr @param {any} value */
function encoded(vr, value) {
    if (Buffer.isBuffer(value)) {
        return value;
    }

    if (vr === 'US') {
        return Buffer.from(Uint16Array.from([value].flat()).buffer);
    }

    if (vr === 'UL') {
        return Buffer.from(Uint32Array.from([value].flat()).buffer);
    }

    if (vr === 'FD') {
        return Buffer.from(Float64Array.from([value].flat()).buffer);
    }

    if (vr === 'AT') {
        const b = Buffer.alloc(4);
        b.writeUInt16LE(value >>> 16, 0);
        b.writeUInt16LE(value & 0xffff, 2);
        return b;
    }

    return Buffer.from([value].flat().join('\\'), 'utf8');
}


/** @param {Record<string, any>} values by keyword @returns {Buffer[]} */
function elements(values) {
    return Object.entries(values)
        .map(([k, v]) => [...DICTIONARY[k], v])
        .sort((a, b) => a[0] - b[0])
        .map(([tag, vr, v]) => element(tag, vr, encoded(vr, v)));
}


/**
 * @param {Record<string, any>} values by keyword
 * @returns {Buffer} the value of a sequence of one item
 */
export function item(values) {
    const body = Buffer.concat(elements(values));
    const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);

    head.writeUInt32LE(body.length, 4);

    return Buffer.concat([head, body]);
}


/**
 * @param {Record<string, any>} values by keyword
 * @returns {Buffer} a Part 10 file
 */
export function part10(values) {
    const body = elements(values);
    const meta = Buffer.concat([
        element(0x00020001, 'OB', Buffer.from([0, 1])),
        element(0x00020002, 'UI', Buffer.from(values.SOPClassUID)),
        element(0x00020003, 'UI', Buffer.from(values.SOPInstanceUID)),
        element(0x00020010, 'UI', Buffer.from('1.2.840.10008.1.2.1')),
        element(0x00020012, 'UI', Buffer.from('2.25.80302813137786398554742050926734630921')),
    ]);
    const length = Buffer.alloc(4);

    length.writeUInt32LE(meta.length);

    return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'),
        element(0x00020000, 'UL', length), meta, ...body]);
}


/**
 * STOW-RS.
 * @param {string} base URL of the server
 * @param {Buffer[]} files
 */
export async function store(base, files) {
    const mark = 'test-part-boundary-1f0c';
    const parts = files.flatMap((f) => [
        Buffer.from(`--${mark}\r\nContent-Type: application/dicom\r\n\r\n`), f,
        Buffer.from('\r\n'),
    ]);
    const answer = await fetch(`${base}/dicom-web/studies`, {
        method: 'POST',
        headers: {
            'Content-Type': `multipart/related; type="application/dicom"; boundary=${mark}`,
            Accept: 'application/dicom+json',
        },
        body: Buffer.concat([...parts, Buffer.from(`--${mark}--\r\n`)]),
    });

    if (!answer.ok) {
        throw new Error(`store: ${answer.status} ${await answer.text()}`);
    }
}
