#include "spnego.h"

#include <string.h>

/* DER (X.690 8.1.3), written from the inside out, so that each length is known: at the end of the room. */
struct der {
    unsigned char *at;
    size_t inside; /* bytes of the token, which follow */
    const unsigned char *end;
};

static size_t content(const struct der *der)
{
    return (size_t)(der->end - der->at) + der->inside;
}

static void put(struct der *der, size_t byte)
{
    *--der->at = (unsigned char)byte;
}

/* All that was written so far becomes the content of this tag. */
static void enclose(struct der *der, unsigned char tag)
{
    size_t size = content(der), bytes = 0;

    for (size_t rest = size; rest > 0 && size > 127; rest >>= 8, bytes++)
        put(der, rest & 255);
    put(der, size > 127 ? 0x80 | bytes : size);
    put(der, tag);
}

static void put_bytes(struct der *der, const char *bytes, size_t size)
{
    der->at -= size;
    memcpy(der->at, bytes, size);
}

size_t spnego_wrap_kerberos(unsigned char out[SPNEGO_FRONT], size_t size)
{
    /* [0] { SEQUENCE { OID 1.2.840.113554.1.2.2 } }: mechTypes */
    static const char mechanisms[] = "\xa0\x0d\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
    static const char spnego[] = "\x06\x06\x2b\x06\x01\x05\x05\x02"; /* OID 1.3.6.1.5.5.2 */
    struct der der = { out + SPNEGO_FRONT, size, out + SPNEGO_FRONT };

    enclose(&der, 0x04); /* OCTET STRING */
    enclose(&der, 0xa2); /* [2]: mechToken */
    put_bytes(&der, mechanisms, sizeof mechanisms - 1);
    enclose(&der, 0x30); /* SEQUENCE: NegTokenInit */
    enclose(&der, 0xa0); /* [0] of NegotiationToken */
    put_bytes(&der, spnego, sizeof spnego - 1);
    enclose(&der, 0x60); /* [APPLICATION 0], RFC 2743 3.1 */
    size = (size_t)(der.end - der.at);
    memmove(out, der.at, size);
    return size;
}
