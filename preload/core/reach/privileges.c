/* When the loader ignores LD_PRELOAD: "secure-execution mode" of ld.so(8), which the kernel decides in
 * execve(2) as security/commoncap.c does. The bits that count are those of the last file, never those of a
 * script. */
#include "privileges.h"

#include <endian.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/* capget(2): libc exports it, no header declares it. */
extern int capget(struct __user_cap_header_struct *header, struct __user_cap_data_struct *data);

static bool bits_count(const char *path)
{
    struct statvfs mount;

    return statvfs(path, &mount) < 0 || !(mount.f_flag & ST_NOSUID);
}

/* S_ISGID without S_IXGRP was the mark of mandatory locking, and sets no group ID. */
static enum reach judge_ids(const char *path, const struct stat *file)
{
    bool to_user = file->st_mode & S_ISUID;
    bool to_group = (file->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    bool changes = (to_user && file->st_uid != geteuid()) || (to_group && file->st_gid != getegid());

    if (changes && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 && bits_count(path))
        return REACH_SETID;
    return geteuid() != getuid() || getegid() != getgid() ? REACH_CALLER : REACH_PRELOADED;
}

static bool inherits(const struct vfs_ns_cap_data *given, unsigned sets)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct own[_LINUX_CAPABILITY_U32S_3];

    if (capget(&header, own) < 0)
        return true;
    for (unsigned i = 0; i < sets; i++)
        if (own[i].inheritable & le32toh(given->data[i].inheritable))
            return true;
    return false;
}

/* Whether the program gets a capability from them, or the flag that counts as one. For root they change
 * nothing. */
static bool file_capabilities_count(const char *path)
{
    struct vfs_ns_cap_data given = { 0 };
    ssize_t size = getuid() == 0 ? 0 : getxattr(path, "security.capability", &given, sizeof given);
    unsigned sets = size >= (ssize_t)XATTR_CAPS_SZ_2 ? VFS_CAP_U32 : 1;

    if (size < (ssize_t)XATTR_CAPS_SZ_1)
        return false;
    if (le32toh(given.magic_etc) & VFS_CAP_FLAGS_EFFECTIVE)
        return bits_count(path);
    for (unsigned i = 0; i < sets; i++)
        if (given.data[i].permitted)
            return bits_count(path);
    return inherits(&given, sets) && bits_count(path);
}

enum reach reach_privileges(const char *path)
{
    struct stat file;
    enum reach reach = stat(path, &file) < 0 ? REACH_PRELOADED : judge_ids(path, &file);

    return reach == REACH_PRELOADED && file_capabilities_count(path) ? REACH_CAPABLE : reach;
}
