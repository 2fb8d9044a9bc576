// SPDX-License-Identifier: BSD-2-Clause
//
// Languages: each catalogue says all that the pages say, and nothing else.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { formatAge, formatDate } from '../../html/js/dicom/dates.js';
import { arrivedText, foundText } from '../../html/js/list/texts.js';
import { LANGUAGES, languageOf, speak, text } from '../../html/js/ui/text.js';
import { allKeys, placeholders, read } from './languages.helper.mjs';

const OTHERS = Object.keys(LANGUAGES).filter((l) => l !== 'en');

/** Forms that only numbers of millions have: those of others serve. */
const RARE = { fr: ['many'], es: ['many'] };

const catalogue = (language) => JSON.parse(read(`lang/${language}.json`));

afterEach(() => speak('en', {}));


for (const language of OTHERS) {
    test(`G25 ${language}: no key is missing, none is superfluous`, () => {
        const said = [...read(`lang/${language}.json`).matchAll(/^  (".*?[^\\]"): /gm)]
            .map((m) => JSON.parse(m[1]));
        const keys = [...allKeys().keys()];

        assert.deepEqual(keys.filter((k) => !said.includes(k)), []);
        assert.deepEqual(said.filter((k) => !keys.includes(k)), []);
        assert.deepEqual(said, [...said].sort());
    });


    test(`G25 ${language}: all forms of a number, and the same placeholders`, () => {
        const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories
            .filter((f) => !RARE[language]?.includes(f)).sort();

        for (const [key, entry] of Object.entries(catalogue(language))) {
            const isForms = typeof entry !== 'string';
            const wanted = placeholders(key);

            assert.ok(!isForms || key.includes('{n}'), key);
            assert.ok(isForms || !key.includes('|') || language === 'ar', key);

            if (isForms) {
                assert.deepEqual(Object.keys(entry).sort(), forms, key);
            }

            for (const [form, said] of isForms ? Object.entries(entry) : [['', entry]]) {
                // of one and two the word itself says how many
                const missing = ['zero', 'one', 'two'].includes(form) ? ['{n}'] : [];
                const has = placeholders(said);

                assert.notEqual(said.trim(), '', key);
                assert.deepEqual(has, wanted.filter((p) =>
                    has.includes(p) || !missing.includes(p)), `${key}: ${said}`);
            }
        }
    });
}


test('G25 the language: the one that was chosen, else the first that is known', () => {
    assert.equal(languageOf(null, ['de-CH', 'en']), 'de');
    assert.equal(languageOf(null, ['ja', 'pt-BR', 'ar-EG']), 'ar');
    assert.equal(languageOf(null, ['ja']), 'en');
    assert.equal(languageOf(null, []), 'en');
    assert.equal(languageOf('fr', ['de']), 'fr');
    assert.equal(languageOf('xx', ['de']), 'de');
});


test('G25 forms of a number', () => {
    const found = (n) => foundText({ rows: [], total: n, more: false });

    assert.equal(found(1), '1 study found');
    assert.equal(found(1234), '1,234 studies found');
    speak('de', catalogue('de'), ['de-DE']);
    assert.equal(found(1), '1 Studie gefunden');
    assert.equal(found(1234), '1.234 Studien gefunden');
    speak('fr', catalogue('fr'), ['fr']);
    assert.equal(arrivedText(0, false), '0 nouvel examen');
    speak('ar', catalogue('ar'), ['ar-EG']);
    assert.equal(found(2), 'عُثر على دراستين');
    assert.equal(found(5), 'عُثر على \u20685\u2069 دراسات');
});


test('G25 a study has one name in Arabic', () => {
    for (const [key, entry] of Object.entries(catalogue('ar'))) {
        if (/\b(study|studies)\b/i.test(key) && !/\bSTUDY\b/.test(key)) {
            for (const said of typeof entry === 'string' ? [entry] : Object.values(entry)) {
                assert.match(said, /دراس/, key);
                assert.doesNotMatch(said, /فحص|فحوص/, key);
            }
        }
    }
});


test('G25 dates and ages: no month is a number, digits and calendar are one kind', () => {
    const said = (language, locale) => {
        speak(language, {}, [locale]);
        return [formatDate('20200403'), formatAge('045Y'), formatAge('003M')]
            .map((s) => s.replaceAll('\u00a0', ' '));
    };

    assert.deepEqual(said('en', 'en-US'), ['Apr 03, 2020', '45 years', '3 months']);
    assert.deepEqual(said('en', 'en-GB'), ['03 Apr 2020', '45 years', '3 months']);
    assert.deepEqual(said('de', 'de-AT'), ['03. Apr. 2020', '45 Jahre', '3 Monate']);
    assert.deepEqual(said('fr', 'fr-CA'), ['03 avr. 2020', '45 ans', '3 mois']);
    assert.deepEqual(said('es', 'es-MX'), ['03 abr 2020', '45 años', '3 meses']);
    assert.deepEqual(said('ar', 'ar-SA'), ['03 أبريل 2020', '45 سنة', '3 أشهر']);
});


test('G25 what a catalogue lacks is said in English; values keep their direction', () => {
    speak('de', {});
    assert.equal(text('Image {n}', { n: 3 }), 'Image 3');
    assert.equal(text('{n} image|{n} images', { n: 1 }), '1 image');
    speak('ar', { 'Details of {name}': 'تفاصيل {name}' });
    assert.equal(text('Details of {name}', { name: 'A B' }), 'تفاصيل \u2068A B\u2069');
});
