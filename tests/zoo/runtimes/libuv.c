#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
static uv_tcp_t s;
static uv_timer_t timer;
static char said[6];
static void end(const char *words)
{
    puts(words);
    uv_stop(uv_default_loop());
}
static void give(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    (void)handle;
    (void)size;
    *buffer = uv_buf_init(said, 5);
}
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    (void)stream;
    (void)buffer;
    end(count < 0 ? uv_strerror((int)count) : said);
}
static void on_connect(uv_connect_t *request, int status)
{
    if (status < 0)
        end(uv_strerror(status));
    else
        uv_read_start(request->handle, give, on_read);
}
static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    static uv_connect_t connecting;
    (void)request;
    if (status < 0)
        end(uv_strerror(status));
    else
        uv_tcp_connect(&connecting, &s, found->ai_addr, on_connect);
}
static void on_timer(uv_timer_t *unused)
{
    (void)unused;
    end("timed out");
}
int main(int count, char **words)
{
    static uv_getaddrinfo_t request;
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    (void)count;
    uv_tcp_init(uv_default_loop(), &s);
    uv_timer_init(uv_default_loop(), &timer);
    uv_timer_start(&timer, on_timer, strtoul(words[3], NULL, 10) * 1000, 0);
    uv_getaddrinfo(uv_default_loop(), &request, on_found, words[1], words[2], &hints);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT) < 0;
}
