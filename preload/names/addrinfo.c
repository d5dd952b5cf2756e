/* getaddrinfo(3) and getnameinfo(3) for names that are not libc's business alone. */
#include "addrinfo.h"

#include "../real.h"
#include "lent.h"

#include <ptunnel/loaded.h>

#include <dlfcn.h>
#include <net/if.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* glibc's freeaddrinfo() gives the text to free(); musl's has it in the list's own memory. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

/* Whether lists are made by libc, and not by another preloaded library behind ours, whose memory is its own. */
static bool lists_are_libcs(void)
{
    enum { UNKNOWN, LIBCS, OTHER_LISTS };
    static atomic_int whose;
    struct loaded object;
    bool libcs;

    if (atomic_load(&whose) != UNKNOWN)
        return atomic_load(&whose) == LIBCS;
    libcs = loaded_at(&object, (const void *)real()->getaddrinfo) && loaded_is_of_libc(&object);
    atomic_store(&whose, libcs ? LIBCS : OTHER_LISTS);
    return libcs;
}

/* Asked for a numeric host, libc's canonical name is that. The one place where we allocate: libc's freeaddrinfo()
 * frees it. */
static int set_canonical_name(struct addrinfo *first, const char *name)
{
    char plain[ENDPOINT_HOST_MAX + 1];
    char *copy;

    if (!first->ai_canonname)
        return 0;
    stand_in_plain_name(name, plain);
    if (!lists_are_libcs())
        return lent_put(first, plain) ? 0 : EAI_MEMORY;
    copy = strdup(plain);
    if (!copy)
        return EAI_MEMORY;
    if (gnu_get_libc_version)
        free(first->ai_canonname);
    first->ai_canonname = copy;
    return 0;
}

/* What libc takes for hints where there are none. */
static struct addrinfo without_hints(void)
{
    return (struct addrinfo){ .ai_flags = gnu_get_libc_version ? AI_V4MAPPED | AI_ADDRCONFIG : 0 };
}

/* Without AI_ADDRCONFIG: a stand-in is reached through the proxy whatever interfaces this machine has, and in
 * a sandbox that has loopback alone libc would find nothing. In the answer, where glibc repeats the flags, it
 * is put back. */
static int numeric(const char *node, int family, const char *service, const struct addrinfo *hints,
                   struct addrinfo **result)
{
    char text[STAND_IN_TEXT_SIZE];
    struct addrinfo asked = hints ? *hints : without_hints();
    int configured = asked.ai_flags & AI_ADDRCONFIG, error;

    if (!stand_in_text(node, family, text))
        return EAI_AGAIN;
    asked.ai_flags &= ~AI_ADDRCONFIG;
    error = real()->getaddrinfo(text, service, &asked, result);
    for (struct addrinfo *at = error == 0 && gnu_get_libc_version ? *result : NULL; at; at = at->ai_next)
        at->ai_flags |= configured;
    return error;
}

/* The IPv6 stand-in comes behind the IPv4 one, for programs that look up both families and then take one. Not where the
 * program wants what leads somewhere alone (AI_ADDRCONFIG): after IPv4 it does not, and Node.js would give up a dial by
 * IPv4 after a quarter of a second for it. musl frees a list as one block, so there it has one family. */
static void add_other_family(const char *node, const char *service, const struct addrinfo *hints,
                             struct addrinfo *list)
{
    struct addrinfo asked = *hints, *more;

    asked.ai_flags &= ~AI_CANONNAME;
    if (!gnu_get_libc_version || !lists_are_libcs() || numeric(node, AF_INET6, service, &asked, &more) != 0)
        return;
    for (struct addrinfo *at = more; at; at = at->ai_next)
        at->ai_flags = list->ai_flags;
    while (list->ai_next)
        list = list->ai_next;
    list->ai_next = more;
}

static int stand_in_for(const char *node, const char *service, const struct addrinfo *hints,
                        struct addrinfo **result)
{
    int family = hints ? hints->ai_family : AF_UNSPEC, error = numeric(node, family, service, hints, result);

    if (error != 0)
        return error;
    if (family == AF_UNSPEC && hints && !(hints->ai_flags & AI_ADDRCONFIG))
        add_other_family(node, service, hints, *result);
    error = set_canonical_name(*result, node);
    if (error != 0)
        real()->freeaddrinfo(*result);
    return error;
}

static int remembered(const char *node, const char *service, const struct addrinfo *hints,
                      struct addrinfo **result)
{
    int error = real()->getaddrinfo(node, service, hints, result);
    struct endpoint answer;

    for (struct addrinfo *at = error == 0 ? *result : NULL; at; at = at->ai_next)
        if (endpoint_from_sockaddr(&answer, at->ai_addr, at->ai_addrlen))
            stand_in_remember(&answer, node);
    return error;
}

/* As libc does it for AI_IDN: with libidn2, if it is there. To be freed; NULL: it cannot be done. */
static char *to_ascii(const char *name)
{
    enum { NFC_INPUT = 1, NONTRANSITIONAL = 8 };
    void *library = real()->dlopen("libidn2.so.0", RTLD_LAZY);
    int (*convert)(const char *from, char **to, int flags);
    char *ascii = NULL;

    convert = library ? (__typeof__(convert))real()->dlsym(library, "idn2_lookup_ul") : NULL;
    if (!convert || convert(name, &ascii, NFC_INPUT | NONTRANSITIONAL) != 0)
        return NULL;
    return ascii;
}

static int internationalized(const char *node, const char *service, const struct addrinfo *hints,
                             struct addrinfo **result)
{
    char *ascii = to_ascii(node);
    enum way way = ascii ? way_of_hinted(ascii, service, hints) : WAY_NO_NAME;
    int error = EAI_NONAME;

    if (!ascii)
        return EAI_IDN_ENCODE;
    if (way == WAY_STAND_IN)
        error = stand_in_for(ascii, service, hints, result);
    else if (way == WAY_REMEMBER)
        error = remembered(ascii, service, hints, result);
    else if (way == WAY_REAL)
        error = real()->getaddrinfo(ascii, service, hints, result);
    free(ascii);
    return error;
}

static bool is_ascii(const char *name)
{
    while (*name && !(*name & 0x80))
        name++;
    return !*name;
}

int addrinfo_get(enum way way, const char *node, const char *service, const struct addrinfo *hints,
                 struct addrinfo **result)
{
    int saved = errno, error = EAI_NONAME;

    if (way == WAY_STAND_IN)
        error = stand_in_for(node, service, hints, result);
    else if (way == WAY_REMEMBER)
        error = remembered(node, service, hints, result);
    else if (hints && (hints->ai_flags & AI_IDN) && !is_ascii(node))
        error = internationalized(node, service, hints, result);
    if (error != EAI_SYSTEM)
        errno = saved;
    return error;
}

static enum way way_of_request(const struct gaicb *request)
{
    enum way way = WAY_REAL;

    if (request)
        way = way_of_hinted(request->ar_name, request->ar_service, request->ar_request);
    return way == WAY_REMEMBER ? WAY_REAL : way; /* the answer comes in a thread of libc's, unseen */
}

bool addrinfo_list_wanted(struct gaicb *const list[], int count)
{
    for (int i = 0; i < count; i++)
        if (way_of_request(list[i]) != WAY_REAL)
            return true;
    return false;
}

/* gai_error(3) and gai_suspend(3) read the result where libc puts it. */
static void answer_request(struct gaicb *request, enum way way)
{
    request->ar_result = NULL;
    request->__return =
        addrinfo_get(way, request->ar_name, request->ar_service, request->ar_request, &request->ar_result);
}

/* An empty place in the list is nothing to libc: with nothing else in it, it notifies and is done. */
int addrinfo_start_list(int mode, struct gaicb *const list[], int count, struct sigevent *event)
{
    size_t size = (size_t)count * sizeof *list;
    struct gaicb **rest;
    int result;

    if (mode != GAI_WAIT && mode != GAI_NOWAIT)
        return real()->getaddrinfo_a(mode, (struct gaicb **)list, count, event);
    rest = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (rest == MAP_FAILED)
        return EAI_MEMORY;
    for (int i = 0; i < count; i++) {
        enum way way = way_of_request(list[i]);

        if (way == WAY_REAL)
            rest[i] = list[i];
        else
            answer_request(list[i], way);
    }
    result = real()->getaddrinfo_a(mode, rest, count, event);
    munmap(rest, size);
    return result;
}

static int put_name(char *host, socklen_t size, const char *name)
{
    if (strlen(name) >= size)
        return EAI_OVERFLOW;
    strcpy(host, name);
    return 0;
}

int addrinfo_name(enum back way, const char *name, const struct sockaddr *address, socklen_t size, char *host,
                  socklen_t host_size, char *service, socklen_t service_size, int flags)
{
    char digits[STAND_IN_TEXT_SIZE + IF_NAMESIZE + 1];
    bool wants_host = host && host_size > 0;
    int error;

    if (!wants_host || (way == BACK_NONE && !(flags & NI_NAMEREQD)))
        return real()->getnameinfo(address, size, host, host_size, service, service_size,
                                   flags | NI_NUMERICHOST);
    /* The numeric answer checks everything and fills in the service; the name then takes its place. */
    error = real()->getnameinfo(address, size, digits, sizeof digits, service, service_size,
                                (flags & ~NI_NAMEREQD) | NI_NUMERICHOST);
    if (error != 0)
        return error;
    return way == BACK_NONE ? EAI_NONAME : put_name(host, host_size, name);
}
