/*
 * Renders the documentation for the binary, at build time:
 *
 *   render_docs SOURCE ORDER FRAME OUT
 *
 * SOURCE is the source tree, ORDER a list of its pages (pages/docs/order.txt), FRAME the HTML
 * around each of them, OUT an empty folder. A page docs/a.md becomes OUT/a.html, docs/README.md
 * OUT/index.html; a .md file of docs/ that ORDER does not name stands at the end. Headings get the
 * anchors that GitHub gives them. A link to another page leads to that page as it is served, a link
 * to another file of the source tree to a copy of it below OUT/files/. A link that leads nowhere
 * ends the build.
 */
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

enum { MOST_PAGES = 100, MOST_HEADINGS = 400, LONGEST_PATH = 512 };

struct heading {
    int level;
    char *text;
    char *slug;
};

struct page {
    char source[LONGEST_PATH]; /* docs/settings.md */
    char name[LONGEST_PATH];   /* settings.html */
    const char *section;       /* above it in the list of pages; borrowed of sections */
    char *label;               /* in the list of pages; NULL: its title up to a colon */
    cmark_node *document;
    struct heading headings[MOST_HEADINGS];
    size_t heading_count;
};

static struct page pages[MOST_PAGES];
static size_t page_count;
static char *sections[MOST_PAGES];
static size_t section_count;
static const char *source_root;
static const char *out_folder;
static int faults;

/* What the gateway serves beside the documentation: the same names below BASE/. */
static const char *const served[] = {"sandbox/", "reference/", "openapi.json"};

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "render_docs: %s: %s\n", what, name);
    exit(1);
}

/* Each fault of a page is told, not the first alone. */
static void complain(const struct page *page, const char *what, const char *url)
{
    fprintf(stderr, "%s: %s: %s\n", page->source, what, url);
    faults++;
}

__attribute__((format(printf, 2, 3))) static void path_print(char path[LONGEST_PATH],
                                                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(path, LONGEST_PATH, format, arguments);
    va_end(arguments);
    if (size < 0 || size >= LONGEST_PATH)
        fail("a path is too long", path);
}

/* --- files --------------------------------------------------------------------------------- */

static char *read_file(const char *name, size_t *size)
{
    struct stat facts;
    FILE *in = fopen(name, "rb");
    if (!in || fstat(fileno(in), &facts) != 0 || !S_ISREG(facts.st_mode))
        fail("cannot be read", name);
    char *text = malloc((size_t)facts.st_size + 1);
    *size = fread(text, 1, (size_t)facts.st_size, in);
    text[*size] = '\0';
    fclose(in);
    return text;
}

static void write_file(const char *name, const char *text, size_t size)
{
    FILE *out = fopen(name, "wb");
    if (!out || fwrite(text, 1, size, out) != size || fclose(out) != 0)
        fail("cannot be written", name);
}

static void copy_file(const char *from, const char *name)
{
    char to[LONGEST_PATH];
    size_t size;
    path_print(to, "%s/files", out_folder);
    if (mkdir(to, 0755) != 0 && errno != EEXIST)
        fail("cannot be made", to);
    path_print(to, "%s/%s", out_folder, name);
    char *text = read_file(from, &size);
    write_file(to, text, size);
    free(text);
}

/* --- the list of pages --------------------------------------------------------------------- */

static struct page *find_page(const char *source)
{
    for (size_t i = 0; i < page_count; i++)
        if (!strcmp(pages[i].source, source))
            return &pages[i];
    return NULL;
}

static void add_section(const char *name)
{
    if (section_count == MOST_PAGES)
        fail("too many sections", name);
    sections[section_count++] = strdup(name);
}

static void add_page(const char *source, const char *label)
{
    if (page_count == MOST_PAGES || find_page(source))
        fail("too many pages, or named twice", source);
    struct page *page = &pages[page_count++];
    const char *base = strrchr(source, '/');
    path_print(page->source, "%s", source);
    path_print(page->name, "%s", base ? base + 1 : source);
    for (char *c = page->name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    path_print(page->name + strlen(page->name) - 3, ".html");
    if (!strcmp(source, "docs/README.md"))
        path_print(page->name, "index.html");
    page->section = section_count ? sections[section_count - 1] : "";
    page->label = label ? strdup(label) : NULL;
}

/* A line is "# Section", or a page's path and what it is called in the list. */
static void read_order_line(char *line)
{
    if (line[0] == '#') {
        add_section(line + 1 + strspn(line + 1, " "));
        return;
    }
    char *label = strchr(line, ' ');
    if (label)
        *label++ = '\0';
    size_t size = strlen(line);
    if (size < 4 || strcmp(line + size - 3, ".md") != 0)
        fail("neither a section nor a page", line);
    add_page(line, label);
}

static void read_order(const char *name)
{
    size_t size;
    char *text = read_file(name, &size);
    for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        if (*line && strncmp(line, "//", 2) != 0)
            read_order_line(line);
    }
    free(text);
}

/* What the list forgot: in a section of its own, so that nothing that was written stays unread. */
static void add_others(void)
{
    char pattern[LONGEST_PATH];
    glob_t found;
    path_print(pattern, "%s/docs/*.md", source_root);
    if (glob(pattern, 0, NULL, &found) != 0)
        fail("holds no documentation", pattern);
    bool has_section = false;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *source = found.gl_pathv[i] + strlen(source_root) + 1;
        if (find_page(source))
            continue;
        if (!has_section)
            add_section("More");
        has_section = true;
        add_page(source, NULL);
    }
    globfree(&found);
}

/* --- headings ------------------------------------------------------------------------------ */

static char *plain_text(cmark_node *node)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cmark_iter *walk = cmark_iter_new(node);
    while (cmark_iter_next(walk) != CMARK_EVENT_DONE) {
        cmark_node *here = cmark_iter_get_node(walk);
        if (cmark_node_get_type(here) == CMARK_NODE_SOFTBREAK)
            fputc(' ', out);
        else if (cmark_node_get_literal(here))
            fputs(cmark_node_get_literal(here), out);
    }
    cmark_iter_free(walk);
    fclose(out);
    return text;
}

static bool has_slug(const struct page *page, const char *slug)
{
    for (size_t i = 0; i < page->heading_count; i++)
        if (!strcmp(page->headings[i].slug, slug))
            return true;
    return false;
}

/* As GitHub makes them: letters in lower case, spaces as hyphens, no punctuation (U+2000 to U+207F
 * is E2 80 xx and E2 81 xx). */
static char *make_slug(const struct page *page, const char *text)
{
    char *slug = malloc(strlen(text) + 16);
    char *to = slug;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (c[0] == 0xE2 && (c[1] == 0x80 || c[1] == 0x81) && c[2])
            c += 2;
        else if (*c == ' ')
            *to++ = '-';
        else if (isalnum(*c) || *c == '-' || *c == '_' || *c >= 0x80)
            *to++ = (char)tolower(*c);
    }
    *to = '\0';
    for (int i = 1; has_slug(page, slug); i++)
        sprintf(to, "-%d", i);
    return slug;
}

static void note_heading(struct page *page, cmark_node *node)
{
    if (page->heading_count == MOST_HEADINGS)
        fail("too many headings", page->source);
    struct heading heading = {.level = cmark_node_get_heading_level(node),
                              .text = plain_text(node)};
    heading.slug = make_slug(page, heading.text);
    page->headings[page->heading_count++] = heading;
}

static const char *title_of(const struct page *page)
{
    if (!page->heading_count || page->headings[0].level != 1)
        fail("a page begins with its title", page->source);
    return page->headings[0].text;
}

/* --- parsing ------------------------------------------------------------------------------- */

static void parse_page(struct page *page)
{
    static const char *const extensions[] = {"table", "strikethrough", "autolink"};
    char name[LONGEST_PATH];
    size_t size;
    path_print(name, "%s/%s", source_root, page->source);
    char *text = read_file(name, &size);
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_VALIDATE_UTF8);
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(extensions[i]));
    cmark_parser_feed(parser, text, size);
    page->document = cmark_parser_finish(parser);
    cmark_parser_free(parser);
    free(text);
    for (cmark_node *node = cmark_node_first_child(page->document); node;
         node = cmark_node_next(node))
        if (cmark_node_get_type(node) == CMARK_NODE_HEADING)
            note_heading(page, node);
}

/* --- links --------------------------------------------------------------------------------- */

/* path beside page, without "." and ".."; false: it leads out of the source tree. */
static bool resolve(const struct page *page, const char *path, char resolved[LONGEST_PATH])
{
    char whole[LONGEST_PATH];
    const char *slash = strrchr(page->source, '/');
    size_t used = 0;
    path_print(whole, "%.*s/%s", slash ? (int)(slash - page->source) : 0, page->source, path);
    bool is_folder = whole[strlen(whole) - 1] == '/';
    resolved[0] = '\0';
    for (char *rest = whole, *part = strsep(&rest, "/"); part; part = strsep(&rest, "/")) {
        if (!*part || !strcmp(part, "."))
            continue;
        if (!strcmp(part, "..")) {
            if (!used)
                return false;
            char *last = strrchr(resolved, '/');
            used = last ? (size_t)(last - resolved) : 0;
            resolved[used] = '\0';
        } else {
            path_print(resolved + used, "%s%s", used ? "/" : "", part);
            used = strlen(resolved);
        }
    }
    if (is_folder)
        path_print(resolved + used, "/");
    return true;
}

static bool is_served(const char *path)
{
    for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
        if (!strcmp(path, served[i]))
            return true;
    return false;
}

/* The address of a file that is no page: its copy, as plain text whatever it is; images as they
 * are. */
static bool file_address(const char *path, bool is_image, char url[LONGEST_PATH])
{
    char from[LONGEST_PATH];
    struct stat facts;
    path_print(from, "%s/%s", source_root, path);
    if (stat(from, &facts) != 0 || !S_ISREG(facts.st_mode))
        return false;
    path_print(url, "files/%s%s", path, is_image ? "" : ".txt");
    for (char *c = url + strlen("files/"); *c; c++)
        *c = *c == '/' ? '-' : *c;
    copy_file(from, url);
    return true;
}

static void check_anchor(const struct page *from, const struct page *to, const char *anchor,
                         const char *url)
{
    if (anchor && *anchor && !has_slug(to, anchor))
        complain(from, "no heading has this anchor", url);
}

static void mend_link(const struct page *page, cmark_node *node)
{
    const char *url = cmark_node_get_url(node);
    char path[LONGEST_PATH], resolved[LONGEST_PATH], mended[LONGEST_PATH];
    size_t word = strspn(url, "abcdefghijklmnopqrstuvwxyz+");
    if (url[word] == ':')
        return;
    path_print(path, "%.*s", (int)strcspn(url, "#"), url);
    const char *anchor = strchr(url, '#');
    if (!*path) {
        check_anchor(page, page, anchor && anchor[1] ? anchor + 1 : "?", url);
        return;
    }
    const struct page *to = NULL;
    if (path[0] != '/' && resolve(page, path, resolved))
        to = find_page(resolved);
    else
        resolved[0] = '\0';
    if (to) {
        check_anchor(page, to, anchor ? anchor + 1 : NULL, url);
        path_print(mended, "%s%s", strcmp(to->name, "index.html") ? to->name : "./",
                   anchor ? anchor : "");
    } else if (is_served(resolved)) {
        path_print(mended, "../%s%s", resolved, anchor ? anchor : "");
    } else if (!file_address(resolved, cmark_node_get_type(node) == CMARK_NODE_IMAGE, mended)) {
        complain(page, "a link that leads nowhere", url);
        return;
    }
    cmark_node_set_url(node, mended);
}

/* --- the page's own elements --------------------------------------------------------------- */

static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

/* An element of our own before node, empty. */
static cmark_node *put_element(cmark_node *node, const char *enter, const char *leave)
{
    cmark_node *element = cmark_node_new(CMARK_NODE_CUSTOM_BLOCK);
    cmark_node_set_on_enter(element, enter);
    cmark_node_set_on_exit(element, leave);
    cmark_node_insert_before(node, element);
    return element;
}

static void move_into(cmark_node *element, cmark_node *node)
{
    if (!cmark_node_append_child(element, node))
        fail("cannot be moved", cmark_node_get_type_string(node));
}

static char *heading_end(const struct heading *heading)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (heading->level > 1) {
        fprintf(out, "<a class=\"anchor\" href=\"#%s\" aria-label=\"Link to: ", heading->slug);
        print_escaped(out, heading->text);
        fputs("\">#</a>", out);
    }
    fprintf(out, "</h%d>", heading->level);
    fclose(out);
    return text;
}

static void put_heading(const struct heading *heading, cmark_node *node)
{
    char enter[LONGEST_PATH];
    path_print(enter, "<h%d id=\"%s\">", heading->level, heading->slug);
    char *leave = heading_end(heading);
    cmark_node *element = put_element(node, enter, leave);
    while (cmark_node_first_child(node))
        move_into(element, cmark_node_first_child(node));
    cmark_node_free(node);
    free(leave);
}

static void put_table(cmark_node *node)
{
    move_into(put_element(node, "<div class=\"table-frame\">", "</div>"), node);
}

static void mend_links(const struct page *page)
{
    cmark_iter *walk = cmark_iter_new(page->document);
    for (cmark_event_type event; (event = cmark_iter_next(walk)) != CMARK_EVENT_DONE;) {
        cmark_node *node = cmark_iter_get_node(walk);
        cmark_node_type type = cmark_node_get_type(node);
        if (event != CMARK_EVENT_ENTER)
            continue;
        if (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE)
            mend_link(page, node);
        else if (type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE)
            complain(page, "HTML is not rendered", cmark_node_get_literal(node));
    }
    cmark_iter_free(walk);
}

static void put_elements(const struct page *page)
{
    const struct heading *heading = page->headings;
    cmark_node *next;
    for (cmark_node *node = cmark_node_first_child(page->document); node; node = next) {
        next = cmark_node_next(node);
        if (cmark_node_get_type(node) == CMARK_NODE_HEADING)
            put_heading(heading++, node);
        else if (!strcmp(cmark_node_get_type_string(node), "table"))
            put_table(node);
    }
}

/* --- the frame ----------------------------------------------------------------------------- */

/* Of a title "The outbox: what it does" the first half names it. */
static void print_label(FILE *out, const struct page *page)
{
    char *title = strdup(page->label ? page->label : title_of(page));
    char *colon = strstr(title, ": ");
    if (colon)
        *colon = '\0';
    print_escaped(out, title);
    free(title);
}

static void print_link(FILE *out, const struct page *page, const struct page *here,
                       const char *more, const char *before)
{
    bool is_index = !strcmp(page->name, "index.html");
    fprintf(out, "<a href=\"%s\"%s%s>%s", is_index ? "./" : page->name,
            page == here ? " aria-current=\"page\"" : "", more, before);
    print_label(out, page);
    fputs("</a>", out);
}

static void print_pages(FILE *out, const struct page *here)
{
    const char *section = NULL;
    for (size_t i = 0; i < page_count; i++) {
        if (pages[i].section != section) {
            fprintf(out, "%s<h2>", section ? "</ul>\n" : "");
            section = pages[i].section;
            print_escaped(out, section);
            fputs("</h2>\n<ul>\n", out);
        }
        fputs("<li>", out);
        print_link(out, &pages[i], here, "", "");
        fputs("</li>\n", out);
    }
    fputs("</ul>", out);
}

static void print_contents(FILE *out, const struct page *page)
{
    size_t count = 0;
    for (size_t i = 0; i < page->heading_count; i++)
        count += page->headings[i].level == 2;
    if (count < 2)
        return;
    fputs("<nav class=\"contents\" aria-labelledby=\"contents-title\"><h2 "
          "id=\"contents-title\">On this page</h2>\n<ul>\n",
          out);
    for (size_t i = 0; i < page->heading_count; i++) {
        if (page->headings[i].level != 2)
            continue;
        fprintf(out, "<li><a href=\"#%s\">", page->headings[i].slug);
        print_escaped(out, page->headings[i].text);
        fputs("</a></li>\n", out);
    }
    fputs("</ul></nav>", out);
}

static void print_neighbours(FILE *out, const struct page *page)
{
    if (page > pages)
        print_link(out, page - 1, page, " rel=\"prev\"", "<span>Before</span> ");
    if (page + 1 < pages + page_count)
        print_link(out, page + 1, page, " rel=\"next\"", "<span>Next</span> ");
}

static void print_title(FILE *out, const struct page *page)
{
    print_escaped(out, title_of(page));
}

static void print_content(FILE *out, const struct page *page)
{
    char *html = cmark_render_html(page->document, CMARK_OPT_DEFAULT, NULL);
    fputs(html, out);
    free(html);
}

static const struct {
    const char *mark;
    void (*print)(FILE *out, const struct page *page);
} marks[] = {
    {"@TITLE@", print_title},           {"@PAGES@", print_pages},
    {"@CONTENTS@", print_contents},     {"@CONTENT@", print_content},
    {"@NEIGHBOURS@", print_neighbours},
};

/* The mark that stands at text, or its end. */
static size_t print_mark(FILE *out, const struct page *page, const char *text)
{
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t size = strlen(marks[i].mark);
        if (!strncmp(text, marks[i].mark, size)) {
            marks[i].print(out, page);
            return size;
        }
    }
    return 0;
}

static void write_page(const struct page *page, const char *frame)
{
    char name[LONGEST_PATH];
    char *html = NULL;
    size_t size;
    FILE *out = open_memstream(&html, &size);
    while (*frame) {
        size_t used = print_mark(out, page, frame);
        if (!used)
            fputc(*frame++, out);
        frame += used;
    }
    fclose(out);
    path_print(name, "%s/%s", out_folder, page->name);
    write_file(name, html, size);
    free(html);
}

static void clear_page(struct page *page)
{
    for (size_t i = 0; i < page->heading_count; i++) {
        free(page->headings[i].text);
        free(page->headings[i].slug);
    }
    free(page->label);
    cmark_node_free(page->document);
}

int main(int count, char **arguments)
{
    size_t size;
    if (count != 5)
        fail("usage", "render_docs SOURCE ORDER FRAME OUT");
    source_root = arguments[1];
    out_folder = arguments[4];
    cmark_gfm_core_extensions_ensure_registered();
    read_order(arguments[2]);
    add_others();
    for (size_t i = 0; i < page_count; i++)
        parse_page(&pages[i]);
    char *frame = read_file(arguments[3], &size);
    for (size_t i = 0; i < page_count; i++) {
        mend_links(&pages[i]);
        put_elements(&pages[i]);
        write_page(&pages[i], frame);
    }
    free(frame);
    for (size_t i = 0; i < page_count; i++)
        clear_page(&pages[i]);
    for (size_t i = 0; i < section_count; i++)
        free(sections[i]);
    return faults ? 1 : 0;
}
