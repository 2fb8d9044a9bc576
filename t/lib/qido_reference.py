# SPDX-License-Identifier: BSD-2-Clause

# QIDO-RS against pydicom: argv[1] is the service's URL, stdin names the files
# that were imported.  What rows say must be what the files say; what a key
# finds must be what a reading of PS3.4 C.2.2.2 of its own finds in the rows.
# Prints "ok\tname" or "not ok\tname\twhy".

import json
import re
import sys
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
import warnings

import pydicom

warnings.simplefilter("ignore")
base = sys.argv[1]

LEVELS = {
    "studies": ("0020000D", {
        "PatientID": "00100020", "PatientSex": "00100040",
        "PatientBirthDate": "00100030", "StudyDate": "00080020",
        "StudyTime": "00080030", "AccessionNumber": "00080050",
        "StudyID": "00200010", "StudyDescription": "00081030",
        "InstitutionName": "00080080", "PatientName": "00100010",
        "ReferringPhysicianName": "00080090"}),
    "series": ("0020000E", {
        "Modality": "00080060", "SeriesNumber": "00200011",
        "SeriesDescription": "0008103E", "SeriesDate": "00080021",
        "BodyPartExamined": "00180015", "Manufacturer": "00080070",
        "ProtocolName": "00181030", "StationName": "00081010",
        "FrameOfReferenceUID": "00200052", "Laterality": "00200060"}),
    "instances": ("00080018", {
        "SOPClassUID": "00080016", "InstanceNumber": "00200013",
        "Rows": "00280010", "Columns": "00280011",
        "NumberOfFrames": "00280008", "BitsAllocated": "00280100",
        "ImageType": "00080008", "ContentDate": "00080023",
        "AcquisitionNumber": "00200012",
        "AcquisitionDateTime": "0008002A"}),
}
UIDS = {"studies": "StudyInstanceUID", "series": "SeriesInstanceUID",
        "instances": "SOPInstanceUID"}


def say(good, name, why=""):
    why = str(why).replace("\n", " ")[:400]
    print(("ok\t%s" % name) if good else "not ok\t%s\t%s" % (name, why))


def get(path, **query):
    url = "%s/%s?%s" % (base, path, urllib.parse.urlencode(
        query, quote_via=urllib.parse.quote))
    try:
        with urllib.request.urlopen(url) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as e:
        say(False, url, e.read().decode())
        return []


def get_all(path, **query):
    rows = []
    while True:
        page = get(path, offset=len(rows), limit=1000, **query)
        rows += page
        if len(page) < 1000:
            return rows


def texts(row, tag):
    """the values as text, names as their groups with '=' between"""
    out = []
    for v in row.get(tag, {}).get("Value", []):
        if isinstance(v, dict):
            v = "=".join(v.get(g, "") for g in
                         ("Alphabetic", "Ideographic", "Phonetic")).rstrip("=")
        out.append("" if v is None else
                   "%g" % v if isinstance(v, float) else str(v))
    return out


def of_file(ds, keyword):
    v = ds.get(keyword)
    if v is None or v == "":
        return []
    v = list(v) if isinstance(v, (pydicom.multival.MultiValue, list)) else [v]
    return [str(x).strip() for x in v]


def close(a, b):
    """equal, also as numbers"""
    if a == b:
        return True
    try:
        return [float(x) for x in a] == [float(x) for x in b]
    except ValueError:
        return False


files = []
for path in sys.stdin.read().split("\n"):
    if path:
        try:
            files.append((path, pydicom.dcmread(path,
                                                stop_before_pixels=True)))
        except Exception:
            pass

rows = {level: {texts(r, tag)[0]: r
                for r in get_all(level, includefield="all")}
        for level, (tag, _) in LEVELS.items()}

# --- what rows say ---

said = {level: {} for level in LEVELS}
for path, ds in files:
    uid = str(ds.get("SOPInstanceUID", ""))
    if uid in rows["instances"]:
        for level in LEVELS:
            said[level].setdefault(str(ds[UIDS[level]].value), []).append(
                (path, ds))

for level, (tag, attributes) in LEVELS.items():
    say(len(rows[level]) > 10 and set(said[level]) == set(rows[level]),
        "%s: %d, as there are in the files" % (level, len(rows[level])),
        set(said[level]) ^ set(rows[level]))
    for keyword, t in attributes.items():
        wrong, compared = [], 0
        for uid, of in said[level].items():
            # texts of odd character sets: see 11-dicom-json.t
            if any("/charset/" in p for p, _ in of):
                continue
            got = texts(rows[level][uid], t)
            want = [of_file(ds, keyword) for _, ds in of]
            compared += bool(got)
            if not any(close(got, w) for w in want):
                wrong.append((uid, got, want[:3]))
        say(not wrong, "%s: %s is what a file says (%d values)"
            % (level, keyword, compared), wrong[:3])

for uid, row in list(rows["studies"].items()):
    of = [ds for _, ds in said["studies"][uid]]
    # one without any says OT: see src/index/statements.c
    modalities = sorted({str(ds.get("Modality", "")) for ds in of} - {""}) or ["OT"]
    counts = [str(len({str(ds.SeriesInstanceUID) for ds in of})),
              str(len({str(ds.SOPInstanceUID) for ds in of}))]
    if (texts(row, "00080061") != modalities
            or texts(row, "00201206") + texts(row, "00201208") != counts):
        say(False, "counts and modalities of study %s" % uid,
            (row, modalities, counts))
        break
else:
    say(True, "counts and modalities of %d studies" % len(rows["studies"]))

# --- what keys find ---


def fold(s):
    s = unicodedata.normalize("NFD", s.replace("ß", "ss"))
    s = "".join(c for c in s if not unicodedata.combining(c)).lower()
    return "=".join("^".join(c.strip() for c in g.split("^")).rstrip("^")
                    for g in s.split("=")).rstrip("=")


def wild(pattern, value):
    return re.fullmatch("".join(".*" if c == "*" else "." if c == "?"
                                else re.escape(c) for c in pattern),
                        value, re.S) is not None


def matches(keyword, key, values):
    if keyword.endswith("Name") and keyword not in ("InstitutionName",
                                                    "ProtocolName",
                                                    "StationName"):
        name = fold(values[0]) if values else ""
        return any(wild(fold(key), g) for g in [name] + name.split("=")[1:]
                   + name.split("=")[:1] if g)
    if keyword.endswith("Date") and values:
        low, dash, high = key.partition("-")
        v = values[0]
        return v == key if not dash else ((not low or v >= low)
                                          and (not high or v <= high))
    if keyword in ("SeriesNumber", "InstanceNumber", "Rows", "Columns",
                   "NumberOfFrames", "BitsAllocated", "AcquisitionNumber"):
        return bool(values) and float(values[0]) == float(key)
    return any(wild(key, v) for v in values)


def check(level, keyword, tag, key):
    own = LEVELS[level][0]
    want = {uid for uid, row in rows[level].items()
            if matches(keyword, key, texts(row, tag))}
    got = [texts(r, own)[0] for r in get_all(level, **{keyword: key})]
    say(set(got) == want and len(got) == len(want),
        "%s?%s=%s finds %d" % (level, keyword, key, len(want)),
        set(got) ^ want)


def is_key(keyword, v):
    """what may be asked for: archives hold values that are none"""
    if keyword.endswith("Date"):
        return re.fullmatch(r"[12]\d{3}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", v)
    return (v and not set(v) & set("*?\\=\ufffd")
            and (len(v) <= 64 or not keyword.endswith("UID")))


for level, (_, attributes) in LEVELS.items():
    for keyword, tag in attributes.items():
        if keyword in ("StudyTime", "AcquisitionDateTime"):
            continue
        values = sorted({v for row in rows[level].values()
                         for v in texts(row, tag)
                         if is_key(keyword, v)})
        for v in values[:2] + values[len(values) // 2:][:2]:
            check(level, keyword, tag, v)
        for v in values[len(values) // 3:][:1]:
            if keyword.endswith("Date"):
                check(level, keyword, tag, v + "-")
                check(level, keyword, tag, "-" + v)
                check(level, keyword, tag, v + "-" + values[-1])
            elif not re.fullmatch(r"[\d.]+", v) and len(v) > 2:
                check(level, keyword, tag, v[:2] + "*")
                # carets alone are no name: all of them match
                if v[-2:].strip("^"):
                    check(level, keyword, tag, "*" + v[-2:])
                check(level, keyword, tag, "?" + v[1:])
                check(level, keyword, tag, "*" + v[1:3] + "*")
