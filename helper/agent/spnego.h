/* The first token of SPNEGO (RFC 4178 4.2.1) with one mechanism, Kerberos, whose token it holds: what Negotiate
 * wants (RFC 4559). GSS-API makes such a token as well, but asks every mechanism of this machine first. */
#ifndef PTUNNEL_SPNEGO_H
#define PTUNNEL_SPNEGO_H

#include <stddef.h>

enum { SPNEGO_FRONT = 64 }; /* bytes that the wrapping adds at most */

/* Writes what stands in front of a token of `size` bytes; returns its size. */
size_t spnego_wrap_kerberos(unsigned char out[SPNEGO_FRONT], size_t size);

#endif
