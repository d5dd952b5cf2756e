/* A scripted HTTP CONNECT proxy, for the tests and the demo. It shares no code with the product, so that one
 * mistake is not made on both sides. script.c says what a script can ask for. */
#include "server.h"

#include <signal.h>
#include <sys/resource.h>

static void allow_many_descriptors(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    struct options options;
    struct server server;

    options_parse(&options, argc, argv);
    allow_many_descriptors();
    signal(SIGPIPE, SIG_IGN); /* the reader of our standard output may leave before we do */
    server_start(&server, &options);
    server_run(&server);
    server_stop(&server);
    script_free(&options.script);
    return 0;
}
