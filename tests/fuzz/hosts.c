/* Any name, any file: what is found is what a reader finds that takes the file line by line, word by word. The input's first
 * line is the name. */
#include <ptunnel/hosts.h>

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LONGEST = 200 };
static const char blanks[] = " \t\v\f\r";
static const struct net closes = { .close = close };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void add(struct addresses *out, const char *word)
{
    struct in6_addr address = { .s6_addr = { [10] = 0xff, 0xff } };

    if (inet_pton(AF_INET, word, address.s6_addr + 12) != 1 && inet_pton(AF_INET6, word, &address) != 1)
        return;
    for (size_t i = 0; i < out->count; i++)
        if (memcmp(&out->at[i].address, &address, sizeof address) == 0)
            return;
    if (out->count < ADDRESSES_MOST)
        out->at[out->count++].address = address;
}

static void read_line(struct addresses *out, char *line, const char *name)
{
    char *rest, *address;

    line[strcspn(line, "#")] = '\0';
    address = strtok_r(line, blanks, &rest);
    for (char *word; address && (word = strtok_r(NULL, blanks, &rest));)
        if (strcasecmp(word, name) == 0)
            add(out, address);
}

static void read_plainly(struct addresses *out, char *text, const char *name)
{
    *out = (struct addresses){ 0 };
    for (char *line; (line = strsep(&text, "\n"));)
        read_line(out, line, name);
}

/* Of a line's beginning no more is looked at than an address can have. */
static int is_plain(const char *text, size_t size)
{
    if (memchr(text, '\0', size))
        return 0;
    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t first = strspn(line, blanks);

        if (first + strcspn(line + first, " \t\v\f\r\n") > LONGEST)
            return 0;
    }
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1), *file, path[40];
    struct addresses found, wanted;
    int fd;

    memcpy(text, bytes, size);
    text[size] = '\0';
    file = strchr(text, '\n');
    if (file && (size_t)(file - text) <= ENDPOINT_HOST_MAX) {
        *file++ = '\0';
        fd = memfd_create("hosts", MFD_CLOEXEC);
        if (write(fd, file, size - (size_t)(file - text)) < 0)
            abort();
        sprintf(path, "/proc/self/fd/%d", fd);
        hosts_find(&found, text, path, &closes);
        close(fd);
        if (text[0] && !text[strcspn(text, " \t\v\f\r#")] && is_plain(file, size - (size_t)(file - text))) {
            read_plainly(&wanted, file, text);
            if (memcmp(&found, &wanted, sizeof found) != 0)
                abort();
        }
    }
    free(text);
    return 0;
}
