#include <ptunnel/loaded.h>

#include <elf.h>
#include <stddef.h>

enum { HIDDEN_VERSION = 0x8000, WORD_BITS = 8 * sizeof(ElfW(Addr)) };

/* musl, and libraries that need no relocation by the loader, keep offsets in their dynamic section; glibc
 * puts addresses in their place. */
static const void *address_of(const struct loaded *object, ElfW(Addr) value)
{
    return (const void *)(value < object->base ? object->base + value : value);
}

static void read_dynamic(struct loaded *object, const ElfW(Dyn) *dynamic)
{
    ElfW(Addr) own_name = 0;

    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        const void *there = address_of(object, dynamic->d_un.d_ptr);

        if (dynamic->d_tag == DT_SYMTAB)
            object->symbols = there;
        else if (dynamic->d_tag == DT_STRTAB)
            object->strings = there;
        else if (dynamic->d_tag == DT_VERSYM)
            object->versions = there;
        else if (dynamic->d_tag == DT_GNU_HASH)
            object->gnu_hash = there;
        else if (dynamic->d_tag == DT_HASH)
            object->hash = there;
        else if (dynamic->d_tag == DT_SONAME)
            own_name = dynamic->d_un.d_val;
    }
    object->own_name = object->strings && own_name ? object->strings + own_name : "";
}

/* False: it defines nothing that could be found by name. */
static bool read_object(struct loaded *out, const struct dl_phdr_info *info)
{
    const ElfW(Dyn) *dynamic = NULL;

    *out = (struct loaded){ .base = info->dlpi_addr, .start = UINTPTR_MAX };
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t first = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        uintptr_t end = first + info->dlpi_phdr[i].p_memsz;

        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dynamic = (const ElfW(Dyn) *)first;
        if (info->dlpi_phdr[i].p_type != PT_LOAD)
            continue;
        out->start = first < out->start ? first : out->start;
        out->end = end > out->end ? end : out->end;
    }
    if (dynamic)
        read_dynamic(out, dynamic);
    return out->symbols && out->strings && (out->gnu_hash || out->hash);
}

struct search {
    bool (*is_it)(const struct loaded *object, const void *wanted);
    const void *wanted;
    struct loaded *out;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *data)
{
    const struct search *search = data;

    (void)size;
    return read_object(search->out, info) && search->is_it(search->out, search->wanted);
}

static bool first_object(struct loaded *out, bool (*is_it)(const struct loaded *object, const void *wanted),
                         const void *wanted)
{
    struct search search = { is_it, wanted, out };

    return dl_iterate_phdr(look_at, &search) != 0;
}

/* Functions so unlike that no other library has them all. */
static bool is_libc(const struct loaded *object, const void *wanted)
{
    (void)wanted;
    return loaded_symbol(object, "__libc_start_main") && loaded_symbol(object, "regcomp") &&
           loaded_symbol(object, "getauxval");
}

static bool has_address(const struct loaded *object, const void *wanted)
{
    uintptr_t address = (uintptr_t)wanted;

    return address >= object->start && address < object->end;
}

/* As strcmp(3) and strncmp(3) say it: a sanitizer that is about to begin stands in front of those, and asks us for
 * the real ones. */
static bool begins(const char *text, const char *with)
{
    while (*with && *text == *with)
        text++, with++;
    return !*with;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* What glibc 2.34 put into libc itself. */
static bool is_split_from_libc(const struct loaded *object, const void *wanted)
{
    static const char *const names[] = { "libpthread.so.", "libdl.so.", "libresolv.so.", "libanl.so." };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (begins(object->own_name, names[i]))
            return !wanted || loaded_symbol(object, wanted);
    return false;
}

bool loaded_libc(struct loaded *out)
{
    return first_object(out, is_libc, NULL);
}

bool loaded_is_of_libc(const struct loaded *object)
{
    return is_libc(object, NULL) || is_split_from_libc(object, NULL);
}

bool loaded_at(struct loaded *out, const void *address)
{
    return first_object(out, has_address, address);
}

struct file_search {
    uintptr_t address;
    const char *file;
};

static int keep_file(struct dl_phdr_info *info, size_t size, void *data)
{
    struct file_search *search = data;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD &&
            search->address - (info->dlpi_addr + info->dlpi_phdr[i].p_vaddr) < info->dlpi_phdr[i].p_memsz)
            search->file = info->dlpi_name;
    return search->file != NULL;
}

const char *loaded_file(const void *address)
{
    struct file_search search = { (uintptr_t)address, NULL };

    dl_iterate_phdr(keep_file, &search);
    return search.file && search.file[0] ? search.file : NULL;
}

static bool is_defined(const ElfW(Sym) *symbol)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info); /* the same in both classes */

    return symbol->st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_NOTYPE);
}

/* address: in any version, but there. NULL: the version that a program gets which asks for none. */
static bool fits(const struct loaded *object, uint32_t index, const char *name, const void *address)
{
    const ElfW(Sym) *symbol = &object->symbols[index];

    if (!is_defined(symbol) || !same(object->strings + symbol->st_name, name))
        return false;
    if (address)
        return object->base + symbol->st_value == (uintptr_t)address;
    return !object->versions || !(object->versions[index] & HIDDEN_VERSION);
}

static uint32_t gnu_hash_of(const char *name)
{
    uint32_t hash = 5381;

    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

/* A header of four words; a Bloom filter of address-sized words, which tells most names that are not there;
 * buckets, each with the index of its first symbol; a chain of hashes, whose last one in a bucket is odd. */
static const ElfW(Sym) *find_by_gnu_hash(const struct loaded *object, const char *name, const void *address)
{
    uint32_t buckets = object->gnu_hash[0], first = object->gnu_hash[1], words = object->gnu_hash[2];
    const ElfW(Addr) *filter = (const ElfW(Addr) *)(object->gnu_hash + 4);
    const uint32_t *bucket = (const uint32_t *)(filter + words), *chain = bucket + buckets;
    uint32_t hash = gnu_hash_of(name), index;
    ElfW(Addr) word = filter[hash / WORD_BITS % words];

    if (!(word >> hash % WORD_BITS & word >> (hash >> object->gnu_hash[3]) % WORD_BITS & 1))
        return NULL;
    index = bucket[hash % buckets];
    for (; index >= first; index++) {
        if ((chain[index - first] | 1) == (hash | 1) && fits(object, index, name, address))
            return &object->symbols[index];
        if (chain[index - first] & 1)
            break;
    }
    return NULL;
}

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 0;

    for (; *name; name++) {
        hash = (hash << 4) + (unsigned char)*name;
        hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
    }
    return hash;
}

static const ElfW(Sym) *find_by_hash(const struct loaded *object, const char *name, const void *address)
{
    uint32_t buckets = object->hash[0];
    const uint32_t *bucket = object->hash + 2, *chain = bucket + buckets;

    for (uint32_t index = bucket[hash_of(name) % buckets]; index != STN_UNDEF; index = chain[index])
        if (fits(object, index, name, address))
            return &object->symbols[index];
    return NULL;
}

static const ElfW(Sym) *find(const struct loaded *object, const char *name, const void *address)
{
    return object->gnu_hash ? find_by_gnu_hash(object, name, address) : find_by_hash(object, name, address);
}

void *loaded_symbol(const struct loaded *object, const char *name)
{
    const ElfW(Sym) *symbol = find(object, name, NULL);

    return symbol ? (void *)(object->base + symbol->st_value) : NULL;
}

bool loaded_defines(const struct loaded *object, const char *name, const void *address)
{
    return find(object, name, address) != NULL;
}

void *loaded_libc_symbol(const char *name)
{
    struct loaded object;
    void *found = loaded_libc(&object) ? loaded_symbol(&object, name) : NULL;

    if (!found && first_object(&object, is_split_from_libc, name))
        found = loaded_symbol(&object, name);
    return found;
}
