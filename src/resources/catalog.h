/*
 * The catalog: what is served, said as data (catalog/wbteampro.json, or remote.catalog). For each
 * resource its table, key, names, parents, verbs, and the columns that are hidden, kept, required,
 * searchable or constrained. The columns themselves are learnt from the database; model.h joins
 * the two.
 *
 * Immutable once read; everything lies in its arena.
 */
#ifndef PORTCULLIS_RESOURCES_CATALOG_H
#define PORTCULLIS_RESOURCES_CATALOG_H

#include "base/buffer.h"
#include "format/value.h"

enum catalog_kind {
    CATALOG_ROWS,      /* rows of a table */
    CATALOG_SETTINGS,  /* `config`: settings of the add-on and of WHMCS */
    CATALOG_DIRECTORY, /* `api/resources`: what the gateway serves */
};

/* A run of names from the catalog. */
struct catalog_names {
    struct slice *items;
    size_t count;
};

/* A column held to a constant: {"parent_type": "project"}. */
struct catalog_constant {
    struct slice column;
    struct slice value;
};

struct catalog_constants {
    struct catalog_constant *items;
    size_t count;
};

/*
 * One way a row hangs on its parent: its column holds the parent's id, or, with `through`, holds
 * the key of a row in another resource's table whose column holds the parent's id.
 */
struct catalog_link {
    struct slice column;
    struct catalog_constants where;
    struct slice through_resource; /* empty: direct */
    struct slice through_key;
    struct slice through_column;
};

/* A resource under which this one may stand in a chain; any of the links makes it belong there. */
struct catalog_parent {
    struct slice resource;  /* plural name of the parent */
    struct slice parameter; /* what the link is called as a filter: project_id */
    struct catalog_link *links;
    size_t link_count;
};

/* Rows that form threads: `bythread` answers one row a thread. */
struct catalog_threads {
    struct slice column; /* holds the thread's id; empty: no threads */
    bool shows_first;    /* the thread's first post, else its last version */
    struct slice
        rank; /* which row of a thread is the last: greatest rank, then key; empty: order */
    struct slice order; /* the last row's column that sorts the threads, most recent first */
    struct slice count; /* member that tells how many rows the thread has */
    struct slice last;  /* member that holds the last row; empty: none */
};

/* A record of another resource nested in each row: the one whose column holds the row's key, the
 * lowest of them, or the one that the chain came through. */
struct catalog_object {
    struct slice name; /* empty: none */
    struct slice resource;
    struct slice column;
};

/* Rows of another table nested in a single record. */
struct catalog_list {
    struct slice name; /* empty: none */
    struct slice singular;
    struct slice table;
    struct slice key;
    struct slice column; /* holds the record's key */
    struct slice sort;
    struct catalog_names sent;
};

/* Which columns say where a file's bytes lie and what they are. */
struct catalog_download {
    struct slice path; /* empty: no download */
    struct slice name;
    struct slice type;
    struct slice sha256;
    struct slice size; /* in bytes */
};

/*
 * One way in which a row is visible to a caller who does not see everything; all parts given must
 * hold. At least one is given.
 */
struct catalog_condition {
    struct catalog_constants where; /* columns with these values; '' also stands for NULL */
    struct slice viewer;            /* holds the caller's admin id */
    struct slice viewer_or_nobody;  /* the same, or 0 (NULL too) */
    struct slice department;        /* holds a ticket department of the caller */
    struct slice referrer;          /* a resource of which a visible row … */
    struct slice referrer_column;   /* … holds this row's key here */
};

/* A column that names a row of another resource, where the constants hold; 0 (NULL too) names
 * none. */
struct catalog_below {
    struct slice resource;
    struct slice column;
    struct catalog_constants where;
};

/*
 * Who sees a row. It is visible when every row that it names by `below` is visible, or when any of
 * the conditions holds. What hangs below a row follows that row's `below`, where it has one: the
 * conditions beside it let through the row alone. Without either, everybody sees every row.
 * Source: auth-and-bans.md, "Admin login", step 5; remote-api.md section 7, whmcstickets.
 */
struct catalog_visible {
    bool is_by_parents; /* `below` is "parents": the resource's direct links */
    struct catalog_below *below;
    size_t below_count;
    struct catalog_condition *any;
    size_t any_count;
};

/* How far `below` and `referrer` may lead from a resource. */
enum { CATALOG_MOST_VISIBLE_STEPS = 4 };

struct catalog_values {
    struct slice column;
    struct catalog_names allowed;
};

/* --- writing (remote-api.md, section 6; catalog_rules.c reads it) --------------------------- */

enum {
    /* Columns of a resource that name others, direct links to parents among them. */
    CATALOG_MOST_REFERENCES = 16,
    /* Resources that name each other one by one; locks are taken from the top of them downwards. */
    CATALOG_MOST_LEVELS = 5,
};

/* An integer column held between two numbers. */
struct catalog_bound {
    struct slice column;
    int64_t least;
    int64_t most;
};

/*
 * A column that names a row which must exist, where the constants hold; 0 names none, unless the
 * column is required. Either a resource of the catalog, whose row must be visible to the caller, or
 * a table of WHMCS's own. A resource's direct parent links are references without being said here.
 */
struct catalog_reference {
    struct slice column;
    struct catalog_constants where;
    struct slice resource; /* empty: table and key are given */
    struct slice table;
    struct slice key;
};

/* Rows that hang on rows of their own table. */
struct catalog_tree {
    struct slice column;   /* holds the parent's key, 0: a root; empty: no tree */
    struct slice children; /* counts a row's direct children; kept */
};

/* What clients may not do, and what the gateway keeps beside what they write. */
struct catalog_rules {
    struct catalog_bound *bounds;
    size_t bound_count;
    struct catalog_reference *references;
    size_t reference_count;
    struct catalog_names now_on_create; /* these columns get NOW() */
    struct catalog_names now_on_update;
    struct catalog_names viewer;     /* on create: the caller's admin id */
    struct slice activity;           /* gets NOW() when something below is written; empty: none */
    struct catalog_tree tree;        /* column empty: none */
    struct catalog_constant locked;  /* rows with this value, and all below, are read-only: 409 */
    struct catalog_constant closed;  /* a thread whose first row has this takes no posts: 409 */
    struct slice invoice;            /* not 0: deleting it needs params.force; empty: none */
    struct catalog_names dependants; /* resources whose references here are deleted along */
};

struct catalog_resource {
    enum catalog_kind kind;
    struct slice name; /* plural; the member's name in answers */
    struct slice singular;
    struct slice table;
    struct slice key;
    struct catalog_names methods;
    struct catalog_parent *parents;
    size_t parent_count;
    struct catalog_constants where; /* rows outside do not exist */
    struct catalog_visible visible; /* rows outside do not exist for some callers */
    struct catalog_names known;     /* what the table is known to have, for `check` */
    struct catalog_names sent;      /* only these columns; empty: all but the hidden */
    struct catalog_names hidden;
    struct catalog_names kept;
    struct catalog_names required;
    struct catalog_names search;
    struct catalog_values *values;
    size_t value_count;
    struct catalog_threads threads;
    struct catalog_object object;
    struct catalog_list list;
    struct catalog_download download;
    struct catalog_rules rules;
    struct slice module;        /* settings: the add-on's name in tbladdonmodules */
    struct catalog_names never; /* settings: names never given */
};

struct catalog {
    struct arena arena; /* owns everything here */
    struct catalog_resource *resources;
    size_t resource_count;
};

/* The compiled-in catalog's text. */
struct slice catalog_default_text(void);

/* Reads a catalog; faults are appended to problems, one a line, each naming source, resource and
 * member. *catalog is NULL unless RESULT_OK. */
enum result catalog_read(struct slice text, const char *source, struct catalog **catalog,
                         struct buffer *problems);
/* The same from a file. */
enum result catalog_read_file(const char *path, struct catalog **catalog, struct buffer *problems);
/* The file; where path is empty, the one compiled in. */
enum result catalog_load(const char *path, struct catalog **catalog, struct buffer *problems);
void catalog_destroy(struct catalog *catalog);

bool catalog_names_hold(const struct catalog_names *names, struct slice name);

#endif
