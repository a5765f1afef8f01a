/** A request as the page holds it, and what it is on the wire. Credentials are no part of it. */
import { Exact, compact, indent, isObject, parse } from './json.js';

export const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
export const FORMS = [['clean', 'Clean'], ['rewritten', 'Rewritten'], ['direct', 'Direct']];
export const OPERATORS = [
  ['eq', '='], ['ne', '≠'], ['gt', '>'], ['gte', '≥'], ['lt', '<'], ['lte', '≤'],
  ['like', 'like'], ['in', 'one of'], ['nin', 'none of'], ['null', 'is null'], ['notnull', 'is not null'],
];
/** List words that a list among siblings may have of its own; the first four apply to all of them too. */
export const SHARED_WORDS = ['limit', 'page', 'offset', 'count'];
const NUMBER_WORDS = new Set(['limit', 'page', 'offset']);

export const emptyScope = () => ({ filters: [], words: {} });

export function newRequest(more = {}) {
  return {
    api: 'remote', method: 'GET', links: [], siblings: [], verb: '', format: 'json',
    scopes: { '': emptyScope() }, values: {}, dryRun: false, force: false, idempotencyKey: '', ifMatch: '',
    raw: null, file: null, abuse: {}, ...more,
  };
}

export const lastLink = (request) => request.links.at(-1);
export const isBelow = (request) => request.links.length > 1;
export const isDownload = (request) => request.verb === 'download';
export const needsFile = (request) => request.verb === 'content';

/** A list is asked for: filters and list words mean something. */
export function isList(request) {
  const last = lastLink(request);
  return request.api === 'remote' && request.method === 'GET' && Boolean(last) && !last.id && !last.wantsId &&
    !['api', 'config'].includes(last.name) && (!request.verb || request.verb === 'bythread');
}

/** Whether one record is read: of the list words only fields has a meaning there. */
export function isRecord(request) {
  const last = lastLink(request);
  return request.api === 'remote' && request.method === 'GET' && Boolean(last?.wantsId) && !request.verb && last.name !== 'config';
}

export function allowedMethods(request, catalog) {
  const last = lastLink(request);
  const offered = catalog.get(last?.name)?.methods ?? ['GET'];
  const verb = catalog.get(last?.name)?.verbs.find((one) => one.name === request.verb);
  if (verb) return [verb.method];
  if (request.siblings.length) return ['GET'];
  return METHODS.filter((method) => offered.includes(method) &&
    (last.id ? method !== 'POST' : method === 'GET' || method === 'POST'));
}

/** projects/100/actions,timelogs */
export function chainOf(request) {
  const parts = [];
  for (const link of request.links) {
    parts.push(link.name);
    if (link.id) parts.push(link.id);
  }
  if (request.siblings.length) parts[parts.length - 1] = [parts.at(-1), ...request.siblings].join(',');
  if (request.verb) parts.push(request.verb);
  return parts;
}

/** The members of `response` that hold rows or records: [name, isList]. */
export function resultMembers(request, catalog) {
  const last = lastLink(request);
  const resource = catalog?.get(last?.name);
  if (!resource) return [];
  if (request.method === 'DELETE') return [['deleted', false]];
  if (last.name === 'api') return [['resources', true]];
  if (last.name === 'config') return [['config', false]];
  if (request.method === 'GET' && !last.id) return [last.name, ...request.siblings].map((name) => [name, true]);
  return Array.isArray(paramsOf(request, catalog).value) ? [[resource.name, true]] : [[resource.singular, false]];
}

/* --- parameters --------------------------------------------------------------------------------- */

/** Numbers that JavaScript keeps exactly are sent as numbers, all else as it was typed. */
export function typed(text, field) {
  const isSafe = field?.type === 'integer' && /^-?(0|[1-9]\d{0,14})$/.test(text);
  return isSafe ? Number(text) : text;
}

const split = (text) => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

function conditionOf(filter, field) {
  const { operator, value } = filter;
  if (operator === 'in' || operator === 'nin') return split(value).map((part) => typed(part, field));
  return typed(value, field);
}

function addFilter(params, filter, field) {
  const { column, operator } = filter;
  const before = params[column];
  if (before === undefined && operator === 'eq') params[column] = conditionOf(filter, field);
  else if (before === undefined && operator === 'in') params[column] = conditionOf(filter, field);
  else if (before === undefined && operator === 'null') params[column] = null;
  else {
    const conditions = asConditions(before);
    if (operator === 'null' || operator === 'notnull') conditions.null = operator === 'null';
    else conditions[operator] = conditionOf(filter, field);
    params[column] = conditions;
  }
}

function asConditions(before) {
  if (before === undefined) return {};
  if (before === null) return { null: true };
  if (Array.isArray(before)) return { in: before };
  return typeof before === 'object' ? before : { eq: before };
}

function scopeParams(scope, resource, catalog) {
  const params = {};
  for (const filter of scope?.filters ?? [])
    if (filter.column && (filter.value !== '' || filter.operator.endsWith('null')))
      addFilter(params, filter, catalog?.field(resource, filter.column));
  for (const [word, text] of Object.entries(scope?.words ?? {}))
    if (text !== '') params[word] = NUMBER_WORDS.has(word) && /^\d{1,9}$/.test(text) ? Number(text) : text;
  return params;
}

function listParams(request, catalog) {
  const last = lastLink(request).name;
  if (!request.siblings.length) return scopeParams(request.scopes[''], last, catalog);
  const params = scopeParams(request.scopes[''], null, catalog);
  for (const name of [last, ...request.siblings]) {
    const own = scopeParams(request.scopes[name], name, catalog);
    if (Object.keys(own).length) params[name] = own;
  }
  return params;
}

function recordParams(request) {
  const fields = request.scopes['']?.words.fields;
  return fields ? { fields } : {};
}

function writeParams(request, catalog) {
  const params = {};
  const resource = lastLink(request).name;
  if (request.method !== 'DELETE')
    for (const [name, { mode, text }] of Object.entries(request.values)) {
      if (mode === 'null') params[name] = null;
      else if (mode === 'empty') params[name] = '';
      else if (text !== '') params[name] = typed(text, catalog?.field(resource, name));
    }
  if (request.dryRun) params.dry_run = true;
  if (request.force && request.method === 'DELETE') params.force = true;
  return params;
}

/** {value} or {error}: what goes into params. */
export function paramsOf(request, catalog) {
  if (request.raw !== null) return readRaw(request.raw);
  if (isList(request)) return { value: listParams(request, catalog) };
  if (isRecord(request)) return { value: recordParams(request) };
  if (request.method === 'GET' || needsFile(request) || !lastLink(request)) return { value: {} };
  return { value: writeParams(request, catalog) };
}

/** params as they are sent, or '' when there are none. JSON that was typed goes as it is: its numbers may be more than
 * JavaScript can hold. */
export function paramsText(request, catalog) {
  const { value, error } = paramsOf(request, catalog);
  if (!Array.isArray(value) && !Object.keys(value).length) return '';
  return request.raw !== null && !error ? compact(request.raw) : JSON.stringify(value);
}

function readRaw(text) {
  if (!text.trim()) return { value: {} };
  try {
    const value = parse(text);
    if (isObject(value) || Array.isArray(value)) return { value };
    return { value: {}, error: 'params must be a JSON object, or a list of objects' };
  } catch (error) {
    return { value: {}, error: error.message };
  }
}

/* --- addresses ---------------------------------------------------------------------------------- */

/** Where a chain is asked for in each of the three forms: {url, action}. url has no query but the direct form's. */
export function addressOf(apiUrl, request, form) {
  const segments = ['v1', ...chainOf(request).map((part) => encodeURIComponent(part).replaceAll('%2C', ',')), request.format];
  const api = apiUrl.replace(/\/+$/, '');
  if (form === 'clean') return { url: `${api}/${segments.join('/')}`, action: null };
  if (form === 'rewritten') return { url: `${api.replace(/\.php$/, '')}/${segments.join('/')}`, action: null };
  return { url: api, action: segments.join('.') };
}

/** The pairs that a client sends beside the address, credentials first. */
export function pairsOf(request, catalog, user) {
  const pairs = needsFile(request) ? [] : [['username', user.name], ['password', user.hash]];
  const params = paramsText(request, catalog);
  if (params) pairs.push(['params', params]);
  return pairs;
}

/** The login as a field, for requests whose body is a file: no address holds it. */
export function authorizationOf(user) {
  const login = `${user.name}:${user.hash}`;
  if (!/^[0-9a-f]{32}$/i.test(user.hash)) return ['Authorization', `Portcullis BASE64_OF_${login}`];
  return ['Authorization', `Portcullis ${btoa(String.fromCharCode(...new TextEncoder().encode(login)))}`];
}

/** As a browser's address line would take it: readable, only what must be is encoded. */
export function queryText(pairs) {
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value).replace(/%(2C|3A|2F|40)/g, decodeURIComponent)}`).join('&');
}

export function fullAddress(apiUrl, request, catalog, user, form) {
  const { url, action } = addressOf(apiUrl, request, form);
  const pairs = [...(action ? [['action', action]] : []), ...pairsOf(request, catalog, user)];
  if (request.method !== 'GET' && !needsFile(request)) pairs.splice(action ? 1 : 0, 0, ['method', request.method.toLowerCase()]);
  return pairs.length ? `${url}?${queryText(pairs)}` : url;
}

/** What keeps the request from being sent, or null. */
export function missingPart(request, catalog) {
  if (request.api === 'abuse')
    return ['service_id', 'category'].filter((name) => !(request.abuse[name] ?? '').trim()).map((name) => ({ part: name, text: `Fill in ${name}.` }))[0] ?? null;
  if (!request.links.length) return { part: 'chain', text: 'Choose a resource.' };
  const open = request.links.findIndex((link, i) => link.id === '' && (i < request.links.length - 1 || link.wantsId));
  if (open >= 0) return { part: `id-${open}`, text: `Fill in the id of the ${catalog.get(request.links[open].name).singular}.` };
  const bad = request.links.findIndex((link) => link.id && link.name !== 'config' && !/^[1-9]\d{0,18}$/.test(link.id));
  if (bad >= 0) return { part: `id-${bad}`, text: 'An id is a whole number from 1 on.' };
  const { error } = paramsOf(request, catalog);
  if (error) return { part: 'raw', text: `params: ${error}` };
  if (needsFile(request) && !request.file) return { part: 'file', text: 'Choose a file.' };
  return null;
}

/* --- permalinks --------------------------------------------------------------------------------- */

/** The part of the page's address behind '#': the request, and nothing secret. */
export function permalink(request, catalog) {
  if (request.api === 'abuse') return '#/abuse/create';
  const params = paramsText(request, catalog);
  const query = [];
  if (request.method !== 'GET') query.push(['method', request.method.toLowerCase()]);
  if (params) query.push(['params', params]);
  const links = request.links.flatMap((link, i) => {
    const wants = link.wantsId && !link.id ? ['{id}'] : link.id ? [encodeURIComponent(link.id)] : [];
    const names = i === request.links.length - 1 ? [link.name, ...request.siblings].join(',') : link.name;
    return [names, ...wants];
  });
  const path = ['v1', ...links, ...(request.verb ? [request.verb] : []), request.format].join('/');
  return `#/${path}${query.length ? `?${queryText(query)}` : ''}`;
}

/** The request of a permalink, or null when it makes none. */
export function fromPermalink(hash, catalog) {
  if (hash === '#/abuse/create') return newRequest({ api: 'abuse', method: 'POST' });
  const [path, query = ''] = hash.replace(/^#\//, '').split(/\?(.*)/s);
  const segments = path.split('/').map((part) => safeDecode(part));
  const format = segments.pop();
  if (segments.shift() !== 'v1' || !['json', 'xml'].includes(format)) return null;
  const request = newRequest({ format });
  if (!readSegments(request, segments, catalog)) return null;
  const pairs = new URLSearchParams(query);
  request.method = (pairs.get('method') ?? 'get').toUpperCase();
  if (!allowedMethods(request, catalog).includes(request.method)) request.method = allowedMethods(request, catalog)[0] ?? 'GET';
  if (pairs.get('params')) readParams(request, pairs.get('params'), catalog);
  return request;
}

function safeDecode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

function readSegments(request, segments, catalog) {
  for (const segment of segments) {
    const last = lastLink(request);
    const [name, ...siblings] = segment.split(',');
    const isId = last && !last.id && !last.wantsId && !request.verb && (/^\d+$/.test(segment) || segment === '{id}' || last.name === 'config');
    if (isId && segment === '{id}') last.wantsId = true;
    else if (isId) Object.assign(last, { id: segment, wantsId: true });
    else if (last && catalog.get(last.name).verbs.some((verb) => verb.name === segment)) request.verb = segment;
    else if (catalog.get(name) && (!last || last.wantsId)) {
      request.links.push({ name, id: '', wantsId: false });
      request.siblings = siblings.filter((one) => catalog.get(one));
    } else return false;
  }
  return request.links.length > 0;
}

/** The same text for the same members in any order. */
function canonical(value) {
  if (value instanceof Exact) return value.source;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
}

/** Parameters back into the form; what the form has no place for is kept as JSON. */
function readParams(request, text, catalog) {
  let params;
  try { params = parse(text); } catch { params = undefined; }
  const before = canonical(params);
  if (isObject(params)) {
    if (isList(request)) readListParams(request, params, catalog);
    else if (isRecord(request)) request.scopes[''] = readScope(params);
    else readWriteParams(request, params);
    if (canonical(paramsOf(request, catalog).value) === before) return;
  }
  request.raw = params === undefined ? text : indent(text);
}

const WORDS = ['limit', 'page', 'offset', 'sort', 'fields', 'search', 'cursor', 'count'];

function readScope(params) {
  const scope = emptyScope();
  for (const [name, value] of Object.entries(params)) {
    if (WORDS.includes(name)) scope.words[name] = String(value);
    else if (value === null) scope.filters.push({ column: name, operator: 'null', value: '' });
    else if (Array.isArray(value)) scope.filters.push({ column: name, operator: 'in', value: value.join(', ') });
    else if (isObject(value)) readConditions(scope, name, value);
    else scope.filters.push({ column: name, operator: 'eq', value: String(value) });
  }
  return scope;
}

function readConditions(scope, column, conditions) {
  for (const [operator, value] of Object.entries(conditions)) {
    if (operator === 'null') scope.filters.push({ column, operator: value ? 'null' : 'notnull', value: '' });
    else scope.filters.push({ column, operator, value: Array.isArray(value) ? value.join(', ') : String(value) });
  }
}

function readListParams(request, params) {
  const own = new Set(request.siblings.length ? [lastLink(request).name, ...request.siblings] : []);
  const shared = {};
  for (const [name, value] of Object.entries(params)) {
    if (own.has(name)) request.scopes[name] = readScope(value ?? {});
    else shared[name] = value;
  }
  request.scopes[''] = readScope(shared);
}

function readWriteParams(request, params) {
  for (const [name, value] of Object.entries(params)) {
    if (name === 'dry_run') request.dryRun = value === true;
    else if (name === 'force') request.force = value === true;
    else if (value === null) request.values[name] = { mode: 'null', text: '' };
    else if (value === '') request.values[name] = { mode: 'empty', text: '' };
    else request.values[name] = { mode: 'value', text: String(value) };
  }
}
