/** The request as it would be sent from elsewhere: three addresses, and programs. */
import { copy, fill, h, icon, tabs } from './dom.js';
import { highlight } from './highlight.js';
import { FORMS, fullAddress } from './request.js';
import { FILE_NAMES, LANGUAGES, describe, snippet } from './snippets.js';

export const NOBODY = { name: 'USERNAME', hash: 'MD5_OF_PASSWORD' };

/** Only the panel's inside; its tabs are drawn when they change. */
export function drawCode(app) {
  const panel = document.getElementById('code');
  const isAddress = app.language === 'address';
  fill(panel, isAddress ? addresses(app) : program(app));
}

export function drawCodeTabs(app) {
  tabs(document.getElementById('code-tabs'), LANGUAGES.map(([id, label]) => ({ id, label })), app.language, 'code', (id) => {
    app.language = id;
    drawCodeTabs(app);
    drawCode(app);
  });
}

export function shownUser(app) {
  if (!app.user) return NOBODY;
  return app.hideSecrets ? { name: app.user.name, hash: NOBODY.hash } : app.user;
}

function copyButton(text, label) {
  const button = h('button', { type: 'button', class: 'quiet small copy', 'aria-label': label, onclick: () => copy(text, button) }, icon('copy'), h('span', { class: 'copy-label' }, 'Copy'));
  return button;
}

function addresses(app) {
  const { request } = app;
  if (request.api === 'abuse')
    return h('div', { class: 'address' }, h('div', { class: 'address-head' }, h('span', {}, 'POST'), copyButton(app.abuseUrl, 'Copy the address')), h('pre', {}, h('code', {}, highlight(app.abuseUrl, 'address'))), h('p', { class: 'hint' }, 'The report goes in the body, the API ID in the header API-ID.'));
  const hint = request.file ? 'A file takes a body: see the programs.' : request.method === 'GET' ? null : `With method=${request.method.toLowerCase()} in it, whoever opens this address writes.`;
  return [FORMS.map(([form, label]) => addressRow(app, form, label)), hint && h('p', { class: 'hint' }, hint)];
}

function addressRow(app, form, label) {
  const text = fullAddress(app.apiUrl, app.request, app.catalog, shownUser(app), form);
  return h('div', { class: 'address' }, h('div', { class: 'address-head' },
    h('label', {}, h('input', { type: 'radio', name: 'form', value: form, checked: app.form === form, 'data-key': `form-${form}`, onchange: () => { app.form = form; app.touched(); } }), label),
    copyButton(text, `Copy the ${label.toLowerCase()} address`)), h('pre', { tabindex: '0', 'data-form': form, 'aria-label': `${label} address` }, h('code', {}, highlight(text, 'address'))));
}

export function codeText(app, language) {
  const user = shownUser(app);
  const apiId = app.hideSecrets || !app.apiId ? 'API_ID' : app.apiId;
  return snippet(language, describe({ apiUrl: app.apiUrl, abuseUrl: app.abuseUrl, request: app.request, catalog: app.catalog, user, apiId, form: app.form }));
}

function program(app) {
  const text = codeText(app, app.language);
  return h('div', { class: 'program' }, h('div', { class: 'address-head' }, h('span', { class: 'file-title' }, FILE_NAMES[app.language]), copyButton(text, 'Copy the program')),
    h('pre', { tabindex: '0', 'data-language': app.language, 'aria-label': `${app.language} program` }, h('code', {}, highlight(text, app.language))));
}
