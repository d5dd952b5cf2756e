#include "loader.h"

#include <string.h>

/* Those of both; any other prints something. glibc knows no '='. See ld.so(8) and musl's ldso/dynlink.c. */
static const struct {
    const char *name;
    bool takes_word;
} options[] = {
    { "--library-path", true },
    { "--preload", true },
    { "--argv0", true },
    { "--audit", true },
    { "--inhibit-rpath", true },
    { "--glibc-hwcaps-prepend", true },
    { "--glibc-hwcaps-mask", true },
    { "--inhibit-cache", false },
};

/* How many words an option takes; 0: nothing is loaded. */
static size_t words_of(const char *word)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        size_t size = strlen(options[i].name);

        if (strncmp(word, options[i].name, size) == 0 &&
            (!word[size] || (options[i].takes_word && word[size] == '=')))
            return !word[size] && options[i].takes_word ? 2 : 1;
    }
    return 0;
}

/* musl's takes it instead of LD_PRELOAD, glibc's besides. */
static bool replaces_preload(const struct reach_walk *walk, const char *word)
{
    return strstr(walk->out->file, "/ld-musl-") && strncmp(word, "--preload", 9) == 0;
}

enum reach_env reach_through_loader(struct reach_walk *walk)
{
    reach_drop_words(walk, 1); /* its own name */
    while (walk->count > 0 && strncmp(walk->words[0], "--", 2) == 0) {
        size_t words = walk->words[0][2] ? words_of(walk->words[0]) : 1;

        if (words == 0 || words > walk->count)
            return walk->more ? ENV_UNCLEAR : ENV_PRINTS;
        if (replaces_preload(walk, walk->words[0]))
            return ENV_UNCLEAR;
        if (!walk->words[0][2]) {
            reach_drop_words(walk, 1);
            break;
        }
        reach_drop_words(walk, words);
    }
    if (walk->count == 0)
        return walk->more ? ENV_UNCLEAR : ENV_PRINTS;
    if (!strchr(walk->words[0], '/')) /* it is searched for as a library is */
        return ENV_UNCLEAR;
    walk->file = walk->words[0];
    walk->search = false;
    walk->by_loader = true;
    return ENV_RUNS;
}
