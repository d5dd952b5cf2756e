/* ptunnel: listens, and tunnels who connects through an HTTP proxy; or is the pipe of ssh's ProxyCommand. For
 * programs that ptunnel-run cannot serve: static and setuid ones, those in a container or on another host. */
#include "listener/options.h"
#include "listener/serve.h"
#include "listener/setup.h"
#include "listener/pipe.h"

#include <signal.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct options options = options_or_exit(argc, argv);
    struct setup setup = setup_or_exit(&options);
    int status;

    signal(SIGPIPE, SIG_IGN); /* who does not read any more is an error like others */
    if (options.stdio)
        status = pipe_or_exit(&options, &setup);
    else
        status = serve_or_exit(&options, &setup);
    options_free(&options);
    return status;
}
