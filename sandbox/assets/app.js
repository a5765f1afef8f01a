/** The page's state, and what happens when it changes. Everything is in memory: leaving the page forgets it. */
import { $, announce, copy, fill, h, tabs } from './dom.js';
import { drawAnswer, drawProgress, eachRecord, messageOf, understand } from './answer.js';
import { drawBuilder } from './builder.js';
import { Catalog } from './catalog.js';
import { drawChainBar } from './chain_bar.js';
import { drawCode, drawCodeTabs } from './code_panel.js';
import { attemptsText } from './errors.js';
import { indent, parse, stringify } from './json.js';
import { md5 } from './md5.js';
import { emptyScope, fromPermalink, lastLink, missingPart, newRequest, permalink } from './request.js';
import { send } from './send.js';
import { drawHistory, drawSidebar } from './sidebar.js';
import { startTheme } from './theme.js';

const MOST_HISTORY = 100;
const MOST_KEPT = 20; /* answers kept with the history; older ones are asked for again */
const BASE = location.pathname.replace(/\/sandbox\/.*$/, '');

const app = {
  apiUrl: `${location.origin}${BASE}/api.php`,
  abuseUrl: `${location.origin}/modules/addons/abusemanagerpro/includes/api.php`,
  user: null, apiId: '', attemptsLeft: null, connection: { state: 'out', text: 'Not logged in' },
  catalog: new Catalog([]), request: newRequest(), form: 'clean', language: 'address', hideSecrets: false, view: 'tree',
  history: [], shown: null, sending: null, seen: new Map(), lastTag: null, stored: null, sidebar: 'resources', notice: null,

  /** The request's shape has changed: everything that shows it is drawn anew. focus: key of what gets it. */
  changed(focus) {
    keepFocus(() => {
      drawChainBar($('chain-bar'), app);
      drawBuilder($('builder'), app);
      drawSide();
      app.touched();
    }, focus);
  },

  /** A value has changed: only what is made of it. */
  touched() {
    app.notice = null;
    drawNotice();
    keepFocus(() => drawCode(app));
    const hash = permalink(app.request, app.catalog);
    if (hash !== location.hash) history.replaceState(null, '', hash);
    $('permalink').href = hash;
  },

  open(request, { run = false } = {}) {
    app.request = request;
    app.stored = null;
    const wanted = request.links.findIndex((link) => link.wantsId && !link.id);
    app.changed(wanted >= 0 ? `id-${wanted}` : null);
    closeDrawer();
    if (run && !missingPart(request, app.catalog)) submit();
  },

  recall(item) {
    app.request = cloneRequest(item.request);
    app.stored = null;
    show(item);
    app.changed();
  },

  clearHistory() {
    for (const item of app.history) if (item !== app.shown) forgetBlob(item);
    app.history = [];
    drawSide();
  },

  lastSeen(name) {
    return [...(app.seen.get(name)?.keys() ?? [])].at(-1);
  },

  /** The fault that the last answer found with a column, while the form still asks the same thing. */
  faultOf(name) {
    const errors = app.shown?.forRequest === app.request ? app.shown.answer?.errors ?? [] : [];
    return errors.find((error) => error.field === name)?.detail ?? null;
  },

  hrefOf(column, value, owner, request) {
    const name = app.catalog.linkOf(column, owner);
    if (!name || !/^[1-9]\d{0,18}$/.test(String(value))) return null;
    const isOwn = column === app.catalog.get(owner)?.key && lastLink(request)?.name === owner && request.links.length > 1 && !request.verb;
    const parents = isOwn ? request.links.slice(0, -1) : [];
    return permalink(newRequest({ links: [...parents, { name, id: String(value), wantsId: true }], format: request.format }), app.catalog);
  },

  turnPage(request, words) {
    const next = cloneRequest(request);
    if (next.raw !== null) {
      const params = parse(next.raw.trim() || '{}');
      for (const [word, text] of Object.entries(words)) { if (text === '') delete params[word]; else params[word] = text; }
      next.raw = indent(stringify(params));
    } else {
      next.scopes[''] ??= emptyScope();
      Object.assign(next.scopes[''].words, words);
    }
    app.open(next, { run: true });
  },

  askAs(request, format) {
    app.view = format;
    app.open({ ...cloneRequest(request), format }, { run: true });
  },

  async loadRecord() {
    if (app.sending) return;
    const asked = app.request;
    const read = newRequest({ links: asked.links.map((link) => ({ ...link })) });
    const missing = missingPart(read, app.catalog);
    if (missing) return tell(missing);
    const item = await ask(read);
    const record = item?.answer?.value?.response?.[app.catalog.get(lastLink(read).name).singular];
    if (record && app.request === asked) {
      app.stored = record;
      asked.ifMatch = tagOf(item.answer) ?? '';
      app.changed('load');
      announce('The stored values stand in the fields as hints.');
    }
  },
};

const cloneRequest = (request) => ({ ...structuredClone({ ...request, file: null }), file: request.file });

/* --- focus ------------------------------------------------------------------------------------------ */

/** Drawing anew makes other elements: the one with the same key gets the focus back. */
function keepFocus(draw, wanted) {
  const active = document.activeElement;
  const key = wanted ?? active?.dataset?.key;
  const range = active && 'selectionStart' in active && active.type !== 'radio' ? [active.selectionStart, active.selectionEnd] : null;
  draw();
  if (!key || (!wanted && document.contains(active) && active !== document.body)) return;
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  target?.focus({ preventScroll: !wanted });
  if (range && target && !wanted && target.setSelectionRange && range[0] !== null) target.setSelectionRange(...range);
}

/* --- sending ---------------------------------------------------------------------------------------- */

function tell(missing) {
  app.notice = missing;
  drawNotice();
  announce(missing.text);
  document.querySelector(`[data-key="${CSS.escape(missing.part)}"]`)?.focus();
}

function drawNotice() {
  fill($('notice'), app.notice && h('span', {}, app.notice.text));
}

async function submit() {
  if (app.sending) return;
  const missing = missingPart(app.request, app.catalog);
  if (missing) return tell(missing);
  await ask(app.request);
}

/** Sends a request, keeps it in the history, shows what came. */
async function ask(request) {
  const abort = new AbortController();
  const item = { request: cloneRequest(request), forRequest: request, at: new Date(), answer: null, failure: null, code: 0 };
  app.sending = { abort: () => abort.abort(), progress: null };
  const follow = (label) => (loaded, total) => { app.sending = { ...app.sending, progress: { label, loaded, total } }; drawProgress(app); };
  drawAnswer(app);
  $('send').disabled = true;
  try {
    const hooks = { signal: abort.signal, onUpload: request.file ? follow('Sent') : null, onDownload: request.verb === 'download' ? follow('Received') : null };
    item.answer = understand(await send({ ...app, request }, hooks));
    item.code = item.answer.code;
    learn(item);
  } catch (error) {
    item.failure = error.message;
  }
  performance.clearResourceTimings();
  app.sending = null;
  $('send').disabled = false;
  remember(item);
  show(item);
  keepFocus(() => {
    const showsFaults = request.method !== 'GET' && request === app.request;
    if (showsFaults) drawBuilder($('builder'), app);
    drawSide();
  });
  if (matchMedia('(max-width: 760px)').matches) $('answer-pane').scrollIntoView();
  announce(item.answer ? `${item.code} ${messageOf(item.answer)}` : item.failure);
  return item;
}

function remember(item) {
  app.history.push(item);
  if (app.history.length > MOST_HISTORY) forgetBlob(app.history.shift());
  const old = app.history.at(-1 - MOST_KEPT);
  if (old?.answer) {
    forgetBlob(old);
    old.answer = { ...old.answer, text: '(no longer kept)', blob: null, value: null, format: 'text' };
  }
}

/** What is shown keeps its blob, though the history may have forgotten it. */
function show(item) {
  if (app.shown && !app.history.includes(app.shown)) forgetBlob(app.shown);
  app.shown = item;
  drawAnswer(app);
}

function forgetBlob(item) {
  if (item.blobUrl) URL.revokeObjectURL(item.blobUrl);
  item.blobUrl = undefined;
}

/** As If-Match takes it: of the record, not of a coding. */
const tagOf = (answer) => answer.header('etag')?.replace(/-(gzip|br)"$/, '"') ?? null;

/** What an answer teaches: tag, ids that exist, whether the login still holds. */
function learn({ answer, request }) {
  if (answer.code < 300 && request.api === 'remote') app.lastTag = tagOf(answer) ?? app.lastTag;
  eachRecord(answer.value, app.catalog, (name, record) => {
    const key = app.catalog.get(name)?.key;
    if (!key || !record[key] || request.method === 'DELETE') return;
    const seen = app.seen.get(name) ?? app.seen.set(name, new Map()).get(name);
    const title = record[`${app.catalog.get(name).singular}_name`] ?? record.title ?? record.file_name ?? '';
    seen.delete(String(record[key]));
    seen.set(String(record[key]), String(title).slice(0, 60));
  });
  const single = request.links?.at(-1);
  if (request.method === 'DELETE' && answer.code === 200 && single && !request.dryRun) app.seen.get(single.name)?.delete(single.id);
  if (request.api === 'remote' && (answer.code === 401 || answer.code === 403)) readRefusal(answer);
  else if (request.api === 'remote' && app.user) setConnection('in', app.user.name);
}

/* --- login ------------------------------------------------------------------------------------------ */

function setConnection(state, text) {
  app.connection = { state, text };
  const isIn = Boolean(app.user);
  fill($('connection'), h('span', { class: `lamp lamp-${state}`, 'aria-hidden': 'true' }), h('span', { class: 'connection-text' }, state === 'in' ? [h('span', { class: 'wide-only' }, 'Logged in as '), h('strong', {}, text)] : text));
  $('logout').hidden = !isIn;
}

function readRefusal(answer) {
  const left = answer.header('x-login-attempts-left');
  const errors = answer.errors ?? [];
  const isBanned = errors.some((error) => error.code === 'ip_banned');
  app.attemptsLeft = left === null ? null : Number(left);
  const text = isBanned ? 'This address is banned' : left === null ? messageOf(answer) : `Login failed. ${attemptsText(app.attemptsLeft)}`;
  setConnection(isBanned || app.attemptsLeft === 0 ? 'banned' : 'failed', text);
}

async function login(event) {
  event.preventDefault();
  const name = $('user').value.trim();
  const password = $('password').value;
  app.apiUrl = $('api-url').value.trim() || app.apiUrl;
  app.apiId = $('api-id').value.trim();
  if (!name && app.apiId) return enter(null, []);
  if (!name || !password) return refuse(name ? 'Fill in the password.' : 'Fill in user and password, or an API ID.', name ? 'password' : 'user');
  const user = { name, hash: /^[0-9a-f]{32}$/i.test(password) && $('is-hash').checked ? password : md5(password) };
  const request = newRequest({ links: [{ name: 'api', id: '', wantsId: false }], verb: 'resources' });
  $('login-send').disabled = true;
  try {
    const answer = understand(await send({ ...app, user, request }));
    performance.clearResourceTimings();
    if (answer.code === 200 && Array.isArray(answer.value?.response?.resources)) return enter(user, answer.value.response.resources);
    readRefusal(answer);
    refuse([messageOf(answer), ...(answer.errors ?? []).map((error) => error.detail)].filter(Boolean).join(': ') || `HTTP ${answer.status}`, 'password',
      app.attemptsLeft === null ? null : attemptsText(app.attemptsLeft));
  } catch (error) {
    refuse(error.message, 'api-url');
  } finally {
    $('login-send').disabled = false;
  }
}

function refuse(text, focus, more) {
  fill($('login-error'), h('strong', {}, text), more && [' ', h('span', { id: 'attempts' }, more)]);
  $(focus).focus();
  $(focus).select?.();
}

function enter(user, resources) {
  app.user = user;
  app.attemptsLeft = null;
  $('password').value = '';
  fill($('login-error'));
  app.catalog = new Catalog(resources);
  setConnection(user ? 'in' : 'partial', user ? user.name : 'API ID alone: the abuse API');
  document.body.dataset.stage = 'in';
  const first = user ? newRequest({ links: [{ name: 'projects', id: '', wantsId: false }] }) : newRequest({ api: 'abuse', method: 'POST' });
  const wanted = fromPermalink(location.hash, app.catalog);
  app.open(wanted && (user || wanted.api === 'abuse') ? wanted : app.catalog.get('projects') || !user ? first : newRequest());
  drawCodeTabs(app);
  drawAnswer(app);
  $('send').focus();
  announce(user ? `Logged in as ${user.name}` : 'Ready for the abuse API');
}

/** A page loaded anew knows nothing: what was under way is cancelled, what was shown and typed is gone. */
function logout() {
  location.replace(location.pathname);
}

/* --- the frame ---------------------------------------------------------------------------------------- */

function drawSide() {
  tabs($('side-tabs'), [{ id: 'resources', label: 'Resources' }, { id: 'history', label: app.history.length ? `History ${app.history.length}` : 'History' }], app.sidebar, 'side', (id) => { app.sidebar = id; drawSide(); });
  $('nav-filter').parentElement.hidden = app.sidebar !== 'resources';
  if (app.sidebar === 'resources') drawSidebar($('side'), app, $('nav-filter').value.trim().toLowerCase());
  else drawHistory($('side'), app);
}

const closeDrawer = () => setDrawer(false);

function setDrawer(open) {
  document.body.classList.toggle('drawer-open', open);
  $('drawer').setAttribute('aria-expanded', String(open));
}

function onKey(event) {
  if (document.body.dataset.stage !== 'in') return;
  const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    submit();
  } else if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    app.sidebar = 'resources';
    drawSide();
    setDrawer(true);
    $('nav-filter').focus();
  } else if (event.key === 'Escape') {
    closeDrawer();
  }
}

function onHash() {
  if (!app.catalog.resources.length && !app.apiId) return;
  const request = fromPermalink(location.hash, app.catalog);
  if (request) app.open(request, { run: request.method === 'GET' });
}

/** A link to the request that stands in the form already changes no address, and is meant all the same. */
function onLink(event) {
  const link = event.target.closest?.('a[href^="#/"]');
  const isPlain = link && link.id !== 'permalink' && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (isPlain && link.getAttribute('href') === location.hash) onHash();
}

function begin() {
  startTheme($('theme'));
  setConnection('out', 'Not logged in');
  $('api-url').value = app.apiUrl;
  $('login').addEventListener('submit', login);
  $('logout').addEventListener('click', logout);
  $('drawer').addEventListener('click', () => setDrawer(!document.body.classList.contains('drawer-open')));
  $('nav-filter').addEventListener('input', drawSide);
  $('request').addEventListener('submit', (event) => { event.preventDefault(); submit(); });
  $('hide-secrets').addEventListener('change', (event) => { app.hideSecrets = event.target.checked; drawCode(app); });
  $('permalink').addEventListener('click', (event) => { event.preventDefault(); copy(new URL(event.currentTarget.getAttribute('href'), location.href).href, event.currentTarget); });
  $('password').addEventListener('input', (event) => { $('hash-row').hidden = !/^[0-9a-f]{32}$/i.test(event.target.value); });
  document.addEventListener('keydown', onKey);
  window.addEventListener('hashchange', onHash);
  document.addEventListener('click', onLink);
  document.body.dataset.stage = 'out';
  $('user').focus();
}

begin();
