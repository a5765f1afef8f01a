/* Most text is plain ASCII: that is found out eight bytes at a time, and copied in one piece. */
#include "format/xml_text.h"

#include <mxml.h>

#include "base/utf8.h"
#include "format/text_scan.h"

static const struct slice replacement = {"\xEF\xBF\xBD", 3};

/* Letters in both editions' tables, in order of code point. */
static const struct {
    uint32_t first;
    uint32_t last;
} letters[] = {
    {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x131},    {0x134, 0x13E}, {0x141, 0x148},
    {0x14A, 0x17E},   {0x388, 0x38A},   {0x38E, 0x3A1},   {0x3A3, 0x3CE}, {0x401, 0x40C},
    {0x40E, 0x44F},   {0x451, 0x45C},   {0x5D0, 0x5EA},   {0x621, 0x63A}, {0x3041, 0x3094},
    {0x30A1, 0x30FA}, {0x4E00, 0x9FA5}, {0xAC00, 0xD7A3},
};

static bool is_ascii_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_letter(uint32_t point)
{
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (point >= letters[i].first && point <= letters[i].last)
            return true;
    return false;
}

/* Takes one character off valid UTF-8 that begins with a byte from 0xC2 to 0xEF; else 0. */
static uint32_t take_character(const unsigned char *s, size_t *size)
{
    *size = s[0] < 0xE0 ? 2 : 3;
    if (s[0] < 0xE0)
        return (s[0] & 0x1FU) << 6U | (s[1] & 0x3FU);
    if (s[0] < 0xF0)
        return (s[0] & 0x0FU) << 12U | (s[1] & 0x3FU) << 6U | (s[2] & 0x3FU);
    return 0;
}

static bool wide_name_is_valid(struct slice text)
{
    const unsigned char *s = (const unsigned char *)text.data;
    if (!utf8_is_valid(text))
        return false;
    for (size_t i = 0; i < text.size;) {
        size_t size = 1;
        bool may_follow = i && ((s[i] >= '0' && s[i] <= '9') || s[i] == '-' || s[i] == '.');
        if (!may_follow && !is_ascii_letter(s[i]) &&
            (s[i] < 0x80 || !is_letter(take_character(s + i, &size))))
            return false;
        i += size;
    }
    return true;
}

bool xml_name_is_valid(struct slice text)
{
    size_t i = 0;
    while (i < text.size && is_ascii_letter((unsigned char)text.data[i]))
        i++;
    if (i == text.size)
        return i > 0;
    return wide_name_is_valid(text);
}

/* Two of the four that are escaped differ from another one in a single bit. */
static uint64_t marks_of(uint64_t word)
{
    return text_scan_controls(word) |
           text_scan_zeros((word | TEXT_SCAN_EACH('"' ^ '&')) ^ TEXT_SCAN_EACH('"' | '&')) |
           text_scan_zeros((word | TEXT_SCAN_EACH('<' ^ '>')) ^ TEXT_SCAN_EACH('<' | '>'));
}

bool xml_text_is_plain(struct slice text)
{
    bool is_ascii = false;
    return text_scan_is_unmarked(text, marks_of, &is_ascii) && is_ascii;
}

/* The length of the forbidden character at s, 0 when it is allowed. U+FFFE and U+FFFF are EF BF BE
 * and EF BF BF. */
static size_t forbidden_size(const unsigned char *s, size_t size)
{
    if (s[0] < 0x20)
        return s[0] == '\t' || s[0] == '\n' || s[0] == '\r' ? 0 : 1;
    if (s[0] == 0xEF && size > 2 && s[1] == 0xBF && s[2] >= 0xBE)
        return 3;
    return 0;
}

static void append_allowed(struct buffer *out, struct slice text)
{
    size_t plain = 0;
    size_t i = 0;
    while (i < text.size) {
        size_t bad = forbidden_size((const unsigned char *)text.data + i, text.size - i);
        if (bad) {
            buffer_append(out, text.data + plain, i - plain);
            buffer_append_slice(out, replacement);
            plain = i + bad;
        }
        i += bad ? bad : 1;
    }
    buffer_append(out, text.data + plain, text.size - plain);
}

void xml_text_make_safe(struct buffer *out, struct slice text)
{
    struct buffer repaired;
    buffer_init(&repaired);
    if (!utf8_is_valid(text)) {
        utf8_append_repaired(&repaired, text);
        text = buffer_slice(&repaired);
    }
    out->size = 0;
    append_allowed(out, text);
    buffer_append_char(out, '\0');
    out->has_failed |= repaired.has_failed;
    buffer_clear(&repaired);
}

/* Bytes of UTF-8 that begin a character which may not stay as it is. */
static const bool is_odd[256] = {[0 ... '\t' - 1] = true,
                                 ['\n' + 1 ... ' ' - 1] = true,
                                 ['"'] = true,
                                 ['&'] = true,
                                 ['<'] = true,
                                 ['>'] = true,
                                 [0xEF] = true};

/* Appends what stands for the odd character that text begins with, and takes it off. */
static struct slice append_odd(struct buffer *out, struct slice text)
{
    const unsigned char c = (unsigned char)text.data[0];
    const char *entity = mxmlEntityGetName(c);
    size_t forbidden = forbidden_size((const unsigned char *)text.data, text.size);
    if (entity) {
        buffer_append_char(out, '&');
        buffer_append_slice(out, slice_from(entity));
        buffer_append_char(out, ';');
    } else if (c == '\r') {
        buffer_append_slice(out, XML_TEXT_RETURN);
    } else {
        buffer_append_slice(out, forbidden ? replacement : slice_of(text.data, 1));
    }
    return slice_skip(text, forbidden ? forbidden : 1);
}

static void append_escaped(struct buffer *out, struct slice text)
{
    while (text.size) {
        size_t plain = 0;
        while (plain < text.size && !is_odd[(unsigned char)text.data[plain]])
            plain++;
        buffer_append(out, text.data, plain);
        text = slice_skip(text, plain);
        if (text.size)
            text = append_odd(out, text);
    }
}

void xml_text_append(struct buffer *out, struct slice text)
{
    struct buffer repaired;
    if (utf8_is_valid(text)) {
        append_escaped(out, text);
        return;
    }
    buffer_init(&repaired);
    utf8_append_repaired(&repaired, text);
    append_escaped(out, buffer_slice(&repaired));
    out->has_failed |= repaired.has_failed;
    buffer_clear(&repaired);
}
