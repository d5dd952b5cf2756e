/* A rule file of any bytes: it is refused with words, or it decides. Memory is malloc's and is given back
 * after each, so that the sanitizer sees the edges of every piece: linked with all of preload/core but
 * arena.c and scratch.c. */
#include <ptunnel/arena.h>
#include <ptunnel/config.h>
#include <ptunnel/scratch.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS_SIZE = 1 << 16, TURNS_MOST = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct piece {
    struct piece *next;
    max_align_t bytes[];
} * pieces;

static char rules_path[64];

void *arena_alloc(size_t size)
{
    struct piece *piece = calloc(1, sizeof *piece + size);

    if (!piece)
        return NULL;
    piece->next = pieces;
    pieces = piece;
    return piece->bytes;
}

char *arena_copy(const char *text, size_t size)
{
    char *copy = arena_alloc(size + 1);

    return copy ? memcpy(copy, text, size) : NULL;
}

static void give_back(void)
{
    while (pieces) {
        struct piece *next = pieces->next;

        free(pieces);
        pieces = next;
    }
}

void *scratch_add(struct scratch *scratch, size_t size)
{
    char *start = realloc(scratch->start, scratch->size + size + 1);

    if (!start)
        return NULL;
    scratch->start = start;
    scratch->size += size;
    return start + scratch->size - size;
}

const void *scratch_keep(struct scratch *scratch)
{
    const void *kept = arena_copy(scratch->start ? scratch->start : "", scratch->size);

    scratch_free(scratch);
    return kept;
}

void scratch_free(struct scratch *scratch)
{
    free(scratch->start);
    *scratch = (struct scratch){ 0 };
}

static const char *variable(const char *name)
{
    if (strcmp(name, "PTUNNEL_RULES") == 0)
        return rules_path;
    return strcmp(name, "https_proxy") == 0 ? "proxy.test:3128" : NULL;
}

/* What is decided for a host port by port is what is decided for the ports between. */
static void walk_ports(const struct config *config, struct endpoint target)
{
    struct decision before = config_decide(config, &target);
    uint32_t next;

    for (int turn = 0; turn < TURNS_MOST; turn++) {
        next = config_next_port(config, &target);
        if (next == PORTS_END)
            return;
        if (next <= target.port)
            abort();
        target.port = (uint16_t)(next - 1);
        if (config_decide(config, &target).rule != before.rule)
            abort();
        target.port = (uint16_t)next;
        before = config_decide(config, &target);
    }
}

static void decide(const struct config *config)
{
    static const char *const hosts[] = { "a",           "example.org",    "www.example.org", "localhost",
                                         "10.1.2.3",    "127.0.0.1",      "0.0.0.0",         "::1",
                                         "2001:db8::1", "::ffff:1.2.3.4", "fe80::1" };

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct endpoint target = { 0 };

        if (endpoint_set_host(&target, hosts[i], strlen(hosts[i])))
            abort();
        target.port = 443;
        config_decide(config, &target);
        target.port = 0;
        walk_ports(config, target);
        config_name_fate(config, hosts[i], 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct net net = { .read = read, .close = close };
    static char words[WORDS_SIZE];
    static int file = -1;
    struct text wrong = text_in(words, sizeof words);
    const struct config *config = NULL;
    int result;

    if (file < 0) {
        file = memfd_create("rules", MFD_CLOEXEC);
        snprintf(rules_path, sizeof rules_path, "/proc/self/fd/%d", file);
        fchmod(file, 0600);
    }
    if (ftruncate(file, 0) < 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
        abort();
    result = config_load(&config, NULL, variable, &net, &wrong);
    if ((result == 0) != (config != NULL) || (words[0] != '\0') != (result == -22))
        abort();
    if (config)
        decide(config);
    give_back();
    return 0;
}
