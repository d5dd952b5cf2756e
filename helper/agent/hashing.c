#include "hashing.h"

#include <dlfcn.h>
#include <string.h>

enum { BYTES_MOST = 64 };

/* openssl/evp.h, as of libcrypto.so.3 */
static const void *(*digest_by_name)(const char *name);
static int (*evp_digest)(const void *bytes, size_t size, unsigned char *out, unsigned *out_size,
                         const void *type, void *engine);

/* md5.h, sha2.h of libmd: the digest in hexadecimal */
static char *(*md5_data)(const unsigned char *bytes, size_t size, char *out);
static char *(*sha256_data)(const unsigned char *bytes, size_t size, char *out);

static bool load_libcrypto(void)
{
    void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return false;
    *(void **)&digest_by_name = dlsym(library, "EVP_get_digestbyname");
    *(void **)&evp_digest = dlsym(library, "EVP_Digest");
    return digest_by_name && evp_digest;
}

static bool load_libmd(void)
{
    void *library = dlopen("libmd.so.0", RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return false;
    *(void **)&md5_data = dlsym(library, "MD5Data");
    *(void **)&sha256_data = dlsym(library, "SHA256Data");
    return md5_data && sha256_data;
}

const char *hashing_load(void)
{
    static bool loaded;

    loaded = loaded || load_libcrypto() || load_libmd();
    return loaded ? NULL : "--auth digest needs libcrypto.so.3 or libmd.so.0 (Debian: libssl3 or libmd0)";
}

static bool hash_with_libcrypto(enum hash hash, const char *bytes, size_t size, char *out)
{
    static const char hex[] = "0123456789abcdef";
    const void *type = digest_by_name(hash == HASH_MD5 ? "MD5" : "SHA256");
    unsigned char raw[BYTES_MOST];
    unsigned raw_size = 0;

    if (!type || evp_digest(bytes, size, raw, &raw_size, type, NULL) != 1 || raw_size > BYTES_MOST / 2)
        return false;
    for (unsigned i = 0; i < raw_size; i++) {
        *out++ = hex[raw[i] >> 4];
        *out++ = hex[raw[i] & 15];
    }
    *out = '\0';
    return true;
}

bool hashing_hex(enum hash hash, const char *bytes, size_t size, char out[HASH_HEX_SIZE])
{
    if (evp_digest)
        return hash_with_libcrypto(hash, bytes, size, out);
    return (hash == HASH_MD5 ? md5_data : sha256_data)((const unsigned char *)bytes, size, out) != NULL;
}
