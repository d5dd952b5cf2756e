/* Pages behind refusals, as proxies write them, and what a reader would see. */
#include "support/rows.h"
#include "support/wall.h"

#include <ptunnel/page.h>

#include <string.h>

static const struct {
    const char *name, *page, *words;
} pages[] = {
    { "Apache 2.4.71",
      "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>502 Proxy Error</title>\n"
      "</head><body>\n<h1>Proxy Error</h1>\n<p>The proxy server could not handle the request<p>Reason: "
      "<strong>DNS lookup failure for: nosuch.test</strong></p></p>\n</body></html>\n",
      "The proxy server could not handle the request Reason: DNS lookup failure for: nosuch.test" },
    { "WEBrick 1.8.1",
      "<HTML>\n  <HEAD><TITLE>Internal Server Error</TITLE></HEAD>\n  <BODY>\n    <H1>Internal Server "
      "Error</H1>\n    Connection refused - connect(2) for &quot;10.99.116.19&quot; port 443\n    <HR>\n",
      "Connection refused - connect(2) for \"10.99.116.19\" port 443" },
    { "mitmproxy 8.1.1",
      "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><p>Cannot connect to "
      "nosuch.test:443: [Errno -2] Name or service not known</p></body></html>",
      "Cannot connect to nosuch.test:443: [Errno -2] Name or service not known" },
    { "plain text", "CONNECT failed: Name or service not known\n", "CONNECT failed: Name or service not known" },
    { "nothing", "", "" },
    { "only headings", "<html><title>x</title><h1>y</h1></html>", "" },
    { "a comment", "a<!-- <p>b</p> -->c", "a c" },
    { "style and script", "<style>b { }</style>a<script>x()</script>", "a" },
    { "a tag that begins like another", "<header>a</header><h12>b</h12>", "a b" },
    { "a tag that does not end", "a <p", "a" },
    { "a style that does not end", "a <style>b", "a" },
    { "references", "&lt;a&gt; &amp; &#39;b&apos;&nbsp;c &unknown; &", "<a> & 'b' c &unknown; &" },
    { "blanks", "\r\n\t a \r\n b\v", "a b" },
    { "bytes for a terminal", "a\033[2Jb", "a\\x1b[2Jb" },
};

static void what_a_reader_sees(void **state)
{
    const typeof(*pages) *row = *state;
    char buffer[1024];
    struct text out = text_in(buffer, sizeof buffer);

    page_words(&out, against_wall(0, row->page, strlen(row->page)), strlen(row->page));
    assert_string_equal(buffer, row->words);
}

static void a_long_one_is_cut(void **state)
{
    char page[PAGE_SIZE], buffer[1024], wanted[PAGE_WORDS_MOST + 4];
    struct text out = text_in(buffer, sizeof buffer);

    (void)state;
    memset(page, 'x', sizeof page);
    memset(wanted, 'x', PAGE_WORDS_MOST);
    strcpy(wanted + PAGE_WORDS_MOST, "...");
    page_words(&out, page, sizeof page);
    assert_string_equal(buffer, wanted);
    out = text_in(buffer, sizeof buffer);
    page_words(&out, page, PAGE_WORDS_MOST);
    assert_int_equal(strlen(buffer), PAGE_WORDS_MOST);
}

static void the_first_chunk_of_a_body(void **state)
{
    static const struct {
        const char *body, *words;
    } bodies[] = {
        { "5\r\nhello\r\n0\r\n\r\n", "hello" }, /* HTTP::Proxy */
        { "5\r\nhel", "hel" },
        { "5", "" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        size_t size = strlen(bodies[i].body);
        char buffer[1024];
        struct text out = text_in(buffer, sizeof buffer);

        page_words_of_body(&out, against_wall(0, bodies[i].body, size), size, true);
        assert_string_equal(buffer, bodies[i].words);
    }
}

int main(void)
{
    ROWS(pages, what_a_reader_sees);
    STORY(a_long_one_is_cut);
    STORY(the_first_chunk_of_a_body);
    return rows_run("page");
}
