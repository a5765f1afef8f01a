/* Error texts of others, file names: whatever anybody chose. */
#include "cli/foreign_text.h"

#include <stdio.h>

#include "base/utf8.h"

size_t foreign_text_print(struct slice text)
{
    size_t shown = 0;
    while (text.size) {
        size_t size = utf8_harmless_size(text);
        if (text.data[0] == '\\')
            shown += (size_t)printf("\\\\");
        else if (size)
            shown += fwrite(text.data, size, 1, stdout);
        else
            shown += (size_t)printf("\\x%02x", (unsigned char)text.data[0]);
        text = slice_skip(text, size ? size : 1);
    }
    return shown;
}
