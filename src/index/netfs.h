/* SPDX-License-Identifier: BSD-2-Clause */

#ifndef PACS_INDEX_NETFS_H
#define PACS_INDEX_NETFS_H

/* name of the network file system that a folder lies on, or NULL */
const char *pacs_netfs_name(const char *path, char name[64]);

#endif
