/* Requests are read strictly: what a lenient proxy would forgive is a bug in the client under test. */
#include "request.h"

#include "address.h"
#include "bytes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

size_t request_length(const char *data, size_t length)
{
    const char *end = data + length;

    /* A bare LF ends a line here, so that such a request gets its 400 and not silence. */
    for (const char *at = data; length > 0 && (at = memchr(at, '\n', (size_t)(end - at))); at++) {
        if (at + 1 < end && at[1] == '\n')
            return (size_t)(at + 2 - data);
        if (at + 2 < end && at[1] == '\r' && at[2] == '\n')
            return (size_t)(at + 3 - data);
    }
    return 0;
}

/* Every line ends with CR LF and there is no other CR, LF or NUL. */
static bool lines_are_clean(const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '\0' || (data[i] == '\n' && (i == 0 || data[i - 1] != '\r')) ||
            (data[i] == '\r' && (i + 1 == length || data[i + 1] != '\n')))
            return false;
    }
    return true;
}

/* "METHOD TARGET HTTP/1.x", one blank between each. */
static bool split_line(struct request *request, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;

    if (!version || target == line || version == target + 1)
        return false;
    if (strcmp(version + 1, "HTTP/1.1") != 0 && strcmp(version + 1, "HTTP/1.0") != 0)
        return false;
    *target = *version = '\0';
    request->method = line;
    request->target = target + 1;
    return true;
}

int request_parse(struct request *request, const char *data, size_t length)
{
    char *end;

    *request = (struct request){.head = get_memory(length + 1), .method = "-", .target = "-"};
    memcpy(request->head, data, length);
    request->head[length] = '\0';
    request->fields = request->head + length;
    if (!lines_are_clean(data, length))
        return 400;
    end = strstr(request->head, "\r\n");
    *end = '\0';
    request->fields = end + 2;
    if (!split_line(request, request->head))
        return 400;
    if (strcmp(request->method, "CONNECT") != 0)
        return 405;
    return address_valid(request->target, 1) ? 0 : 400;
}

void request_each_field(const struct request *request, void (*each)(void *, const char *), void *owner)
{
    char *end;

    for (char *line = request->fields; line && (end = strstr(line, "\r\n")) && end != line; line = end + 2) {
        *end = '\0';
        each(owner, line);
        *end = '\r';
    }
}

void request_free(struct request *request)
{
    free(request->head);
    *request = (struct request){0};
}
