/* Base64 (RFC 4648 4), as Basic credentials and the tokens of other schemes have it. */
#ifndef PTUNNEL_BASE64_H
#define PTUNNEL_BASE64_H

#include <ptunnel/text.h>

#include <sys/types.h>

void base64_add(struct text *out, const void *bytes, size_t size);

/* Decodes into out, which may be the text itself. Returns the number of bytes; -1 if it is not Base64, whole
 * and with its padding, or room is too small. */
ssize_t base64_decode(void *out, size_t room, const char *text, size_t size);

#endif
