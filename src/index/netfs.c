/* SPDX-License-Identifier: BSD-2-Clause */

/* SQLite's WAL needs shared memory and locks that network file systems lack */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "index/netfs.h"

static const struct { unsigned long magic; const char *name; } by_magic[] = {
    { 0x00006969, "nfs" },     { 0x0000517b, "smb" },
    { 0xff534d42, "cifs" },    { 0xfe534d42, "smb2" },
    { 0x00c36400, "ceph" },    { 0x01021997, "9p" },
    { 0x5346414f, "afs" },     { 0x6b414653, "afs" },
    { 0x0000564c, "ncp" },     { 0x73757245, "coda" },
    { 0x7461636f, "ocfs2" },   { 0x01161970, "gfs2" },
    { 0x0bd00bd0, "lustre" },  { 0x47504653, "gpfs" },
    { 0x19830326, "beegfs" },  { 0x20030528, "orangefs" }
};

enum { FUSE = 0x65735546 };

/* a FUSE file system may be local (ntfs-3g, bindfs …) */
static const char *const  by_fuse[] = {
    "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone",
    "fuse.juicefs", "fuse.goofys", "fuse.gcsfuse", "fuse.davfs",
    "fuse.moosefs", "fuse.mfs", "fuse.lizardfs", "fuse.seaweedfs",
    "fuse.weed", "fuse.hdfs", "fuse.curlftpfs", "fuse.smbnetfs",
    "fuse.blobfuse", "fuse.mount-s3", "fuse.nfs"
};


/* type of the mount with this device: /proc/self/mountinfo, third field and
 * the first behind " - " */
static const char *
mount_type(dev_t dev, char name[64])
{
    FILE        *f = fopen("/proc/self/mountinfo", "re");
    char         line[4096];
    const char  *found = NULL;

    while (f != NULL && found == NULL && fgets(line, sizeof(line), f)) {
        unsigned     maj, min;
        const char  *type = strstr(line, " - ");

        if (type != NULL
            && sscanf(line, "%*d %*d %u:%u", &maj, &min) == 2
            && makedev(maj, min) == dev
            && sscanf(type, " - %63s", name) == 1)
        {
            found = name;
        }
    }

    if (f != NULL) {
        fclose(f);
    }
    return found;
}


static const char *
fuse_name(const char *path, char name[64])
{
    struct stat  st;

    if (stat(path, &st) != 0 || mount_type(st.st_dev, name) == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < sizeof(by_fuse) / sizeof(by_fuse[0]); i++) {
        if (strncmp(name, by_fuse[i], strlen(by_fuse[i])) == 0) {
            return name;
        }
    }
    return NULL;
}


const char *
pacs_netfs_name(const char *path, char name[64])
{
    struct statfs  st;

    if (statfs(path, &st) != 0) {
        return NULL;
    }

    unsigned long  type = (unsigned long) st.f_type & 0xffffffff;

    for (unsigned i = 0; i < sizeof(by_magic) / sizeof(by_magic[0]); i++) {
        if (type == by_magic[i].magic) {
            return by_magic[i].name;
        }
    }
    return type == FUSE ? fuse_name(path, name) : NULL;
}
