/*
 * What `config` serves, as it was read once: names and values in the order of the answer, and until
 * when it holds. Immutable once shared, and counted; any thread.
 *
 * As text it is what gateways leave each other in Redis:
 *
 *   {"read_at":1767225600000,"rows":[["project_prefix","PRJ"],["CompanyName","Beispiel GmbH"]]}
 */
#ifndef PORTCULLIS_WHMCS_SETTINGS_READING_H
#define PORTCULLIS_WHMCS_SETTINGS_READING_H

#include <stdatomic.h>

#include "whmcs/settings.h"

/* Of what is shared; a reading past one of them stays this gateway's own. */
enum { SETTINGS_READING_MOST_BYTES = 256 * 1024, SETTINGS_READING_MOST_ROWS = 4096 };

struct settings_reading {
    atomic_uint references;
    struct arena arena;
    struct setting *rows;
    uint64_t expires_us; /* monotonic; set before it is shared */
};

/* With one reference and a copy of rows; NULL when memory is out. */
struct settings_reading *settings_reading_create(const struct setting *rows);
struct settings_reading *settings_reading_share(struct settings_reading *reading);
void settings_reading_release(struct settings_reading *reading); /* NULL: nothing */

/* Appends the text. read_at_ms: Unix time of the moment it shows. False when memory is out or a
 * bound was passed: the text is to be thrown away. */
bool settings_reading_print(const struct settings_reading *reading, uint64_t read_at_ms,
                            struct buffer *out);

/*
 * Reads a text that anybody may have written: exactly the form above, within the bounds, with no
 * name but those of known, which this gateway's own database has shown, and with the same word as
 * known on what decides access (api_active, admin_super_roles). RESULT_INVALID, RESULT_LIMIT,
 * RESULT_DENIED (not as known), RESULT_NO_MEMORY; *reading is NULL then, and has one reference,
 * expiring at once, else.
 */
enum result settings_reading_parse(struct slice text, const struct settings_reading *known,
                                   uint64_t *read_at_ms, struct settings_reading **reading);

#endif
