/* Cells by their kind; nested records by the plan's items. */
#include "resources/row.h"

#include <openssl/evp.h>

void row_print_binary(struct buffer *text, struct slice bytes)
{
    char *room = buffer_reserve(text, (bytes.size + 2) / 3 * 4 + 1);
    if (room)
        text->size += (size_t)EVP_EncodeBlock((unsigned char *)room,
                                              (const unsigned char *)bytes.data, (int)bytes.size);
}

static void write_binary(struct writer *writer, struct slice bytes)
{
    struct buffer text;
    buffer_init(&text);
    row_print_binary(&text, bytes);
    writer_string(writer, buffer_slice(&text));
    buffer_clear(&text);
}

static void write_cell(struct writer *writer, const struct database_cell *cell)
{
    if (cell->is_null) {
        writer_null(writer);
        return;
    }
    switch (cell->kind) {
    case DATABASE_KIND_INTEGER:
    case DATABASE_KIND_DECIMAL:
        writer_number(writer, cell->text);
        break;
    case DATABASE_KIND_TEXT:
    case DATABASE_KIND_TIME:
        writer_string(writer, cell->text);
        break;
    case DATABASE_KIND_BINARY:
        write_binary(writer, cell->text);
        break;
    }
}

/* NULL and '' differ, and so do ('a','bc') and ('ab','c'). */
static void add_to_record(struct tag_hash *record, const struct database_cell *cell)
{
    tag_hash_add(record, cell->is_null ? SLICE("N") : SLICE("V"));
    tag_hash_add(record, slice_of((const char *)&cell->text.size, sizeof(cell->text.size)));
    if (!cell->is_null)
        tag_hash_add(record, cell->text);
}

void row_write_members(struct writer *writer, const struct plan *plan,
                       const struct database_cell *cells, struct tag_hash *record)
{
    size_t cell = 0;
    for (size_t i = 0; i < plan->item_count; i++) {
        const struct plan_item *item = &plan->items[i];
        if (item->step == PLAN_OBJECT_END) {
            writer_object_end(writer);
            continue;
        }
        writer_key(writer, item->name);
        if (item->step == PLAN_OBJECT_BEGIN && cells[cell].is_null) {
            writer_null(writer);
            i += item->skip + 1;
            cell += item->skip;
        } else if (item->step == PLAN_OBJECT_BEGIN) {
            writer_object_begin(writer);
        } else {
            if (record && item->is_tagged)
                add_to_record(record, &cells[cell]);
            write_cell(writer, &cells[cell++]);
        }
    }
}
