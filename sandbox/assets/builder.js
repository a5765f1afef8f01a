/** The form of a request: filters and list words, fields, conditions, a file. */
import { append, fill, h, icon, select, uniqueId } from './dom.js';
import { bytesText, columnHelp, typeWords, verbWords } from './explain.js';
import { isNumeric } from './catalog.js';
import { OPERATORS, SHARED_WORDS, emptyScope, isDownload, isList, isRecord, lastLink, needsFile, newRequest, paramsOf, permalink } from './request.js';
import { titleOf } from './chain_bar.js';

export function drawBuilder(place, app) {
  const { request } = app;
  fill(place, h('header', { class: 'pane-head' }, h('h2', {}, titleOf(request, app.catalog)), rawSwitch(app)), h('div', { class: 'form-body' }, sections(app)));
}

function sections(app) {
  const { request } = app;
  if (request.api === 'abuse') return abuseForm(app);
  if (!lastLink(request)) return h('p', { class: 'hint' }, 'Pick one on the left, or in the line above.');
  if (request.raw !== null) return [rawEditor(app), conditions(app)];
  if (isList(request)) return listForm(app);
  if (isDownload(request)) return h('p', { class: 'hint' }, 'The bytes come as an attachment. Send, then save them.');
  if (needsFile(request)) return [filePart(app, 'The bytes that take the place of the old ones. They are the body, so the login goes in the Authorization field.'), conditions(app)];
  if (request.method === 'GET') return wayOn(app);
  if (request.method === 'DELETE') return [deleteForm(app), conditions(app)];
  return [writeForm(app), conditions(app)];
}

/** A record may be asked for some of its columns, and leads on. */
function wayOn(app) {
  const { request, catalog } = app;
  const last = lastLink(request);
  const resource = catalog.get(last.name);
  if (!last.wantsId || !resource.key) return h('p', { class: 'hint' }, 'Nothing to fill in here.');
  const links = request.links.map((link) => ({ ...link }));
  const step = (method, label, more) => h('li', {}, h('a', { class: 'step', href: permalink(newRequest({ format: request.format, links, method, ...more }), catalog) }, h('span', { class: `badge method-${method}` }, method === 'DELETE' ? 'DEL' : method), label));
  return [isRecord(request) && fieldsPart(app, scopeOf(request, ''), last.name, ''),
    h('section', { class: 'group' }, h('h3', {}, 'From here'), h('ul', { class: 'steps-on' },
      resource.below.map((name) => step('GET', `its ${name}`, { links: [...links, { name, id: '', wantsId: false }] })),
      resource.verbs.filter((verb) => verb.needsId).map((verb) => step(verb.method, verbWords(verb.name).toLowerCase(), { verb: verb.name })),
      ['PUT', 'DELETE'].filter((method) => resource.methods.includes(method)).map((method) => step(method, method === 'PUT' ? 'update it' : 'delete it')))),
  ];
}

/* --- params by hand ------------------------------------------------------------------------------- */

function rawSwitch(app) {
  const { request } = app;
  const takesParams = request.api === 'remote' && lastLink(request) && !isDownload(request) && !needsFile(request) && (isList(request) || isRecord(request) || request.method !== 'GET');
  if (!takesParams) return null;
  return h('button', { type: 'button', class: 'quiet small', 'aria-pressed': String(request.raw !== null), 'data-key': 'raw-switch', onclick: () => {
    request.raw = request.raw === null ? JSON.stringify(paramsOf(request, app.catalog).value, null, 2) : null;
    app.changed('raw-switch');
  } }, icon('braces'), request.raw === null ? 'Edit as JSON' : 'Back to the form');
}

function rawEditor(app) {
  const { request } = app;
  const status = h('p', { class: 'hint', id: 'raw-status' });
  const check = () => {
    const { error } = paramsOf(request, app.catalog);
    status.textContent = error ?? (request.method === 'POST' ? 'An object creates one record; a list of objects creates all of them or none.' : 'params as they are sent.');
    status.classList.toggle('bad', Boolean(error));
    area.setAttribute('aria-invalid', String(Boolean(error)));
  };
  const area = h('textarea', { class: 'code-input', rows: '14', spellcheck: 'false', 'aria-label': 'params as JSON', 'aria-describedby': 'raw-status', 'data-key': 'raw', value: request.raw,
    oninput: () => { request.raw = area.value; check(); app.touched(); } });
  check();
  return h('div', { class: 'field' }, area, status);
}

/* --- lists ---------------------------------------------------------------------------------------- */

function listForm(app) {
  const { request } = app;
  if (!request.siblings.length) return scopeForm(app, '', lastLink(request).name, true);
  const names = [lastLink(request).name, ...request.siblings];
  return [
    h('section', { class: 'scope' }, h('h3', {}, 'All lists'), wordsForm(app, scopeOf(request, ''), names[0], SHARED_WORDS)),
    names.map((name) => h('section', { class: 'scope' }, h('h3', {}, name), scopeForm(app, name, name, false))),
  ];
}

function scopeOf(request, key) {
  request.scopes[key] ??= emptyScope();
  return request.scopes[key];
}

function scopeForm(app, key, resource, isOnly) {
  const scope = scopeOf(app.request, key);
  return [filterPart(app, scope, key, resource), wordsForm(app, scope, resource, ['search', 'sort', 'limit', 'page', 'offset', 'count', ...(isOnly ? ['cursor'] : [])]), fieldsPart(app, scope, resource, key)];
}

function filterPart(app, scope, key, resource) {
  const add = () => {
    scope.filters.push({ column: '', operator: 'eq', value: '' });
    app.changed(`filter-${key}-${scope.filters.length - 1}`);
  };
  return h('section', { class: 'group' }, h('h3', {}, 'Filters'),
    h('div', { class: 'filters' }, scope.filters.map((filter, i) => filterRow(app, scope, filter, i, key, resource))),
    h('button', { type: 'button', class: 'quiet small', 'data-key': `add-filter-${key}`, onclick: add }, icon('plus'), 'Add a filter'));
}

function filterRow(app, scope, filter, i, key, resource) {
  const columns = app.catalog.get(resource).fields.filter((field) => field.filterable).map((field) => field.name);
  const links = ['project_id', 'action_id'].filter((name) => !columns.includes(name) && app.catalog.get(resource).chains.some((chain) => chain.startsWith(`${app.catalog.byKey.get(name)}/`)));
  const field = app.catalog.field(resource, filter.column);
  const number = `Filter ${i + 1}`;
  const hasValue = !filter.operator.endsWith('null');
  return h('div', { class: 'filter', role: 'group', 'aria-label': number },
    select({ 'aria-label': `${number}: column`, 'data-key': `filter-${key}-${i}`, onchange: (event) => { filter.column = event.target.value; app.changed(); } }, [['', 'column…'], ...columns, ...links], filter.column),
    select({ 'aria-label': `${number}: comparison`, class: 'operator', 'data-key': `operator-${key}-${i}`, onchange: (event) => { filter.operator = event.target.value; app.changed(); } }, OPERATORS, filter.operator),
    hasValue ? filterValue(app, filter, field, number, `${key}-${i}`) : h('span', { class: 'filter-nothing' }),
    h('button', { type: 'button', class: 'icon-button', 'aria-label': `Remove filter ${i + 1}`, title: 'Remove', 'data-key': `no-filter-${key}-${i}`, onclick: () => {
      scope.filters.splice(i, 1);
      app.changed(`add-filter-${key}`);
    } }, icon('close')));
}

function filterValue(app, filter, field, number, key) {
  const input = (event) => { filter.value = event.target.value; app.touched(); };
  if (field?.values && ['eq', 'ne'].includes(filter.operator))
    return select({ 'aria-label': `${number}: value`, 'data-key': `value-${key}`, onchange: input }, [['', 'value…'], ...field.values], filter.value);
  const isMany = ['in', 'nin'].includes(filter.operator);
  return h('input', { 'aria-label': `${number}: value`, 'data-key': `value-${key}`, value: filter.value, autocomplete: 'off', spellcheck: 'false', oninput: input,
    placeholder: isMany ? 'a, b, c' : filter.operator === 'like' ? '%text%' : field ? typeWords(field) : 'value' });
}

const WORDS = {
  limit: { label: 'limit', placeholder: '50', help: 'Rows a page' }, page: { label: 'page', placeholder: '1', help: 'From 1' }, offset: { label: 'offset', placeholder: '0', help: 'Rows skipped' },
  search: { label: 'search', placeholder: 'text', help: 'In text columns', wide: true }, sort: { label: 'sort', help: 'Minus: descending', wide: true },
  cursor: { label: 'cursor', placeholder: 'data.next of a page', help: 'Next page by key', wide: true }, count: { label: 'count', help: 'The total' },
};

/** The newest first, of this resource's own columns. */
function sortExample({ key, fields }) {
  const date = fields.find((field) => ['date', 'datetime'].includes(field.type))?.name;
  return [date && `-${date}`, key].filter(Boolean).join(',');
}

function wordsForm(app, scope, resource, words) {
  return h('section', { class: 'group' }, h('h3', {}, 'Page and order'), h('div', { class: 'words' }, words.map((word) => {
    const { label, help, wide } = WORDS[word];
    const placeholder = word === 'sort' ? sortExample(app.catalog.get(resource)) : WORDS[word].placeholder;
    const id = uniqueId(`word-${word}`);
    const set = (event) => { scope.words[word] = event.target.value.trim(); app.touched(); };
    const shared = { id, 'data-key': `${id.replace(/-\d+$/, '')}-${resource}`, 'aria-describedby': `${id}-help` };
    const control = word === 'count' ? select({ ...shared, onchange: set }, [['', 'default'], 'exact', 'none'], scope.words.count ?? '')
      : h('input', { ...shared, value: scope.words[word] ?? '', placeholder, oninput: set, autocomplete: 'off', spellcheck: 'false', inputmode: wide ? null : 'numeric', list: word === 'sort' ? `${id}-list` : null });
    const list = word === 'sort' && h('datalist', { id: `${id}-list` }, app.catalog.get(resource).fields.flatMap((field) => [h('option', { value: field.name }), h('option', { value: `-${field.name}` })]));
    return h('div', { class: wide ? 'word wide' : 'word' }, h('label', { for: id }, label), control, list, h('span', { class: 'help', id: `${id}-help` }, help));
  })));
}

function fieldsPart(app, scope, resource, key) {
  const chosen = new Set((scope.words.fields ?? '').split(',').filter(Boolean));
  const { fields } = app.catalog.get(resource);
  const count = h('span', { class: 'help' });
  const tell = () => { count.textContent = chosen.size ? `${chosen.size} of ${fields.length}` : 'all'; };
  tell();
  return h('details', { class: 'group fold', open: chosen.size > 0 }, h('summary', {}, h('h3', {}, 'Fields'), count),
    h('div', { class: 'checks' }, fields.map((field) => h('label', { class: 'check' }, h('input', { type: 'checkbox', checked: chosen.has(field.name), 'data-key': `fields-${key}-${field.name}`, onchange: (event) => {
      if (event.target.checked) chosen.add(field.name);
      else chosen.delete(field.name);
      scope.words.fields = fields.map((one) => one.name).filter((name) => chosen.has(name)).join(',');
      tell();
      app.touched();
    } }), field.name))));
}

/* --- writing -------------------------------------------------------------------------------------- */

function writeForm(app) {
  const { request, catalog } = app;
  const resource = catalog.get(lastLink(request).name);
  const isCreate = request.method === 'POST';
  const parents = new Set(request.links.slice(0, -1).map((link) => catalog.get(link.name).key));
  const fields = resource.fields.filter((field) => field.writable).filter((field) => !parents.has(field.name));
  const needed = isCreate ? fields.filter((field) => field.required) : [];
  const others = fields.filter((field) => !needed.includes(field));
  const takesFile = isCreate && resource.name === 'files';
  return [
    !isCreate && h('p', { class: 'hint' }, 'Only what you fill in is changed. ', h('button', { type: 'button', class: 'linklike', 'data-key': 'load', onclick: () => app.loadRecord() }, 'Load what is stored')),
    takesFile && filePart(app, 'Bytes of the file (multipart/form-data)'),
    needed.length > 0 && h('section', { class: 'group' }, h('h3', {}, 'Required'), needed.map((field) => fieldRow(app, field, takesFile && field.name === 'file_name'))),
    h('section', { class: 'group' }, h('h3', {}, isCreate ? 'Optional' : 'Fields'), others.map((field) => fieldRow(app, field))),
  ];
}

function fieldRow(app, field, isFilled = false) {
  const { request } = app;
  const id = uniqueId('field');
  const entry = request.values[field.name] ?? { mode: 'value', text: '' };
  const put = (next) => {
    if (next.mode === 'value' && next.text === '') delete request.values[field.name];
    else request.values[field.name] = next;
    app.touched();
  };
  const fault = app.faultOf(field.name);
  const isRequired = field.required && request.method === 'POST' && !isFilled;
  const control = fieldControl(app, field, entry, put, {
    id, 'data-key': `field-${field.name}`, 'aria-describedby': `${id}-help${fault ? ` ${id}-fault` : ''}`, 'aria-invalid': fault ? 'true' : null, 'aria-required': isRequired ? 'true' : null,
    disabled: entry.mode !== 'value',
  });
  const modes = [['empty', '""', 'Send an empty text', request.method === 'PUT' && !field.required && !isNumeric(field) && !field.values], ['null', 'null', 'Send null', field.nullable]].filter((mode) => mode[3]);
  return h('div', { class: `field${fault ? ' at-fault' : ''}` },
    h('label', { for: id }, field.name, isRequired && h('span', { class: 'required' }, 'required'), h('span', { class: 'type' }, field.values ? 'one of' : typeWords(field))),
    h('div', { class: 'control' }, control, modes.map(([mode, label, title]) => h('button', { type: 'button', class: 'mode', 'aria-pressed': String(entry.mode === mode), 'aria-label': `${title} as ${field.name}`, title, 'data-key': `mode-${mode}-${field.name}`, onclick: () => {
      put(entry.mode === mode ? { mode: 'value', text: '' } : { mode, text: '' });
      app.changed(`mode-${mode}-${field.name}`);
    } }, label))),
    h('span', { class: 'help', id: `${id}-help` }, columnHelp(field.name)),
    fault && h('span', { class: 'fault', id: `${id}-fault` }, fault));
}

const LONG = /(_detail|_notes|_note|_content)$/;

function fieldControl(app, field, entry, put, attributes) {
  const set = (event) => put({ mode: 'value', text: event.target.value });
  if (field.values) return select({ ...attributes, onchange: set }, [['', app.request.method === 'PUT' ? 'unchanged' : 'default'], ...field.values], entry.text);
  const placeholder = app.stored?.[field.name] !== undefined && app.stored[field.name] !== null ? String(app.stored[field.name]).slice(0, 80) : null;
  if (LONG.test(field.name) && field.type !== 'integer') return h('textarea', { ...attributes, rows: '2', value: entry.text, placeholder, oninput: set });
  return h('input', { ...attributes, value: entry.text, placeholder, oninput: set, inputmode: isNumeric(field) ? 'decimal' : null, autocomplete: 'off', spellcheck: 'false' });
}

function filePart(app, help) {
  const { request } = app;
  const id = uniqueId('file');
  const name = h('span', { class: 'file-name' }, request.file ? `${request.file.name} · ${bytesText(request.file.size)}` : 'or drop one here');
  const take = (file) => {
    request.file = file ?? null;
    app.changed('file');
  };
  const input = h('input', { type: 'file', id, class: 'file-input', 'data-key': 'file', 'aria-describedby': `${id}-help`, onchange: () => take(input.files[0]) });
  const drop = h('div', { class: 'drop', ondragover: (event) => { event.preventDefault(); drop.classList.add('over'); }, ondragleave: () => drop.classList.remove('over'),
    ondrop: (event) => { event.preventDefault(); drop.classList.remove('over'); take(event.dataTransfer.files[0]); } },
  icon('file'), h('label', { for: id, class: 'file-label' }, request.file ? 'Another file' : 'Choose a file', input), name,
  request.file && h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Remove the file', title: 'Remove', 'data-key': 'no-file', onclick: () => take(null) }, icon('close')));
  return h('section', { class: 'group' }, h('h3', {}, 'File'), drop, h('span', { class: 'help', id: `${id}-help` }, help));
}

function check(app, label, help, name) {
  const { request } = app;
  return h('label', { class: 'check' }, h('input', { type: 'checkbox', checked: request[name], 'data-key': `check-${name}`, onchange: (event) => { request[name] = event.target.checked; app.touched(); } }), label, h('span', { class: 'help' }, help));
}

function deleteForm(app) {
  return h('section', { class: 'group' }, h('p', { class: 'hint' }, 'What hangs on the record goes with it; the answer counts it. Try a dry run first.'),
    check(app, 'force', 'also where invoiced time would go', 'force'));
}

function conditions(app) {
  const { request } = app;
  if (request.method === 'GET') return null;
  const id = uniqueId('condition');
  const text = (name, label, help, button) => h('div', { class: 'field' }, h('label', { for: `${id}-${name}` }, label),
    h('div', { class: 'control' }, h('input', { id: `${id}-${name}`, value: request[name], 'data-key': name, autocomplete: 'off', spellcheck: 'false', 'aria-describedby': `${id}-${name}-help`, oninput: (event) => { request[name] = event.target.value.trim(); app.touched(); } }), button),
    h('span', { class: 'help', id: `${id}-${name}-help` }, help));
  const put = (name, value) => { request[name] = value; app.changed(name); };
  return h('section', { class: 'group' }, h('h3', {}, 'Conditions'),
    !needsFile(request) && check(app, 'dry_run', 'validate all, store nothing', 'dryRun'),
    request.method === 'POST' ? text('idempotencyKey', 'Idempotency-Key', 'Sent again, the first answer comes again', h('button', { type: 'button', class: 'mode', 'data-key': 'make-key', onclick: () => put('idempotencyKey', newKey()) }, 'make'))
      : text('ifMatch', 'If-Match', 'Refuse when the record has changed since', app.lastTag && h('button', { type: 'button', class: 'mode', 'data-key': 'use-tag', onclick: () => put('ifMatch', app.lastTag) }, 'last ETag')));
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/* --- abuse ---------------------------------------------------------------------------------------- */

const ABUSE_FIELDS = [
  { name: 'service_id', required: true, help: 'The hosting service reported (tblhosting.id)', numeric: true },
  { name: 'category', required: true, help: 'Free text: Spam, Phishing, …' },
  { name: 'service_ip', help: 'IPv4 or IPv6; without it the service’s own' },
  { name: 'suspend_method', values: ['nosuspend', 'immediate', 'timelimit'], help: 'What happens to the service' },
  { name: 'allow_unsuspend', flag: true, help: 'the customer may unsuspend it' },
  { name: 'additional_info', long: true, help: 'Seen by the customer' },
  { name: 'admin_notes', long: true, help: 'Seen by administrators' },
];

function abuseForm(app) {
  const id = uniqueId('abuse');
  const rows = ABUSE_FIELDS.map((field) => abuseField(app, field, `${id}-${field.name}`));
  const text = (name, label, help, more = {}) => h('div', { class: 'field' }, h('label', { for: `${id}-${name}` }, label),
    h('div', { class: 'control' }, h('input', { id: `${id}-${name}`, value: app[name], 'data-key': name, autocomplete: 'off', spellcheck: 'false', 'aria-describedby': `${id}-${name}-help`, ...more, oninput: (event) => { app[name] = event.target.value.trim(); app.touched(); } })),
    h('span', { class: 'help', id: `${id}-${name}-help` }, help));
  return [h('section', { class: 'group' }, h('h3', {}, 'Access'), text('apiId', 'API ID', 'Identifier of a WHMCS API credential; kept in memory alone', { type: app.hideSecrets ? 'password' : 'text' }), text('abuseUrl', 'Abuse API URL', 'Where the gateway has it (abuse.path)')),
    h('section', { class: 'group' }, h('h3', {}, 'Report'), rows)];
}

function abuseField(app, field, id) {
  const { abuse } = app.request;
  const set = (value) => { abuse[field.name] = value; app.touched(); };
  const shared = { id, 'data-key': `abuse-${field.name}`, 'aria-describedby': `${id}-help`, 'aria-required': field.required ? 'true' : null };
  if (field.flag) return h('label', { class: 'check' }, h('input', { ...shared, type: 'checkbox', checked: abuse[field.name] === true, onchange: (event) => set(event.target.checked) }), field.name, h('span', { class: 'help', id: `${id}-help` }, field.help));
  const onText = { value: abuse[field.name] ?? '', oninput: (event) => set(event.target.value), autocomplete: 'off' };
  const control = field.values ? select({ ...shared, onchange: (event) => set(event.target.value) }, [['', 'default'], ...field.values], abuse[field.name] ?? '')
    : field.long ? h('textarea', { ...shared, ...onText, rows: '2' }) : h('input', { ...shared, ...onText, inputmode: field.numeric ? 'numeric' : null });
  const row = h('div', { class: 'field' }, h('label', { for: id }, field.name, field.required && h('span', { class: 'required' }, 'required')), h('div', { class: 'control' }, control));
  append(row, [h('span', { class: 'help', id: `${id}-help` }, field.help)]);
  return row;
}
