'use strict';
// Action chain and params of a request, checked.

const { resources } = require('./catalog');
const { Refusal } = require('./refusal');

const ID = /^[1-9][0-9]{0,18}$/;
const WORDS = new Set(['limit', 'page', 'offset', 'sort', 'cursor', 'count']);
const OPERATORS = { eq: '=', ne: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' };
const MAX_LIMIT = 500;

function malformed(code, field, detail) {
  return new Refusal(400, 'Request Invalid or Bad Format', code, field, detail);
}

function invalid(name) {
  return new Refusal(
    422,
    `The value provided for ${name} is invalid or not allowed.`,
    'invalid_value',
    name,
  );
}

// "v1/projects/17/actions/json" becomes links [{name, resource, id}], the last possibly without id.
function chain(path) {
  const segments = path.split('/').filter((segment) => segment !== '').map(decodeURIComponent);
  if (segments.shift() !== 'v1') {
    throw malformed('bad_version', null, 'the chain begins with v1');
  }
  if (segments.pop() !== 'json') {
    throw malformed('bad_format', null, 'the chain ends with json');
  }
  const action = segments.join('/');
  const links = [];
  while (segments.length > 0) {
    const name = segments.shift();
    const resource = Object.hasOwn(resources, name) ? resources[name] : null;
    const parent = links.at(-1);
    if (!resource || (parent && !(parent.name in resource.parents))) {
      throw Object.assign(
        new Refusal(404, `Unknown resource "${name}"`, 'unknown_resource', null),
        { action },
      );
    }
    const link = { name, resource, id: null };
    if (segments.length > 0 && /^[-+0-9]/.test(segments[0])) {
      const id = segments.shift();
      if (!ID.test(id)) {
        throw Object.assign(malformed('bad_id', null, `"${id}" is no id`), { action });
      }
      link.id = Number(id);
    }
    links.push(link);
  }
  return { action, links };
}

function integer(params, name, fallback, low, high) {
  if (!(name in params)) {
    return fallback;
  }
  const value = Number(params[name]);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw invalid(name);
  }
  return value;
}

function scalar(name, type, value) {
  if (type === 'number') {
    const number = typeof value === 'string' && value.trim() === '' ? NaN : Number(value);
    if (Number.isNaN(number)) {
      throw invalid(name);
    }
    return number;
  }
  if (typeof value === 'object') {
    throw invalid(name);
  }
  return String(value);
}

function filter(find, resource, name, value) {
  const type = resource.columns.get(name);
  if (type === undefined) {
    throw malformed('unknown_parameter', name, `"${name}" is not known`);
  }
  if (value === null) {
    find.where.push(`\`${name}\` IS NULL`);
    find.filters[name] = null;
  } else if (Array.isArray(value)) {
    if (value.length === 0) {
      throw invalid(name);
    }
    find.where.push(`\`${name}\` IN (${value.map(() => '?').join(', ')})`);
    find.filters[name] = value.map((item) => scalar(name, type, item));
    find.values.push(...find.filters[name]);
  } else if (typeof value === 'object') {
    find.filters[name] = {};
    for (const [operator, operand] of Object.entries(value)) {
      if (!(operator in OPERATORS)) {
        throw invalid(name);
      }
      const checked = scalar(name, type, operand);
      find.where.push(`\`${name}\` ${OPERATORS[operator]} ?`);
      find.filters[name][operator] = checked;
      find.values.push(checked);
    }
  } else {
    const checked = scalar(name, type, value);
    find.where.push(`\`${name}\` = ?`);
    find.filters[name] = checked;
    find.values.push(checked);
  }
}

function order(find, resource, sort) {
  find.descending = false;
  const parts = [];
  for (const part of String(sort ?? resource.key).split(',')) {
    const descending = part.startsWith('-');
    const name = descending ? part.slice(1) : part;
    if (!resource.columns.has(name)) {
      throw invalid('sort');
    }
    parts.push(`\`${name}\`${descending ? ' DESC' : ''}`);
    find.descending = descending;
    if (name === resource.key) {
      find.byKey = parts.length === 1;
      return parts.join(', ');
    }
  }
  find.byKey = false;
  return `${parts.join(', ')}, \`${resource.key}\`${find.descending ? ' DESC' : ''}`;
}

function parse(text) {
  if (text === undefined || text === '') {
    return {};
  }
  let params;
  try {
    params = JSON.parse(text);
  } catch {
    throw malformed('bad_json', 'params', 'params is no JSON object');
  }
  if (params === null || (Array.isArray(params) && params.length === 0)) {
    return {};
  }
  if (typeof params !== 'object' || Array.isArray(params)) {
    throw malformed('bad_json', 'params', 'params is no JSON object');
  }
  return params;
}

// What to find in a list: where, values, filters, limit, offset, order.
function finding(resource, parents, text) {
  const params = parse(text);
  const find = { where: [], values: [], filters: {} };
  for (const [name, id] of Object.entries(parents)) {
    find.where.push(`\`${name}\` = ?`);
    find.values.push(id);
    find.filters[name] = id;
  }
  for (const [name, value] of Object.entries(params)) {
    if (!WORDS.has(name)) {
      filter(find, resource, name, value);
    }
  }
  find.limit = integer(params, 'limit', 50, 1, MAX_LIMIT);
  const page = integer(params, 'page', 1, 1, Number.MAX_SAFE_INTEGER);
  find.offset = integer(params, 'offset', (page - 1) * find.limit, 0, Number.MAX_SAFE_INTEGER);
  find.order = order(find, resource, params.sort);
  find.count = params.count ?? 'default';
  find.cursor = params.cursor ?? null;
  return find;
}

module.exports = { chain, finding, invalid, malformed, parse };
