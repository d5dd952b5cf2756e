/* The words of LD_PRELOAD, for one program: the library for its class and machine, by an absolute path, and in front of it
 * AddressSanitizer's runtime where the program needs that, for it ends programs in which it is not the first library. See
 * ld.so(8): words are parted by blanks and colons, and one without a slash is searched for. */
#ifndef PTUNNEL_PRELOAD_H
#define PTUNNEL_PRELOAD_H

#include <ptunnel/reach.h>
#include <ptunnel/text.h>

/* Whether a word names AddressSanitizer's runtime, of gcc or clang. */
bool preload_is_runtime(const char *word, size_t size);

/* Whether a word of the list has the file name of the library, which is a path. */
bool preload_names(const char *list, const char *library);

/* What preload_write() adds to a list at most, with a NUL. */
enum { PRELOAD_MORE = REACH_RUNTIME + PATH_MAX + 4 };

/* Writes the list for the program that `look` has found, whose library and runtime it names; look->text is used as room. Where
 * a word is the library (the same file, however it is spelt) the order stays as it was. Taken out are words with its file name
 * that the program's loader would not load, and complain of: not there any more, of another class, or without a folder; and a
 * runtime that was put in front for another program. */
void preload_write(struct text *out, const char *list, struct reach_look *look, const struct net *net);

#endif
