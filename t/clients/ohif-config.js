// SPDX-License-Identifier: BSD-2-Clause
//
// OHIF's configuration for t/61-clients.t.

window.config = {
    routerBasename: null,
    extensions: [],
    modes: [],
    showStudyList: true,
    investigationalUseDialog: { option: 'never' },
    maxNumberOfWebWorkers: 2,
    showCPUFallbackMessage: false,
    defaultDataSourceName: 'pacs',
    dataSources: [{
        namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
        sourceName: 'pacs',
        configuration: {
            friendlyName: 'ngx_pacs',
            name: 'pacs',
            qidoRoot: '/dicom-web',
            wadoRoot: '/dicom-web',
            wadoUriRoot: '/dicom-web',
            qidoSupportsIncludeField: true,
            supportsFuzzyMatching: true,
            supportsWildcard: true,
            imageRendering: 'wadors',
            thumbnailRendering: 'wadors',
            enableStudyLazyLoad: true,
            supportsStow: true,
            bulkDataURI: { enabled: true },
        },
    }],
};
