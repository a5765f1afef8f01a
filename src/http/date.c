/* strftime and strptime speak the C locale here, which is what HTTP wants: nobody calls setlocale.
 */
#include "http/date.h"

#include <string.h>
#include <time.h>

struct slice http_date_print(int64_t seconds, char text[HTTP_DATE_BYTES])
{
    time_t time = (time_t)seconds;
    struct tm parts = {0};
    gmtime_r(&time, &parts);
    size_t size = strftime(text, HTTP_DATE_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return slice_of(text, size);
}

bool http_date_parse(struct slice text, int64_t *seconds)
{
    static const char *const forms[] = {
        "%a, %d %b %Y %H:%M:%S GMT", /* Sun, 06 Nov 1994 08:49:37 GMT */
        "%A, %d-%b-%y %H:%M:%S GMT", /* Sunday, 06-Nov-94 08:49:37 GMT */
        "%a %b %d %H:%M:%S %Y",      /* Sun Nov  6 08:49:37 1994 */
    };
    char copy[HTTP_DATE_BYTES];
    *seconds = 0;
    if (text.size == 0 || text.size >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm parts = {0};
        const char *end = strptime(copy, forms[i], &parts);
        if (end == NULL || end != copy + text.size)
            continue;
        *seconds = (int64_t)timegm(&parts);
        return true;
    }
    return false;
}
