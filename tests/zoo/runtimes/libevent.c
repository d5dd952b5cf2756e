#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static struct event_base *loop;
static void on_read(struct bufferevent *s, void *unused)
{
    char said[6] = "";
    (void)unused;
    bufferevent_read(s, said, 5);
    puts(said);
    event_base_loopbreak(loop);
}
static void on_event(struct bufferevent *s, short what, void *unused)
{
    (void)s;
    (void)unused;
    if (what & BEV_EVENT_CONNECTED)
        return;
    puts(what & BEV_EVENT_TIMEOUT ? "timed out" : strerror(EVUTIL_SOCKET_ERROR()));
    event_base_loopbreak(loop);
}
int main(int count, char **words)
{
    struct timeval patience = { atoi(words[3]), 0 };
    struct bufferevent *s;
    (void)count;
    loop = event_base_new();
    s = bufferevent_socket_new(loop, -1, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(s, on_read, NULL, on_event, NULL);
    bufferevent_set_timeouts(s, &patience, &patience);
    bufferevent_enable(s, EV_READ | EV_WRITE);
    bufferevent_socket_connect_hostname(s, NULL, AF_INET, words[1], atoi(words[2]));
    event_base_dispatch(loop);
    return 0;
}
