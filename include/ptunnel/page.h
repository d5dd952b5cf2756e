/* The page behind a refusal, for people: what a reader would see of it. */
#ifndef PTUNNEL_PAGE_H
#define PTUNNEL_PAGE_H

#include <ptunnel/text.h>

#include <stdbool.h>

enum {
    PAGE_SIZE = 4096,      /* bytes of a page that are worth reading */
    PAGE_WORDS_MOST = 200, /* bytes of it that are worth showing */
};

/* Adds the text of a page, HTML or plain: without tags, without what only repeats the status line (title, h1),
 * blanks and line ends as one blank, bytes outside 0x20..0x7e as \xHH, cut at PAGE_WORDS_MOST. Adds nothing if
 * there is none. */
void page_words(struct text *out, const char *bytes, size_t size);

/* The same of a reply's body: of one in chunks (RFC 9112 7.1) the first chunk, which holds what such pages say. */
void page_words_of_body(struct text *out, const char *bytes, size_t size, bool chunked);

#endif
