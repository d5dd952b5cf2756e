/* Files have sizes and inode numbers of 64 bits, and stat(2) fails with EOVERFLOW where its structure has fewer. The
 * Makefile puts this in front of all that the core and the helpers include. The hooks must go without: with it,
 * glibc's headers give the functions that they define other names. */
#ifndef PTUNNEL_OFFSETS_H
#define PTUNNEL_OFFSETS_H

#if __SIZEOF_LONG__ == 4
#define _FILE_OFFSET_BITS 64
#endif

#endif
