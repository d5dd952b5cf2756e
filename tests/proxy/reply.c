#include "reply.h"

#include <string.h>

enum { PAD_LINE = 80, FILLER_LINES = 100 };

static const char pad_field[] = "X-Pad: ";

static const struct {
    int status;
    const char *reason;
} usual_reasons[] = {
    {100, "Continue"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "Connection established"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {410, "Gone"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

static const char *usual_reason(int status)
{
    for (size_t i = 0; i < sizeof usual_reasons / sizeof *usual_reasons; i++) {
        if (usual_reasons[i].status == status)
            return usual_reasons[i].reason;
    }
    return "Unnamed";
}

static const char *line_end(const struct behaviour *behaviour)
{
    return behaviour->lf ? "\n" : "\r\n";
}

static void status_line(struct bytes *out, const struct behaviour *behaviour, int status, const char *reason)
{
    bytes_print(out, "HTTP/1.%d %d", behaviour->http10 ? 0 : 1, status);
    if (!behaviour->no_reason)
        bytes_print(out, " %s", reason ? reason : usual_reason(status));
    bytes_print(out, "%s", line_end(behaviour));
}

/* A padding field that takes `size` bytes, or as few as a field can. */
static void pad_line(struct bytes *out, const struct behaviour *behaviour, size_t size)
{
    size_t around = strlen(pad_field) + strlen(line_end(behaviour));

    bytes_print(out, "%s", pad_field);
    for (size_t i = around; i < size; i++)
        bytes_add(out, "x", 1);
    bytes_print(out, "%s", line_end(behaviour));
}

void reply_filler(struct bytes *out, const struct behaviour *behaviour)
{
    for (int i = 0; i < FILLER_LINES; i++)
        pad_line(out, behaviour, PAD_LINE);
}

/* Brings the head to exactly `pad` bytes, if it was not too close already. The last line is the longest, so
 * that no rest is left that is shorter than a field. */
static void pad(struct bytes *out, const struct behaviour *behaviour, size_t start)
{
    size_t used;

    while (used = out->length - start + strlen(line_end(behaviour)), used < behaviour->pad) {
        size_t left = behaviour->pad - used;

        pad_line(out, behaviour, left < PAD_LINE + 20 ? left : PAD_LINE);
    }
}

void reply_interims(struct bytes *out, const struct behaviour *behaviour)
{
    const char *end = line_end(behaviour);

    for (size_t i = 0; i < behaviour->interim_count; i++) {
        status_line(out, behaviour, behaviour->interims[i], NULL);
        bytes_print(out, "X-Interim: %zu%s%s", i + 1, end, end);
    }
}

void reply_head(struct bytes *out, const struct behaviour *behaviour, const struct answer *answer)
{
    const char *end = line_end(behaviour);
    size_t start = out->length;

    status_line(out, behaviour, answer->status, answer->reason);
    if (answer->field)
        bytes_print(out, "%s%s", answer->field, end);
    if (answer->status / 100 != 2)
        bytes_print(out, "Content-Length: 0%s%s%s", end, behaviour->keep ? "" : "Connection: close",
                    behaviour->keep ? "" : end);
    for (size_t i = 0; i < behaviour->header_count; i++) {
        bytes_add(out, behaviour->headers[i].data, behaviour->headers[i].length);
        bytes_print(out, "%s", end);
    }
    if (behaviour->endless)
        return;
    pad(out, behaviour, start);
    bytes_print(out, "%s", end);
}
