#include "serve.h"
#include "listener.h"
#include "signals.h"
#include "../common/usage.h"

#include <ptunnel/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct service {
    struct loop loop;
    struct listeners listeners;
    struct signals signals;
    struct specification *specifications; /* one for each operand */
};

static _Noreturn void fail(struct service *service, const char *operand, const char *words)
{
    usage_complain("%s%s%s%s", *operand ? "'" : "", operand, *operand ? "': " : "", words);
    listeners_end(&service->listeners); /* what it made in the file system goes again */
    exit(EXIT_OTHER);
}

/* Once: it is meant to be read. */
static void warn_lending(const struct bound *bound, const struct route *route)
{
    static bool said;

    if (!bound->beyond || route->count == 0 || said)
        return;
    said = true;
    log_print(LOG_FAILURE, "listening on %s: whoever can connect there uses your proxy%s", bound->where,
              route->candidates[0].proxy.has_credentials || route->candidates[0].proxy.account
                  ? ", with your password"
                  : "");
}

static void announce(const struct bound *bound, const char *operand)
{
    if (bound->any_port)
        printf("listening %s for %s\n", bound->where, operand);
    log_print(LOG_CONNECTION, "listening on %s for %s", bound->where, operand);
}

static void listen_on(struct service *service, const struct specification *where,
                      const struct endpoint *target, struct route *route, const char *operand)
{
    struct bound bound[BOUND_MOST];
    char words[LOG_LINE_SIZE];
    struct text wrong = text_in(words, sizeof words);
    int count = bound_open(bound, where, &wrong), result = 0;

    if (count < 0)
        fail(service, operand, words);
    for (int i = 0; i < count && result == 0; i++) {
        result = listeners_add(&service->listeners, &bound[i], target, route);
        if (result == 0) {
            announce(&bound[i], operand);
            warn_lending(&bound[i], route);
        }
    }
    if (result < 0)
        fail(service, operand, strerror(-result));
}

/* An operand without an address listens on each of -l. */
static void add_operand(struct service *service, const struct options *options, const struct setup *setup,
                        struct specification *specification, const char *operand)
{
    struct route *route = setup_route_or_exit(setup, &specification->target, operand);
    struct specification where = *specification;
    size_t i = 0;

    do {
        const char *address = i < options->listen_count ? options->listen[i] : "127.0.0.1";

        if (specification->kind == LISTEN_DEFAULT)
            specification_set_address(&where, address, strlen(address));
        listen_on(service, &where, &specification->target, route, operand);
    } while (specification->kind == LISTEN_DEFAULT && ++i < options->listen_count);
}

static void add_operands(struct service *service, const struct options *options, const struct setup *setup)
{
    size_t count = 0;

    while (options->operands[count])
        count++;
    service->specifications = calloc(count, sizeof *service->specifications);
    if (!service->specifications)
        fail(service, "", strerror(ENOMEM));
    for (size_t i = 0; i < count; i++) {
        /* It is right: options_or_exit() has parsed it before. */
        specification_parse(&service->specifications[i], options->operands[i]);
        add_operand(service, options, setup, &service->specifications[i], options->operands[i]);
    }
}

int serve_or_exit(const struct options *options, const struct setup *setup)
{
    struct service service;
    int result = loop_open(&service.loop);

    if (result == 0) {
        listeners_start(&service.listeners, &service.loop, &setup->limits);
        service.listeners.relays.half_close = options->half_close;
        result = signals_start(&service.signals, &service.listeners, options->grace);
    }
    if (result < 0) {
        usage_complain("%s", strerror(-result));
        exit(EXIT_OTHER);
    }
    add_operands(&service, options, setup);
    fflush(stdout);
    result = loop_run(&service.loop);
    if (result < 0)
        fail(&service, "", strerror(-result));
    listeners_end(&service.listeners);
    signals_end(&service.signals);
    loop_close(&service.loop);
    free(service.specifications);
    return 0;
}
