/* ptunnel-agent: knows what proxies want to be told of a user, so that no program has to: Kerberos and NTLM by
 * GSS-API, Digest, and the passwords for them. One small process a user, on a socket of that user's alone. */
#include "agent/crew.h"
#include "agent/exchanges.h"
#include "agent/server.h"
#include "agent/users.h"
#include "common/libc_net.h"
#include "common/usage.h"

#include <ptunnel/config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { EXIT_OURS = 125, LISTENER = 3 /* sd_listen_fds(3) */, MINUTE = 60000, QUIET_MINUTES = 10 };
enum { WORDS_SIZE = 16 * 1024 };

static const char head[] =
    "Usage: ptunnel-agent\n"
    "Answers proxies for the programs of this user. ptunnel-run and ptunnel start it, or "
    "systemd\n(ptunnel-agent.socket).\n\n";
static const struct choice choices[] = {
    { 'h', "help", NULL, "print this" },
    { 'V', "version", NULL, "print the version" },
};

static struct loop loop;
static struct timer minute;
static struct sockaddr_un address;

/* Nobody may read the memory of this process, nor the core that it would leave. */
static void hide(void)
{
    static const struct rlimit none;

    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &none);
}

static void options_or_exit(int argc, char **argv)
{
    int id;

    usage_start(OPERANDS_ANYWHERE);
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        usage_add(&choices[i]);
    while ((id = usage_next(argc, argv)) != -1) {
        if (id == '?')
            exit(EXIT_OURS);
        if (id == 'h')
            usage_print(head, "");
        else
            printf("%s " PTUNNEL_VERSION "\n", program_invocation_short_name);
        exit(fflush(stdout) == 0 ? 0 : EXIT_OURS);
    }
}

/* As sd_listen_fds(3) has it: whoever starts the agent listens for it, so that nobody is too early. */
static void listener_or_exit(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    socklen_t size = sizeof address, type_size = sizeof(int);
    int type = 0;

    if (!pid || atoi(pid) != getpid() || !count || strcmp(count, "1") != 0 ||
        getsockopt(LISTENER, SOL_SOCKET, SO_TYPE, &type, &type_size) < 0 || type != SOCK_SEQPACKET ||
        getsockname(LISTENER, (struct sockaddr *)&address, &size) < 0 || address.sun_family != AF_UNIX) {
        usage_complain("ptunnel-run and ptunnel start it, or systemd: systemctl --user enable --now "
                       "ptunnel-agent.socket");
        exit(EXIT_OURS);
    }
    fcntl(LISTENER, F_SETFD, FD_CLOEXEC);
    fcntl(LISTENER, F_SETFL, O_NONBLOCK);
}

static const char *variable(const char *name)
{
    return getenv(name);
}

/* What the user's own rule file says: programs that no ptunnel-run has started know of no more. */
static void know_rule_file(void)
{
    static char words[WORDS_SIZE];
    static const struct config_options none;
    struct text wrong = text_in(words, sizeof words);
    const struct config_route *route;
    const struct config *config;

    if (config_load(&config, &none, variable, &libc_net, &wrong) != 0)
        return;
    for (size_t i = 0; (route = config_route(config, i)); i++)
        for (size_t k = 0; k < route->route.count; k++) {
            const struct account *account = route->route.candidates[k].proxy.account;
            const char *ccache = getenv("KRB5CCNAME");

            if (account)
                known_tell(account->words, account->password ? account->password : "", ccache ? ccache : "");
        }
}

static void stop(int signal_number)
{
    (void)signal_number;
    loop.stopped = true;
}

/* Nobody asked for long, and nobody is there who might. */
static void each_minute(struct timer *timer)
{
    int64_t quiet = deadline_now() - server_asked_at();

    exchanges_expire();
    known_drop_old_tokens();
    crew_rest();
    if (quiet > (int64_t)QUIET_MINUTES * MINUTE * 1000000 && server_users() == 0 &&
        !users_have(address.sun_path))
        loop.stopped = true;
    loop_set_timer(timer, deadline_in(MINUTE));
}

/* systemd goes on listening on its sockets; one that was made for this process goes with it. */
static bool owns_socket(void)
{
    const char *names = getenv("LISTEN_FDNAMES");

    return names && strcmp(names, "ptunnel") == 0;
}

int main(int argc, char **argv)
{
    struct sigaction action = { .sa_handler = stop };
    int result;

    hide();
    options_or_exit(argc, argv);
    listener_or_exit();
    loop_allow_descriptors();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    result = loop_open(&loop);
    if (result == 0)
        result = server_start(&loop, LISTENER);
    if (result == 0) {
        know_rule_file();
        loop_add_timer(&loop, &minute, each_minute);
        loop_set_timer(&minute, deadline_in(MINUTE));
        result = loop_run(&loop);
    }
    if (owns_socket())
        unlink(address.sun_path);
    crew_end();
    known_forget_all();
    if (result < 0)
        usage_complain("%s", strerror(-result));
    return result < 0 ? EXIT_OURS : 0;
}
