/*
 * The learnt schema: which columns the tables really have, read from information_schema.
 * Immutable once read; owned by the model that was built from it.
 */
#ifndef PORTCULLIS_WHMCS_SCHEMA_H
#define PORTCULLIS_WHMCS_SCHEMA_H

#include "base/arena.h"
#include "store/database.h"

enum schema_type {
    SCHEMA_INTEGER,
    SCHEMA_DECIMAL,
    SCHEMA_FLOAT,
    SCHEMA_TEXT,
    SCHEMA_ENUM,
    SCHEMA_DATE,
    SCHEMA_DATETIME, /* timestamp too */
    SCHEMA_TIME,
    SCHEMA_BINARY,
};

struct schema_column {
    struct slice name;
    enum schema_type type;
    struct slice type_text; /* as MySQL says it: int(10) unsigned */
    bool is_nullable;
    bool is_unsigned;
    bool has_default;      /* an INSERT may leave it out */
    bool is_counted;       /* AUTO_INCREMENT */
    bool is_computed;      /* a generated column: nobody writes it */
    bool takes_four_bytes; /* text: its character set is utf8mb4 */
    bool takes_unicode;    /* text: its character set is utf8mb3 or utf8mb4 */
    uint64_t length;       /* text: characters; binary: bytes; 0 where it does not apply */
    unsigned integer_bits; /* 8, 16, 24, 32, 64 */
    unsigned precision;    /* decimal */
    unsigned scale;
    struct slice *allowed; /* enum */
    size_t allowed_count;
};

struct schema_table {
    struct slice name; /* as asked for; columns empty when the database has no such table */
    struct schema_column *columns; /* in the table's order */
    size_t column_count;
    bool exists;
};

struct schema {
    struct arena arena; /* owns everything here */
    struct slice server_version;
    bool is_mariadb;
    struct schema_table *tables;
    size_t table_count;
};

/* Reads the named tables (and no others) of the connection's database in two statements. */
enum result schema_read(struct database *database, const struct slice *names, size_t name_count,
                        struct schema **schema);
void schema_destroy(struct schema *schema);

/* NULL when that table was not asked for. */
const struct schema_table *schema_table_find(const struct schema *schema, struct slice name);
const struct schema_column *schema_column_find(const struct schema_table *table, struct slice name);

enum schema_fit { SCHEMA_FITS, SCHEMA_LACKS_CHARACTERS, SCHEMA_TOO_LONG };

/* Are all characters of valid UTF-8 in the text column's character set, as far as can be said
 * here? What other sets than Unicode's have, the server knows: in strict mode it refuses the rest.
 */
bool schema_column_has_characters(const struct schema_column *column, struct slice text);
/* Is the text column's length one of characters? Else it is one of bytes of UTF-8. */
bool schema_column_counts_characters(const struct schema_column *column);
/* Whether the text column can hold that text whole, likewise. */
enum schema_fit schema_column_fits_text(const struct schema_column *column, struct slice text);

#endif
