/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The attributes that the index knows: PS3.18 tables 10.6.1-5 (search keys),
 * 10.6.3-3, -4, -5 (answers of studies, series, instances: "required"), and
 * some more that clients ask for.
 *
 * X(keyword, tag, second tag of a sequence path, VR, level, how it matches,
 *   computed, required, column)
 *
 * computed: 0 a column filled from record values; SQL: another column; COUNT:
 * an expression, for rows of its own level; SERVICE: never a column, service
 * answers it.  In a sequence: the values of its items, with '\\' between them.
 * A patient's attributes are columns of patient and of study: a study
 * answers what its own instances say.
 */

#ifndef PACS_INDEX_ATTRS_H
#define PACS_INDEX_ATTRS_H

#define PACS_ATTRS(X)                                                         \
    X(PatientName, 0x00100010, 0, PN, PATIENT, NAME, 0, 1, "patient_name")    \
    X(PatientID, 0x00100020, 0, LO, PATIENT, TEXT, 0, 1, "patient_id")        \
    X(IssuerOfPatientID, 0x00100021, 0, LO, PATIENT, TEXT, 0, 0,              \
      "patient_id_issuer")                                                    \
    X(PatientBirthDate, 0x00100030, 0, DA, PATIENT, DATE, 0, 1,               \
      "patient_birth_date")                                                   \
    X(PatientSex, 0x00100040, 0, CS, PATIENT, TEXT, 0, 1, "patient_sex")      \
    X(NumberOfPatientRelatedStudies, 0x00201200, 0, IS, PATIENT, NONE, COUNT, \
      1, "(SELECT count(*) FROM study WHERE patient = p.id)")                 \
    X(NumberOfPatientRelatedSeries, 0x00201202, 0, IS, PATIENT, NONE, COUNT,  \
      1, "(SELECT sum(nseries) FROM study WHERE patient = p.id)")             \
    X(NumberOfPatientRelatedInstances, 0x00201204, 0, IS, PATIENT, NONE,      \
      COUNT, 1, "(SELECT sum(ninstances) FROM study WHERE patient = p.id)")   \
                                                                              \
    X(StudyDate, 0x00080020, 0, DA, STUDY, DATE, 0, 1, "study_date")          \
    X(StudyTime, 0x00080030, 0, TM, STUDY, TIME, 0, 1, "study_time")          \
    X(AccessionNumber, 0x00080050, 0, SH, STUDY, TEXT, 0, 1,                  \
      "accession_number")                                                     \
    X(InstanceAvailability, 0x00080056, 0, CS, STUDY, NONE, SERVICE, 1, "")   \
    X(ModalitiesInStudy, 0x00080061, 0, CS, STUDY, LIST, SQL, 1,              \
      "modalities")                                                           \
    X(InstitutionName, 0x00080080, 0, LO, STUDY, TEXT, 0, 0,                  \
      "institution_name")                                                     \
    X(ReferringPhysicianName, 0x00080090, 0, PN, STUDY, NAME, 0, 1,           \
      "referring_physician")                                                  \
    X(TimezoneOffsetFromUTC, 0x00080201, 0, SH, STUDY, NONE, 0, 1,            \
      "timezone_offset")                                                      \
    X(StudyDescription, 0x00081030, 0, LO, STUDY, TEXT, 0, 0,                 \
      "study_description")                                                    \
    X(RetrieveURL, 0x00081190, 0, UR, STUDY, NONE, SERVICE, 1, "")            \
    X(PatientAge, 0x00101010, 0, AS, STUDY, TEXT, 0, 0, "patient_age")        \
    X(StudyInstanceUID, 0x0020000D, 0, UI, STUDY, UID, SQL, 1, "uid")         \
    X(StudyID, 0x00200010, 0, SH, STUDY, TEXT, 0, 1, "study_id")              \
    X(NumberOfStudyRelatedSeries, 0x00201206, 0, IS, STUDY, NONE, SQL, 1,     \
      "nseries")                                                              \
    X(NumberOfStudyRelatedInstances, 0x00201208, 0, IS, STUDY, NONE, SQL, 1,  \
      "ninstances")                                                           \
                                                                              \
    X(SeriesDate, 0x00080021, 0, DA, SERIES, DATE, 0, 0, "series_date")       \
    X(SeriesTime, 0x00080031, 0, TM, SERIES, TIME, 0, 0, "series_time")       \
    X(Modality, 0x00080060, 0, CS, SERIES, TEXT, 0, 1, "modality")            \
    X(Manufacturer, 0x00080070, 0, LO, SERIES, TEXT, 0, 0, "manufacturer")    \
    X(StationName, 0x00081010, 0, SH, SERIES, TEXT, 0, 0, "station_name")     \
    X(SeriesDescription, 0x0008103E, 0, LO, SERIES, TEXT, 0, 1,               \
      "series_description")                                                   \
    X(PerformingPhysicianName, 0x00081050, 0, PN, SERIES, NAME, 0, 0,         \
      "performing_physician")                                                 \
    X(ManufacturerModelName, 0x00081090, 0, LO, SERIES, TEXT, 0, 0,           \
      "manufacturer_model")                                                   \
    X(BodyPartExamined, 0x00180015, 0, CS, SERIES, TEXT, 0, 0, "body_part")   \
    X(ProtocolName, 0x00181030, 0, LO, SERIES, TEXT, 0, 0, "protocol_name")   \
    X(SeriesInstanceUID, 0x0020000E, 0, UI, SERIES, UID, SQL, 1, "uid")       \
    X(SeriesNumber, 0x00200011, 0, IS, SERIES, NUMBER, 0, 1, "series_number") \
    X(FrameOfReferenceUID, 0x00200052, 0, UI, SERIES, UID, 0, 0,              \
      "frame_of_reference")                                                   \
    X(Laterality, 0x00200060, 0, CS, SERIES, TEXT, 0, 0, "laterality")        \
    X(NumberOfSeriesRelatedInstances, 0x00201209, 0, IS, SERIES, NONE, SQL,   \
      1, "ninstances")                                                        \
    X(PerformedProcedureStepStartDate, 0x00400244, 0, DA, SERIES, DATE, 0, 1, \
      "step_start_date")                                                      \
    X(PerformedProcedureStepStartTime, 0x00400245, 0, TM, SERIES, TIME, 0, 1, \
      "step_start_time")                                                      \
    X(ScheduledProcedureStepID, 0x00400275, 0x00400009, SH, SERIES, MULTI,    \
      0, 1, "scheduled_step_id")                                              \
    X(RequestedProcedureID, 0x00400275, 0x00401001, SH, SERIES, MULTI, 0, 1,  \
      "requested_procedure_id")                                               \
                                                                              \
    X(ImageType, 0x00080008, 0, CS, INSTANCE, MULTI, 0, 0, "image_type")      \
    X(SOPClassUID, 0x00080016, 0, UI, INSTANCE, UID, SQL, 1, "class_uid")     \
    X(SOPInstanceUID, 0x00080018, 0, UI, INSTANCE, UID, SQL, 1, "uid")        \
    X(ContentDate, 0x00080023, 0, DA, INSTANCE, DATE, 0, 0, "content_date")   \
    X(AcquisitionDateTime, 0x0008002A, 0, DT, INSTANCE, WHEN, 0, 0,           \
      "acquisition_datetime")                                                 \
    X(ContentTime, 0x00080033, 0, TM, INSTANCE, TIME, 0, 0, "content_time")   \
    X(AvailableTransferSyntaxUID, 0x00083002, 0, UI, INSTANCE, UID, SQL, 0,   \
      "syntax_uid")                                                           \
    X(AcquisitionNumber, 0x00200012, 0, IS, INSTANCE, NUMBER, 0, 0,           \
      "acquisition_number")                                                   \
    X(InstanceNumber, 0x00200013, 0, IS, INSTANCE, NUMBER, 0, 1,              \
      "instance_number")                                                      \
    X(NumberOfFrames, 0x00280008, 0, IS, INSTANCE, NUMBER, 0, 1,              \
      "number_of_frames")                                                     \
    X(Rows, 0x00280010, 0, US, INSTANCE, NUMBER, 0, 1, "rows")                \
    X(Columns, 0x00280011, 0, US, INSTANCE, NUMBER, 0, 1, "columns")          \
    X(BitsAllocated, 0x00280100, 0, US, INSTANCE, NUMBER, 0, 1,               \
      "bits_allocated")

#endif
