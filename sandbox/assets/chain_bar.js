/** The line that says what is asked for: method, chain link by link, format. */
import { fill, h, icon, select } from './dom.js';
import { METHOD_WORDS } from './explain.js';
import { allowedMethods, emptyScope, lastLink } from './request.js';

/** app: the page's state and what to do when it changes (app.js). */
export function drawChainBar(place, app) {
  const { request } = app;
  if (request.api === 'abuse') {
    fill(place, h('span', { class: 'method method-POST fixed' }, 'POST'), h('span', { class: 'chain-fixed' }, 'abusemanagerpro / create'));
    return;
  }
  fill(place, methodPart(app), h('div', { class: 'chain', role: 'group', 'aria-label': 'Chain' }, chainParts(app)), formatPart(app));
}

function methodPart(app) {
  const { request } = app;
  return select({
    class: `method method-${request.method}`, 'aria-label': 'Method', 'data-key': 'method',
    onchange: (event) => { request.method = event.target.value; request.raw = null; app.changed(); },
  }, allowedMethods(request, app.catalog), request.method);
}

function formatPart(app) {
  const { request } = app;
  return h('fieldset', { class: 'segmented', 'aria-label': 'Format' }, h('legend', { class: 'visually-hidden' }, 'Format of the answer'),
    ['json', 'xml'].map((format) => h('label', {}, h('input', {
      type: 'radio', name: 'format', value: format, checked: request.format === format, 'data-key': `format-${format}`,
      onchange: () => { request.format = format; app.changed(); },
    }), h('span', {}, format.toUpperCase()))));
}

/** What was chosen behind a link means nothing once the link is another. */
function cut(request, length) {
  request.links.length = length;
  Object.assign(request, { siblings: [], verb: '', scopes: { '': emptyScope() }, values: {}, raw: null, file: null, ifMatch: '' });
}

export function fitMethod(request, catalog) {
  const allowed = allowedMethods(request, catalog);
  if (!allowed.includes(request.method)) request.method = allowed[0] ?? 'GET';
}

function chainParts(app) {
  const { request, catalog } = app;
  const parts = request.links.flatMap((link, i) => linkParts(app, link, i));
  const last = lastLink(request);
  if (!last) return [...parts, adder(app, 'Choose a resource…', catalog.following([]), addLink)];
  return [...parts, siblingParts(app, last), verbPart(app, last), belowPart(app, last)];
}

const slash = () => h('span', { class: 'slash', 'aria-hidden': 'true' }, '/');

function linkParts(app, link, i) {
  const { request, catalog } = app;
  const names = catalog.following(request.links.slice(0, i));
  const isLast = i === request.links.length - 1;
  const name = select({
    class: 'chip', 'aria-label': i ? 'Below it' : 'Resource', 'data-key': `link-${i}`,
    onchange: (event) => {
      cut(request, i + 1);
      Object.assign(request.links[i], { name: event.target.value, id: '', wantsId: event.target.value === 'api' ? false : link.wantsId });
      if (event.target.value === 'api') request.verb = 'resources';
      fitMethod(request, catalog);
      app.changed();
    },
  }, names, link.name);
  return [i > 0 && slash(), name, link.wantsId ? [slash(), idPart(app, link, i, isLast)] : isLast && wantsIdButton(app, link)];
}

function idPart(app, link, i, isLast) {
  const { request, catalog } = app;
  const singular = catalog.get(link.name)?.singular ?? link.name;
  const isName = link.name === 'config';
  const seen = app.seen.get(link.name) ?? new Map();
  const list = h('datalist', { id: `ids-${i}` }, [...seen].reverse().slice(0, 30).map(([id, title]) => h('option', { value: id }, title)));
  const input = h('input', {
    class: 'chip id', 'aria-label': isName ? 'Name' : `Id of the ${singular}`, 'data-key': `id-${i}`, placeholder: isName ? 'name' : 'id', list: `ids-${i}`,
    inputmode: isName ? null : 'numeric', autocomplete: 'off', spellcheck: 'false', value: link.id, size: '6',
    oninput: (event) => {
      const had = Boolean(link.id);
      link.id = event.target.value.trim();
      if (had !== Boolean(link.id)) app.changed();
      else app.touched();
    },
  });
  const remove = isLast && h('button', { type: 'button', class: 'chip-remove', 'aria-label': `Remove the ${isName ? 'name' : 'id'}`, title: 'Remove', 'data-key': `no-id-${i}`, onclick: () => {
    cut(request, i + 1);
    Object.assign(link, { id: '', wantsId: false });
    fitMethod(request, catalog);
    app.changed(`wants-id`);
  } }, icon('close'));
  return h('span', { class: 'chip-group' }, input, list, remove);
}

function wantsIdButton(app, link) {
  const { request, catalog } = app;
  const takesId = catalog.get(link.name)?.chains.some((chain) => chain.startsWith(`${link.name}/{`));
  if (!takesId || request.siblings.length || request.verb) return null;
  return h('button', { type: 'button', class: 'chip add', 'data-key': 'wants-id', onclick: () => {
    cut(request, request.links.length);
    link.wantsId = true;
    link.id = app.lastSeen(link.name) ?? '';
    fitMethod(request, catalog);
    app.changed(`id-${request.links.length - 1}`);
  } }, icon('plus'), link.name === 'config' ? 'name' : 'id');
}

function adder(app, label, names, add, key = 'adder') {
  if (!names.length) return null;
  return select({ class: 'chip add', 'aria-label': label, 'data-key': key, onchange: (event) => { if (event.target.value) add(app, event.target.value); } },
    [['', label], ...names], '');
}

function addLink(app, name) {
  const { request, catalog } = app;
  const length = request.links.length;
  cut(request, length);
  request.links.push({ name, id: '', wantsId: false });
  if (name === 'api') request.verb = 'resources';
  fitMethod(request, catalog);
  app.changed(`link-${length}`);
}

function belowPart(app, last) {
  if (!last.id || app.request.verb) return null;
  const part = adder(app, 'below…', app.catalog.following(app.request.links), addLink);
  return part && [slash(), part];
}

function siblingParts(app, last) {
  const { request, catalog } = app;
  if (request.links.length < 2 || last.wantsId || request.verb || request.method !== 'GET') return null;
  const chosen = request.siblings.map((name) => h('span', { class: 'chip-group' }, h('span', { class: 'slash', 'aria-hidden': 'true' }, ','), h('span', { class: 'chip' }, name),
    h('button', { type: 'button', class: 'chip-remove', 'aria-label': `Remove ${name}`, title: 'Remove', 'data-key': `no-sibling-${name}`, onclick: () => {
      request.siblings = request.siblings.filter((other) => other !== name);
      delete request.scopes[name];
      app.changed('sibling');
    } }, icon('close'))));
  const others = catalog.following(request.links.slice(0, -1)).filter((name) => name !== last.name && !request.siblings.includes(name));
  return [chosen, adder(app, 'and…', others, (_, name) => {
    if (!request.siblings.length) moveScope(request, last.name);
    request.siblings.push(name);
    app.changed('sibling');
  }, 'sibling')];
}

/** With a second list, what was said of the first is its own. */
function moveScope(request, name) {
  const { filters, words } = request.scopes[''];
  const own = { filters, words: {} };
  const shared = emptyScope();
  for (const [word, text] of Object.entries(words)) (['limit', 'page', 'offset', 'count'].includes(word) ? shared : own).words[word] = text;
  request.scopes = { '': shared, [name]: own };
}

function verbPart(app, last) {
  const { request, catalog } = app;
  if (request.siblings.length || (last.wantsId && !last.id)) return null;
  const isWrite = request.method !== 'GET' && !request.verb;
  const verbs = isWrite || (request.links.length > 1 && !last.id) ? [] : catalog.verbsFor(last);
  if (!verbs.length || last.name === 'api') return last.name === 'api' ? [slash(), h('span', { class: 'chip' }, 'resources')] : null;
  return [slash(), select({ class: request.verb ? 'chip' : 'chip add', 'aria-label': 'Verb', 'data-key': 'verb', onchange: (event) => {
    request.verb = event.target.value;
    request.raw = null;
    fitMethod(request, catalog);
    app.changed();
  } }, [['', 'verb…'], ...verbs.map((verb) => verb.name)], request.verb)];
}

export function titleOf(request, catalog) {
  if (request.api === 'abuse') return 'File an abuse report';
  const last = lastLink(request);
  if (!last) return 'Choose a resource';
  const singular = catalog.get(last.name)?.singular ?? last.name;
  if (last.name === 'api') return 'What is served here';
  if (last.name === 'config') return last.wantsId ? 'Read one setting' : 'Read settings';
  if (request.verb === 'download') return `Download a ${singular}`;
  if (request.verb === 'content') return `Replace a ${singular}’s bytes`;
  if (request.verb === 'bythread') return `Threads of ${last.name}`;
  if (request.method === 'POST') return `Create ${/^[aeiou]/.test(singular) ? 'an' : 'a'} ${singular}`;
  if (last.wantsId) return `${METHOD_WORDS[request.method]} ${/^[aeiou]/.test(singular) ? 'an' : 'a'} ${singular}`;
  return `Find ${[last.name, ...request.siblings].join(', ')}`;
}
