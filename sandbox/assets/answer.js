/** The answer: what came, how long it took and where, and ways to look at it. */
import { $, copy, fill, h, icon, tabs } from './dom.js';
import { attemptsText, errorHelp } from './errors.js';
import { bytesText, milliseconds, phaseWords } from './explain.js';
import { highlight } from './highlight.js';
import { indent, isObject, parse } from './json.js';
import { setOpen, tree } from './tree.js';
import { table } from './table.js';
import { indentXml, parseXml } from './xml.js';
import { isList, lastLink } from './request.js';

/** Reads text once: tree, code and errors of an answer. */
export function understand(answer) {
  if (answer.text === null) return { ...answer, format: 'bytes', value: null, code: answer.status };
  const format = answer.type.includes('xml') ? 'xml' : answer.type.includes('json') ? 'json' : 'text';
  let value = null;
  try {
    if (format === 'json') value = parse(answer.text);
    else if (format === 'xml') value = parseXml(answer.text);
  } catch { /* shown as it came */ }
  return { ...answer, format, value, code: codeOf(answer, value), errors: errorsOf(value) };
}

function codeOf(answer, value) {
  const code = Number(value?.request?.code ?? NaN);
  if (!Number.isNaN(code)) return code;
  return value?.status === 'error' && answer.status < 400 ? 400 : answer.status;
}

/** [{code, field, detail}] of either API's error answers. */
function errorsOf(value) {
  if (value?.error_code) return [{ code: value.error_code, field: '', detail: value.error_description }];
  const errors = value?.response?.errors;
  return Array.isArray(errors) ? errors : [];
}

export function messageOf(answer) {
  return answer.value?.request?.message ?? answer.value?.error_description ?? answer.value?.status ?? '';
}

/** The lists of an answer: [name, rows]. */
export function listsOf(value) {
  return Object.entries(value?.response ?? {}).filter(([name, rows]) => name !== 'errors' && Array.isArray(rows) && rows.every(isObject));
}

/** Every record in an answer, with the resource it is of: visit(resource, record). */
export function eachRecord(value, catalog, visit) {
  for (const [name, item] of Object.entries(value?.response ?? {})) {
    const resource = catalog.resourceOfMember(name);
    if (!resource || name === 'api') continue;
    for (const record of Array.isArray(item) ? item : [item]) if (isObject(record)) visit(resource, record);
  }
}

/* --- drawing -------------------------------------------------------------------------------------- */

export function drawAnswer(app) {
  const item = app.shown;
  $('answer-pane').setAttribute('aria-busy', String(Boolean(app.sending)));
  if (app.sending) return drawSending(app);
  if (!item) return drawNothing();
  if (!item.answer) return drawFailure(item);
  drawFacts(item);
  drawErrors(item);
  drawPaging(app, item);
  drawViews(app, item);
}

function clear(...ids) {
  for (const id of ids) fill($(id));
}

function drawNothing() {
  clear('answer-facts', 'answer-errors', 'answer-paging', 'answer-tabs', 'answer-tools');
  fill($('answer'), h('div', { class: 'empty' }, icon('gate'), h('p', {}, 'The answer comes here.'), h('p', { class: 'hint' }, 'Send with ', h('kbd', {}, 'Ctrl'), ' ', h('kbd', {}, 'Enter'), ' from anywhere on the page.')));
}

function drawSending(app) {
  clear('answer-errors', 'answer-paging', 'answer-tabs', 'answer-tools');
  fill($('answer-facts'), h('span', { class: 'pill' }, 'Sending…'));
  const { progress } = app.sending;
  fill($('answer'), h('div', { class: 'empty' },
    progress ? [h('progress', { max: progress.total || 1, value: null, 'aria-label': progress.label }), h('p', { id: 'progress-text' }, progressText(progress))] : h('div', { class: 'spinner', 'aria-hidden': 'true' }),
    h('button', { type: 'button', class: 'quiet small', onclick: () => app.sending?.abort() }, 'Cancel')));
  if (progress?.total) $('answer').querySelector('progress').value = progress.loaded;
}

/** Moves the bar without drawing it anew. */
export function drawProgress(app) {
  const bar = $('answer').querySelector('progress');
  if (!bar) return drawSending(app);
  const { progress } = app.sending;
  bar.max = progress.total || 1;
  bar.value = progress.loaded;
  $('progress-text').textContent = progressText(progress);
}

const progressText = ({ label, loaded, total }) => `${label} ${bytesText(loaded)}${total ? ` of ${bytesText(total)}` : ''}`;

function drawFailure(item) {
  clear('answer-paging', 'answer-tabs', 'answer-tools', 'answer');
  fill($('answer-facts'), h('span', { class: 'pill bad' }, 'No answer'));
  fill($('answer-errors'), h('div', { class: 'errors' }, h('p', { class: 'error-message' }, item.failure)));
}

function drawFacts({ answer }) {
  const onWire = Number(answer.header('content-length') ?? 0);
  const coding = answer.header('content-encoding');
  const isGood = answer.code < 400;
  fill($('answer-facts'),
    h('span', { class: `pill ${isGood ? 'good' : 'bad'}`, id: 'answer-status' }, isGood && answer.format !== 'bytes' ? `${answer.code} ${messageOf(answer)}` : answer.code),
    answer.code !== answer.status && h('span', { class: 'fact' }, `HTTP ${answer.status}`),
    h('span', { class: 'fact', id: 'answer-time', title: `First byte after ${milliseconds(answer.time.firstByte)}` }, milliseconds(answer.time.total)),
    h('span', { class: 'fact', id: 'answer-size' }, bytesText(answer.bytes), coding && onWire > 0 && ` (${bytesText(onWire)} as ${coding})`),
    timing(answer));
}

/** The server's time by phase as one bar; the rest of the time is the way there and back. */
function timing({ phases, time }) {
  const shown = phases.filter(([name]) => name !== 'total');
  if (!shown.length) return null;
  const server = shown.reduce((sum, [, duration]) => sum + duration, 0);
  const all = [...shown, ['network', Math.max(time.total - server, 0)]];
  const whole = all.reduce((sum, [, duration]) => sum + duration, 0) || 1;
  const words = all.filter(([, duration]) => duration > 0).map(([name, duration]) => `${name} ${milliseconds(duration)}`).join(', ');
  const bar = h('span', { class: 'timing-bar', 'aria-hidden': 'true' }, all.map(([name, duration]) => {
    const part = h('span', { class: `phase phase-${name}` });
    part.style.flexGrow = String(duration / whole);
    return part;
  }));
  const rows = all.map(([name, duration]) => h('tr', {}, h('th', { scope: 'row' }, h('i', { class: `dot phase-${name}` }), name), h('td', { class: 'number' }, milliseconds(duration)), h('td', { class: 'help' }, name === 'network' ? 'the way, and this browser' : phaseWords(name))));
  return h('details', { class: 'timing', id: 'answer-timing' }, h('summary', { title: words }, bar, h('span', { class: 'fact' }, `${milliseconds(server)} in the gateway`, h('span', { class: 'visually-hidden' }, `, by phase: ${words}`))), h('table', { class: 'timing-table' }, h('tbody', {}, rows)));
}

function drawErrors({ answer }) {
  if (answer.code < 400) return clear('answer-errors');
  const rows = (answer.errors ?? []).map((error) => h('li', {}, h('div', {}, h('code', { class: 'error-code' }, error.code), error.field && h('code', { class: 'error-field' }, error.field)),
    h('p', {}, error.detail), errorHelp(error.code) && h('p', { class: 'error-help' }, errorHelp(error.code))));
  const left = answer.header('x-login-attempts-left');
  const retry = answer.header('retry-after');
  fill($('answer-errors'), h('div', { class: 'errors', role: 'group', 'aria-label': 'What went wrong' }, h('p', { class: 'error-message' }, messageOf(answer) || `HTTP ${answer.status}`), rows.length > 0 && h('ul', {}, rows),
    left !== null && h('p', { class: 'error-help' }, attemptsText(Number(left))), retry && h('p', { class: 'error-help' }, `Try again after ${retry} s.`)));
}

/* --- pages ---------------------------------------------------------------------------------------- */

function drawPaging(app, { answer, request }) {
  const data = answer.value?.response?.data;
  if (!data || answer.code >= 400 || request.api !== 'remote' || !isList(request)) return clear('answer-paging');
  const number = (name) => (data[name] === null || data[name] === undefined || data[name] === '' ? null : Number(data[name]));
  const [page, pages, total, limit] = ['page', 'page_count', 'total', 'limit'].map(number);
  const rows = listsOf(answer.value)[0]?.[1].length ?? 0;
  const isLast = pages === null ? rows < limit : page >= pages;
  const go = (words) => app.turnPage(request, words);
  const button = (label, name, words, disabled) => h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, disabled, 'data-key': `page-${name}`, onclick: () => go(words) }, icon(name));
  const from = (number('offset') ?? 0) + 1;
  const hasSiblings = request.siblings.length > 0;
  fill($('answer-paging'),
    h('span', { class: 'fact', id: 'answer-rows' }, rows ? `${from.toLocaleString('en')}–${(from + rows - 1).toLocaleString('en')}` : 'no rows', total !== null && ` of ${total.toLocaleString('en')}`),
    button('First page', 'first', { page: '1', offset: '', cursor: '' }, page <= 1),
    button('Page before', 'before', { page: String(page - 1), offset: '', cursor: '' }, page <= 1),
    h('span', { class: 'fact' }, `page ${page}${pages === null ? '' : ` of ${pages}`}`),
    button('Next page', 'after', { page: String(page + 1), offset: '', cursor: '' }, isLast),
    button('Last page', 'last', { page: String(pages), offset: '', cursor: '' }, isLast || pages === null),
    !hasSiblings && data.next && h('button', { type: 'button', class: 'quiet small', title: 'The next page by key: as quick however deep', 'data-key': 'page-cursor', onclick: () => go({ page: '', offset: '', cursor: data.next }) }, 'By cursor'));
}

/* --- views ---------------------------------------------------------------------------------------- */

function drawViews(app, item) {
  const { answer, request } = item;
  if (answer.format === 'bytes') return drawBytes(app, item);
  const lists = listsOf(answer.value);
  const other = answer.format === 'json' ? 'xml' : 'json';
  const mayAsk = request.api === 'remote' && request.method === 'GET';
  const views = [
    { id: 'tree', label: 'Tree', disabled: !answer.value }, { id: 'table', label: 'Table', disabled: !lists.length, title: lists.length ? null : 'For lists' },
    ...['json', 'xml'].map((format) => ({ id: format, label: format.toUpperCase(), disabled: format === other ? !mayAsk : false, title: format === other ? (mayAsk ? `Asks again for ${format.toUpperCase()}` : 'Reads alone are asked again') : null })),
    { id: 'headers', label: 'Headers' },
  ];
  let view = app.view;
  if ((view === 'json' || view === 'xml') && view !== answer.format) view = answer.format === 'text' ? 'headers' : answer.format;
  if (views.find((one) => one.id === view)?.disabled) view = answer.value ? 'tree' : 'headers';
  tabs($('answer-tabs'), views, view, 'answer', (id) => {
    app.view = id;
    if ((id === 'json' || id === 'xml') && id !== answer.format) app.askAs(request, id);
    else drawViews(app, item);
  });
  const draw = { tree: drawTree, table: drawTables, json: drawRaw, xml: drawRaw, headers: drawHeaders }[view];
  clear('answer-tools');
  draw(app, item, lists);
}

const linkOf = (app, item) => (column, value, owner) => app.hrefOf(column, value, owner, item.request);

function drawTree(app, item) {
  const root = tree(item.answer.value, { link: linkOf(app, item), ownerOf: (name) => app.catalog.resourceOfMember(name) });
  fill($('answer'), root);
  fill($('answer-tools'), h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Expand all', title: 'Expand all', onclick: () => setOpen(root, true) }, icon('unfold')), h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Collapse all', title: 'Collapse all', onclick: () => setOpen(root, false) }, icon('fold')));
}

function drawTables(app, item, lists) {
  const { request } = item;
  const isAsked = isList(request) && !request.siblings.length && request.verb === '';
  fill($('answer'), lists.map(([name, rows]) => {
    const owner = app.catalog.resourceOfMember(name);
    const isMain = isAsked && name === lastLink(request).name;
    return [lists.length > 1 && h('h3', { class: 'table-title' }, name), rows.length ? table(name, rows, {
      key: app.catalog.get(owner)?.key, owner, link: linkOf(app, item), ownerOf: (member) => app.catalog.resourceOfMember(member), sort: request.scopes[''].words.sort,
      sortBy: isMain ? (sort) => app.turnPage(request, { sort, page: '', offset: '', cursor: '' }) : null,
    }) : h('p', { class: 'hint' }, 'No rows.')];
  }));
}

function drawRaw(app, { answer }) {
  let text = answer.text;
  try { text = answer.format === 'json' ? indent(answer.text) : answer.format === 'xml' ? indentXml(answer.text) : answer.text; } catch { /* as it came */ }
  const button = h('button', { type: 'button', class: 'quiet small copy', onclick: () => copy(answer.text, button) }, icon('copy'), h('span', { class: 'copy-label' }, 'Copy'));
  fill($('answer-tools'), button);
  fill($('answer'), h('pre', { class: 'raw', tabindex: '0', 'aria-label': 'The answer as it came, indented' }, h('code', {}, highlight(text, answer.format))));
}

function drawHeaders(app, { answer }) {
  fill($('answer'), h('table', { class: 'headers' }, h('caption', { class: 'visually-hidden' }, 'Header fields'), h('tbody', {},
    h('tr', {}, h('th', { scope: 'row' }, 'status'), h('td', {}, String(answer.status))),
    [...answer.headers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value))))));
}

function drawBytes(app, item) {
  const { answer } = item;
  const name = fileNameOf(answer);
  item.blobUrl ??= URL.createObjectURL(answer.blob);
  tabs($('answer-tabs'), [{ id: 'bytes', label: 'File' }, { id: 'headers', label: 'Headers' }], app.view === 'headers' ? 'headers' : 'bytes', 'answer', (id) => { app.view = id; drawBytes(app, item); });
  clear('answer-tools');
  if (app.view === 'headers') return drawHeaders(app, item);
  fill($('answer'), h('div', { class: 'empty' }, icon('file'), h('p', {}, name), h('p', { class: 'hint' }, `${bytesText(answer.bytes)} · ${answer.type || 'no type'}`), h('a', { class: 'button', href: item.blobUrl, download: name, id: 'save-file' }, 'Save the file')));
}

function fileNameOf(answer) {
  const value = answer.header('content-disposition') ?? '';
  const coded = value.match(/filename\*=UTF-8''([^;]+)/i);
  try { if (coded) return decodeURIComponent(coded[1]); } catch { /* the plain one then */ }
  return value.match(/filename="([^"]*)"/)?.[1] ?? 'download';
}
