/* Reads the words of env(1) as GNU env does: options, assignments, and the string of -S. Other env programs
 * have a part of its options. */
#include "env.h"

#include <string.h>

enum takes { TAKES_NOTHING, TAKES_WORD, TAKES_GLUED /* a value only as --name=value */ };

static const struct env_option {
    char letter;
    const char *name;
    enum takes takes;
} options[] = {
    { 'i', "ignore-environment", TAKES_NOTHING },
    { '0', "null", TAKES_NOTHING },
    { 'v', "debug", TAKES_NOTHING },
    { 'u', "unset", TAKES_WORD },
    { 'C', "chdir", TAKES_WORD },
    { 'S', "split-string", TAKES_WORD },
    { 'a', "argv0", TAKES_WORD },
    { 0, "block-signal", TAKES_GLUED },
    { 0, "default-signal", TAKES_GLUED },
    { 0, "ignore-signal", TAKES_GLUED },
    { 0, "list-signal-handling", TAKES_NOTHING },
};

/* The state of reading the string of -S. */
struct split {
    const char *at;
    char quote; /* '\'', '"' or 0 */
    bool in_word, ended;
    struct text *out;
};

static void split_byte(struct split *split, char byte)
{
    text_add_bytes(split->out, &byte, 1);
    split->in_word = true;
}

/* The byte behind a backslash. False: env would complain, and run nothing. */
static bool split_escape(struct split *split)
{
    static const char from[] = "fnrtv\"'#$\\", to[] = "\f\n\r\t\v\"'#$\\";
    char byte = *split->at;
    const char *known = byte ? strchr(from, byte) : NULL;

    split->at += byte != '\0';
    if (split->quote == '\'' && byte != '\\' && byte != '\'') {
        split_byte(split, '\\');
        if (byte)
            split_byte(split, byte);
        return byte != '\0';
    }
    if (byte == '_' && !split->quote)
        split->ended = split->in_word;
    else if (byte == '_')
        split_byte(split, ' ');
    else if (byte == 'c' && !split->quote)
        split->at += strlen(split->at);
    else if (known)
        split_byte(split, to[known - from]);
    return known || byte == '_' || (byte == 'c' && !split->quote);
}

/* Puts the next word into split->out. False at the end; *clear becomes false if env would complain, or the
 * word has a $VARIABLE: whose environment counts is not known here. */
static bool split_word(struct split *split, bool *clear)
{
    split->in_word = split->ended = false;
    while (*split->at && !split->ended) {
        char byte = *split->at++;

        if (byte == '\\')
            *clear &= split_escape(split);
        else if (byte == '$' && split->quote != '\'')
            *clear = false; /* $VARIABLE */
        else if (split->quote ? byte == split->quote : byte == '"' || byte == '\'')
            split->quote = split->quote ? '\0' : byte;
        else if (split->quote || !strchr(" \t\n\v\f\r", byte)) {
            if (byte == '#' && !split->quote && !split->in_word)
                split->at += strlen(split->at);
            else
                split_byte(split, byte);
        } else
            split->ended = split->in_word;
        split->in_word |= split->quote != '\0'; /* "" is a word */
    }
    *clear &= *split->at != '\0' || !split->quote;
    return split->in_word && *clear;
}

/* The first words, `drop` of them, were -S and its string: in their place stands what the string says, behind
 * env's name. */
static bool split_string(struct reach_walk *walk, size_t drop, const char *string)
{
    const char *words[REACH_WORDS];
    struct split split = { .at = string, .out = &walk->text };
    size_t count = 0;
    bool clear = true;

    while (count < REACH_WORDS) {
        const char *start = walk->text.at;

        if (!split_word(&split, &clear))
            break;
        words[count++] = start;
        if (!reach_keep(walk, "", 0))
            return false;
    }
    return clear && count < REACH_WORDS && reach_replace_words(walk, drop, words, count);
}

static const struct env_option *find_option(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strncmp(options[i].name, name, size) == 0)
            return &options[i];
    return NULL;
}

static const struct env_option *find_letter(char letter)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (letter && options[i].letter == letter)
            return &options[i];
    return NULL;
}

/* Does what an option does, and takes it and its value away: `words` words. */
static enum reach_env take(struct reach_walk *walk, const struct env_option *option, const char *value,
                           size_t words)
{
    if (option->letter == 'S')
        return split_string(walk, words, value) ? ENV_RUNS : ENV_UNCLEAR;
    if (option->letter == 'i' || (option->letter == 'u' && strcmp(value, "PATH") == 0))
        walk->path = NULL;
    if (option->letter == 'C' && walk->directory)
        return ENV_UNCLEAR;
    if (option->letter == 'C')
        walk->directory = value;
    reach_drop_words(walk, words);
    return ENV_RUNS;
}

static const char *next_word(const struct reach_walk *walk)
{
    return walk->count > 1 ? walk->words[1] : NULL;
}

static enum reach_env long_option(struct reach_walk *walk, const char *name)
{
    size_t size = strcspn(name, "=");
    const struct env_option *option = find_option(name, size);
    const char *value = name[size] ? name + size + 1 : NULL;

    if (!option || (option->takes == TAKES_NOTHING && value))
        return ENV_PRINTS; /* --help, --version, or a complaint */
    if (option->takes != TAKES_WORD || value)
        return take(walk, option, value, 1);
    return next_word(walk) ? take(walk, option, next_word(walk), 2) : ENV_PRINTS;
}

/* A word of one-letter options: "-i", "-iu", "-uNAME", "-vS..." */
static enum reach_env letters(struct reach_walk *walk, const char *letter)
{
    for (; *letter; letter++) {
        const struct env_option *option = find_letter(*letter);

        if (!option)
            return ENV_PRINTS;
        if (option->takes == TAKES_WORD && letter[1])
            return take(walk, option, letter + 1, 1);
        if (option->takes == TAKES_WORD)
            return next_word(walk) ? take(walk, option, next_word(walk), 2) : ENV_PRINTS;
        if (option->letter == 'i')
            walk->path = NULL;
    }
    reach_drop_words(walk, 1);
    return ENV_RUNS;
}

/* "-" alone is -i, wherever the options end. */
static enum reach_env through_options(struct reach_walk *walk)
{
    enum reach_env so_far = ENV_RUNS;

    while (so_far == ENV_RUNS && walk->count > 0 && walk->words[0][0] == '-' && walk->words[0][1]) {
        const char *word = walk->words[0];

        if (strcmp(word, "--") == 0) {
            reach_drop_words(walk, 1);
            break;
        }
        so_far = word[1] == '-' ? long_option(walk, word + 2) : letters(walk, word + 1);
    }
    if (so_far == ENV_RUNS && walk->count > 0 && strcmp(walk->words[0], "-") == 0) {
        walk->path = NULL;
        reach_drop_words(walk, 1);
    }
    return so_far;
}

enum reach_env reach_through_env(struct reach_walk *walk)
{
    enum reach_env so_far;

    reach_drop_words(walk, 1); /* its own name */
    so_far = through_options(walk);
    if (so_far != ENV_RUNS)
        return so_far;
    for (; walk->count > 0 && strchr(walk->words[0], '='); reach_drop_words(walk, 1))
        if (strncmp(walk->words[0], "PATH=", 5) == 0)
            walk->path = walk->words[0] + 5;
    if (walk->count == 0)
        return walk->more ? ENV_UNCLEAR : ENV_PRINTS;
    walk->file = walk->words[0];
    walk->search = true;
    return ENV_RUNS;
}
