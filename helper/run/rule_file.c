#include "finder.h"
#include "rule_file.h"

#include "../common/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool rule_file_path(const char *given, char *out)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = finder_home();
    int size = -1;

    if (given && given[0])
        size = snprintf(out, PATH_MAX, "%s", given);
    else if (config && config[0] == '/')
        size = snprintf(out, PATH_MAX, "%s/ptunnel/rules", config);
    else if (home)
        size = snprintf(out, PATH_MAX, "%s/.config/ptunnel/rules", home);
    if (size < 0 || size >= PATH_MAX)
        usage_complain("--setup: no place for a rule file is known: set HOME, or give -r FILE");
    return size >= 0 && size < PATH_MAX;
}

bool rule_file_old_path(const char *path, char *out)
{
    for (int number = 1; number < 1000; number++) {
        int size = number == 1 ? snprintf(out, PATH_MAX, "%s.old", path)
                               : snprintf(out, PATH_MAX, "%s.old.%d", path, number);

        if (size >= PATH_MAX)
            return false;
        if (access(out, F_OK) < 0 && errno == ENOENT)
            return true;
    }
    return false;
}
