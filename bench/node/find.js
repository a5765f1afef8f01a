'use strict';
// The statements of a request: one record, or one page of a list and its total.

const { Refusal } = require('./refusal');
const { invalid } = require('./request');

async function record(pool, { resource, id }, parent) {
  const belongs = parent ? ` AND \`${resource.parents[parent.name]}\` = ?` : '';
  const [rows] = await pool.execute(
    `SELECT ${resource.select} FROM \`${resource.table}\` WHERE \`${resource.key}\` = ?${belongs}`,
    parent ? [id, parent.id] : [id],
  );
  if (rows.length === 0) {
    throw new Refusal(404, 'Record Not Found', 'record_not_found', resource.key);
  }
  return rows[0];
}

// By key when the order is the key's: the token is the last key of the page before.
function continued(find, resource) {
  const after = Number(Buffer.from(String(find.cursor), 'base64url').toString());
  if (!find.byKey || !Number.isInteger(after)) {
    throw invalid('cursor');
  }
  return {
    where: [...find.where, `\`${resource.key}\` ${find.descending ? '<' : '>'} ?`],
    values: [...find.values, after],
  };
}

function clause(where) {
  return where.length > 0 ? ` WHERE ${where.join(' AND ')}` : '';
}

// Deep pages read the keys first and only the page's own rows whole. All of it is bound, so that
// mysql2 prepares a statement once a connection, whatever the numbers.
async function page(pool, resource, find) {
  const { where, values } = find.cursor === null ? find : continued(find, resource);
  const from = `FROM \`${resource.table}\``;
  const tail = `${clause(where)} ORDER BY ${find.order} LIMIT ?`;
  if (find.offset === 0) {
    const sql = `SELECT ${resource.select} ${from}${tail}`;
    const [rows] = await pool.execute(sql, [...values, find.limit + 1]);
    return rows;
  }
  const sql =
    `SELECT ${resource.select} ${from} JOIN (SELECT \`${resource.key}\` ${from}${tail} OFFSET ?)` +
    ` AS page USING (\`${resource.key}\`) ORDER BY ${find.order}`;
  const [rows] = await pool.execute(sql, [...values, find.limit + 1, find.offset]);
  return rows;
}

async function total(pool, resource, find, seen, more) {
  if (find.count === 'none') {
    return null;
  }
  if (!more && find.cursor === null && (seen > 0 || find.offset === 0)) {
    return find.offset + seen;
  }
  const [rows] = await pool.execute(
    `SELECT COUNT(*) AS total FROM \`${resource.table}\`${clause(find.where)}`,
    find.values,
  );
  return rows[0].total;
}

async function list(pool, resource, find) {
  const rows = await page(pool, resource, find);
  const more = rows.length > find.limit;
  if (more) {
    rows.pop();
  }
  const count = await total(pool, resource, find, rows.length, more);
  const data = {
    total: count,
    page: Math.floor(find.offset / find.limit) + 1,
    pages: count === null ? null : Math.floor(count / find.limit),
    page_count: count === null ? null : Math.max(1, Math.ceil(count / find.limit)),
    limit: find.limit,
    offset: find.offset,
    filters: find.filters,
  };
  if (more) {
    data.next = Buffer.from(String(rows.at(-1)[resource.key])).toString('base64url');
  }
  return { data, rows };
}

// The records of a chain of which each link has its id, each under the one before it.
async function records(pool, links) {
  const response = { data: null };
  const filters = {};
  let parent = null;
  for (const link of links) {
    response[link.resource.singular] = await record(pool, link, parent);
    filters[link.resource.key] = link.id;
    parent = link;
  }
  response.data = { total: 1, page: 1, pages: 1, page_count: 1, limit: 1, offset: 0, filters };
  return response;
}

module.exports = { list, records };
