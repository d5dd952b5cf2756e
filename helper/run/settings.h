/* Settings files of other programs: "key = value", "key value", "Key \"value\";", below "[section]" lines. They are
 * read for one thing, a proxy's address, and nothing in them is ever carried out. */
#ifndef PTUNNEL_SETTINGS_H
#define PTUNNEL_SETTINGS_H

/* One setting. Section and key may be empty; the value has lost its quotes, and may be changed. */
typedef void settings_take(void *data, const char *section, const char *key, char *value);

/* Takes the text apart, and calls for each setting. What parts settings, besides the end of a line, is in
 * `ends` (";{}" for apt). Lines that begin with #, ; or // are comments. */
void settings_parse(char *text, const char *ends, settings_take *take, void *data);

/* The text of a regular file of at most 1 MiB, which this user or root owns; NULL if there is none.
 * settings_free() wipes it, since there may be passwords in it. */
char *settings_read(const char *path);
void settings_free(char *text);

/* The first of these words, which blanks part, that is the key, whatever its case ("*word": the key ends in
 * it); NULL: none. */
const char *settings_key(const char *words, const char *key);

#endif
