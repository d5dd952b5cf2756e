#include <ptunnel/page.h>

#include <string.h>

/* At a byte of the page; what is shown of it is in .words, a byte more than is shown, so that a cut is seen. */
struct page {
    const char *at, *end;
    char words[PAGE_WORDS_MOST + 1];
    size_t size;
    bool blank; /* one is due before the next word */
};

static bool begins(const struct page *page, const char *what)
{
    return (size_t)(page->end - page->at) >= strlen(what) && text_begins(page->at, what);
}

/* Behind the next `what`, or at the end. */
static void pass(struct page *page, const char *what)
{
    while (page->at < page->end && !begins(page, what))
        page->at++;
    page->at += page->at < page->end ? strlen(what) : 0;
}

static bool is_letter_or_digit(char c)
{
    return (text_lower(c) >= 'a' && text_lower(c) <= 'z') || (c >= '0' && c <= '9');
}

/* With its content, if that is no text or says the status line again. */
static void pass_tag(struct page *page)
{
    static const char *const hidden[][2] = { { "<!--", "-->" },         { "<head", "</head" },
                                             { "<title", "</title" },   { "<style", "</style" },
                                             { "<script", "</script" }, { "<h1", "</h1" } };

    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        const char *behind = page->at + strlen(hidden[i][0]);

        if (begins(page, hidden[i][0]) && (i == 0 || behind == page->end || !is_letter_or_digit(*behind))) {
            pass(page, hidden[i][1]);
            if (i == 0)
                return;
            break;
        }
    }
    pass(page, ">");
}

/* The character references that such pages have. */
static char take_character(struct page *page)
{
    static const struct {
        const char *reference;
        char character;
    } known[] = {
        { "&quot;", '"' }, { "&amp;", '&' },   { "&lt;", '<' },   { "&gt;", '>' },
        { "&#39;", '\'' }, { "&apos;", '\'' }, { "&nbsp;", ' ' },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (begins(page, known[i].reference)) {
            page->at += strlen(known[i].reference);
            return known[i].character;
        }
    return *page->at++;
}

static void add(struct page *page, char character)
{
    bool blank = character == ' ' || (character >= '\t' && character <= '\r');

    if (!blank && page->blank && page->size > 0 && page->size < sizeof page->words)
        page->words[page->size++] = ' ';
    page->blank = blank;
    if (!blank && page->size < sizeof page->words)
        page->words[page->size++] = character;
}

void page_words(struct text *out, const char *bytes, size_t size)
{
    struct page page = { .at = bytes, .end = bytes + size };

    while (page.at < page.end && page.size < sizeof page.words) {
        if (*page.at != '<') {
            add(&page, take_character(&page));
        } else {
            pass_tag(&page);
            page.blank = true;
        }
    }
    text_add_foreign(out, page.words, page.size, PAGE_WORDS_MOST);
}

void page_words_of_body(struct text *out, const char *bytes, size_t size, bool chunked)
{
    const char *line = chunked ? memchr(bytes, '\n', size) : NULL, *end;

    if (chunked && !line)
        return;
    if (line) {
        size -= (size_t)(line + 1 - bytes);
        bytes = line + 1;
        end = memmem(bytes, size, "\r\n0\r\n", 5);
        size = end ? (size_t)(end - bytes) : size;
    }
    page_words(out, bytes, size < PAGE_SIZE ? size : PAGE_SIZE);
}
