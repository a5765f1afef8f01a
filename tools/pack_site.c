/*
 * Packs folders of web pages for the binary, at build time:
 *
 *   pack_site SITE.c SITE.bin ROOT=FOLDER…
 *
 * A root may be named several times: its files come from all of its folders, whose paths must
 * differ. SITE.bin holds every file's bytes, plain, gzip and brotli; SITE.c is the table over it
 * that src/endpoints/site.h declares, and takes SITE.bin in. Files are in the order of their paths,
 * so that equal folders give equal bytes. In .html files the word @ASSETS@ becomes "assets-" and a
 * hash over the root's folder assets/, so that what lies there can be kept by browsers for ever.
 */
#include <brotli/encode.h>
#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

enum { MOST_FILES = 4096, HASH_HEX = 32, LONGEST_PATH = 512 };

struct bytes {
    unsigned char *data;
    size_t size;
};

struct file {
    char path[LONGEST_PATH]; /* ROOT/assets/app.js */
    struct bytes plain;
    const char *type;
};

static struct file files[MOST_FILES];
static size_t file_count;
static size_t written; /* bytes of SITE.bin */

static const struct {
    const char *ending;
    const char *type;
    int is_text; /* worth compressing */
} types[] = {
    {".html", "text/html; charset=utf-8", 1},
    {".css", "text/css; charset=utf-8", 1},
    {".js", "text/javascript; charset=utf-8", 1},
    {".json", "application/json; charset=utf-8", 1},
    {".svg", "image/svg+xml", 1},
    {".txt", "text/plain; charset=utf-8", 1},
    {".php", "text/plain; charset=utf-8", 1},
    {".py", "text/plain; charset=utf-8", 1},
    {".md", "text/markdown; charset=utf-8", 1},
    {".png", "image/png", 0},
    {".ico", "image/x-icon", 0},
    {".woff2", "font/woff2", 0},
};

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "pack_site: %s: %s\n", what, name);
    exit(1);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        fail("memory is out", "");
    return memory;
}

static size_t type_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(dot, types[i].ending) == 0)
            return i;
    fail("no media type is known for", path);
    return 0;
}

static struct bytes read_file(const char *name)
{
    FILE *in = fopen(name, "rb");
    if (!in || fseek(in, 0, SEEK_END) != 0)
        fail("cannot be read", name);
    struct bytes bytes = {.size = (size_t)ftell(in)};
    bytes.data = allocate(bytes.size);
    rewind(in);
    if (fread(bytes.data, 1, bytes.size, in) != bytes.size)
        fail("cannot be read", name);
    fclose(in);
    return bytes;
}

static void add_file(const char *root, const char *below, const char *name)
{
    if (file_count == MOST_FILES)
        fail("too many files", name);
    struct file *file = &files[file_count++];
    int size = snprintf(file->path, sizeof(file->path), "%s/%s", root, below);
    if (size < 0 || (size_t)size >= sizeof(file->path) || strpbrk(file->path, "\"\\"))
        fail("a path that cannot be served", name);
    file->type = types[type_of(name)].type;
    file->plain = read_file(name);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Links that lead nowhere or in a circle are an editor's marks, where their name is hidden. */
static int is_unreadable(const FTSENT *entry)
{
    int is_bad_link = entry->fts_info == FTS_SLNONE || entry->fts_info == FTS_DC;
    return entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS ||
           (is_bad_link && entry->fts_name[0] != '.');
}

static void add_folder(const char *root, char *folder)
{
    char *const folders[] = {folder, NULL};
    FTS *tree = fts_open(folders, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (!tree)
        fail("cannot be read", folder);
    errno = 0;
    for (FTSENT *entry = fts_read(tree); entry; entry = fts_read(tree)) {
        if (is_unreadable(entry))
            fail("cannot be read", entry->fts_path);
        if (entry->fts_info == FTS_F && entry->fts_name[0] != '.')
            add_file(root, entry->fts_path + strlen(folder) + 1, entry->fts_path);
        errno = 0;
    }
    if (errno != 0)
        fail("cannot be read", folder);
    fts_close(tree);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static void hash_print(XXH128_hash_t hash, char text[HASH_HEX + 1])
{
    snprintf(text, HASH_HEX + 1, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
}

/* Over names and bytes of ROOT/assets/. */
static void hash_assets(const char *root, char text[HASH_HEX + 1])
{
    char prefix[LONGEST_PATH];
    XXH3_state_t *state = XXH3_createState();
    XXH3_128bits_reset(state);
    snprintf(prefix, sizeof(prefix), "%s/assets/", root);
    for (size_t i = 0; i < file_count; i++) {
        if (strncmp(files[i].path, prefix, strlen(prefix)) != 0)
            continue;
        XXH3_128bits_update(state, files[i].path, strlen(files[i].path) + 1);
        XXH3_128bits_update(state, files[i].plain.data, files[i].plain.size);
    }
    hash_print(XXH3_128bits_digest(state), text);
    text[16] = '\0'; /* half of it tells versions apart */
    XXH3_freeState(state);
}

static void name_assets(struct file *file, const char *hash)
{
    static const char mark[] = "@ASSETS@";
    char name[64];
    int size = snprintf(name, sizeof(name), "assets-%s", hash);
    struct bytes named = {.data = allocate(file->plain.size * 8 + 1)};
    for (size_t i = 0; i < file->plain.size;) {
        size_t left = file->plain.size - i;
        if (left >= sizeof(mark) - 1 && !memcmp(file->plain.data + i, mark, sizeof(mark) - 1)) {
            memcpy(named.data + named.size, name, (size_t)size);
            named.size += (size_t)size;
            i += sizeof(mark) - 1;
        } else {
            named.data[named.size++] = file->plain.data[i++];
        }
    }
    free(file->plain.data);
    file->plain = named;
}

static struct bytes gzip(const struct bytes *plain)
{
    z_stream stream = {0};
    struct bytes out = {.size = plain->size + plain->size / 8 + 128};
    out.data = allocate(out.size);
    if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        fail("gzip", "deflateInit2");
    stream.next_in = plain->data;
    stream.avail_in = (uInt)plain->size;
    stream.next_out = out.data;
    stream.avail_out = (uInt)out.size;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        fail("gzip", "deflate");
    out.size = stream.total_out;
    deflateEnd(&stream);
    return out;
}

static struct bytes brotli(const struct bytes *plain)
{
    struct bytes out = {.size = BrotliEncoderMaxCompressedSize(plain->size) + 64};
    out.data = allocate(out.size);
    if (!BrotliEncoderCompress(BROTLI_MAX_QUALITY, BROTLI_MAX_WINDOW_BITS, BROTLI_MODE_TEXT,
                               plain->size, plain->data, &out.size, out.data))
        fail("brotli", "BrotliEncoderCompress");
    return out;
}

static void write_body(FILE *c, FILE *bin, const struct bytes *bytes)
{
    if (fwrite(bytes->data, 1, bytes->size, bin) != bytes->size)
        fail("cannot be written", "SITE.bin");
    fprintf(c, "{site_bytes + %zu, %zu}, ", written, bytes->size);
    written += bytes->size;
}

/* A coding that spares nothing is left out. */
static void write_coded(FILE *c, FILE *bin, const struct file *file,
                        struct bytes (*code)(const struct bytes *plain))
{
    if (!types[type_of(file->path)].is_text) {
        fprintf(c, "{0, 0}, ");
        return;
    }
    struct bytes coded = code(&file->plain);
    if (coded.size + 64 < file->plain.size)
        write_body(c, bin, &coded);
    else
        fprintf(c, "{0, 0}, ");
    free(coded.data);
}

static void write_file(FILE *c, FILE *bin, const struct file *file)
{
    char hash[HASH_HEX + 1];
    hash_print(XXH3_128bits(file->plain.data, file->plain.size), hash);
    fprintf(c, "    {\"%s\", \"%s\", \"%s\", {", file->path, file->type, hash);
    write_body(c, bin, &file->plain);
    write_coded(c, bin, file, gzip);
    write_coded(c, bin, file, brotli);
    fprintf(c, "}},\n");
}

/* Files of one path: the sorted list has them side by side. */
static void check_paths(void)
{
    for (size_t i = 1; i < file_count; i++)
        if (!strcmp(files[i - 1].path, files[i].path))
            fail("two folders have it", files[i].path);
}

static int is_named_before(int i, char **roots)
{
    size_t size = (size_t)(strchr(roots[i], '=') - roots[i]) + 1;
    for (int before = 0; before < i; before++)
        if (!strncmp(roots[before], roots[i], size))
            return 1;
    return 0;
}

static void write_root(FILE *c, const char *root)
{
    char hash[HASH_HEX + 1];
    size_t size = strlen(root);
    hash_assets(root, hash);
    fprintf(c, "    {\"%s\", \"%s\"},\n", root, hash);
    for (size_t f = 0; f < file_count; f++)
        if (!strncmp(files[f].path, root, size) && files[f].path[size] == '/' &&
            strstr(files[f].type, "text/html"))
            name_assets(&files[f], hash);
}

static void write_roots(FILE *c, int count, char **roots)
{
    int written_roots = 0;
    fprintf(c, "const struct site_root site_roots[] = {\n");
    for (int i = 0; i < count; i++) {
        if (is_named_before(i, roots))
            continue;
        char *root = strndup(roots[i], (size_t)(strchr(roots[i], '=') - roots[i]));
        write_root(c, root);
        free(root);
        written_roots++;
    }
    fprintf(c, "};\nconst size_t site_root_count = %d;\n", written_roots);
}

static void write_site(FILE *c, FILE *bin, const char *bin_name, int root_count, char **roots)
{
    fprintf(c,
            "#include \"endpoints/site.h\"\n\n"
            "__asm__(\".pushsection .rodata\\n\"\n"
            "        \".balign 16\\n\"\n"
            "        \".local site_bytes\\n\"\n"
            "        \"site_bytes:\\n\"\n"
            "        \".incbin \\\"%s\\\"\\n\"\n"
            "        \".byte 0\\n\"\n"
            "        \".popsection\\n\");\n"
            "extern const unsigned char site_bytes[] __attribute__((visibility(\"hidden\")));\n\n",
            bin_name);
    write_roots(c, root_count, roots);
    fprintf(c, "const struct site_file site_files[] = {\n");
    for (size_t i = 0; i < file_count; i++)
        write_file(c, bin, &files[i]);
    fprintf(c, "};\nconst size_t site_file_count = %zu;\n", file_count);
}

int main(int count, char **arguments)
{
    if (count < 4)
        fail("usage", "pack_site SITE.c SITE.bin ROOT=FOLDER...");
    for (int i = 3; i < count; i++) {
        char *equals = strchr(arguments[i], '=');
        if (!equals)
            fail("not ROOT=FOLDER", arguments[i]);
        char *root = strndup(arguments[i], (size_t)(equals - arguments[i]));
        add_folder(root, equals + 1);
        free(root);
    }
    qsort(files, file_count, sizeof(files[0]), by_path);
    check_paths();
    FILE *c = fopen(arguments[1], "w");
    FILE *bin = fopen(arguments[2], "wb");
    if (!c || !bin)
        fail("cannot be written", arguments[1]);
    write_site(c, bin, arguments[2], count - 3, arguments + 3);
    if (fclose(c) != 0 || fclose(bin) != 0)
        fail("cannot be written", arguments[1]);
    for (size_t i = 0; i < file_count; i++)
        free(files[i].plain.data);
    return 0;
}
