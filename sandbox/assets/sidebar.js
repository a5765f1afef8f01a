/** What there is to ask, resource by resource, and what was asked. */
import { fill, h } from './dom.js';
import { milliseconds, verbWords } from './explain.js';
import { chainOf, lastLink, newRequest, paramsText } from './request.js';

const badge = (method) => h('span', { class: `badge method-${method}` }, method === 'DELETE' ? 'DEL' : method);

/** Open groups stay as the reader left them. */
const folded = new Map();

export function drawSidebar(place, app, filter) {
  const groups = app.catalog.resources.map((resource) => group(app, resource, filter)).filter(Boolean);
  const abuse = !filter || 'abuse report create'.includes(filter);
  fill(place, groups, abuse && h('div', { class: 'nav-abuse' }, h('h2', { class: 'nav-head' }, 'Abuse API'), entry(app, { method: 'POST', label: 'File a report', request: () => newRequest({ api: 'abuse', method: 'POST' }), isCurrent: app.request.api === 'abuse' })),
    !groups.length && !abuse && h('p', { class: 'hint' }, 'Nothing of that name.'));
}

function group(app, resource, filter) {
  const entries = entriesOf(app, resource).filter((item) => !filter || `${resource.name} ${item.label} ${item.method}`.toLowerCase().includes(filter));
  if (!entries.length) return null;
  const isActive = entries.some((item) => item.isCurrent) || (app.request.api === 'remote' && lastLink(app.request)?.name === resource.name && lastLink(app.request).wantsId);
  const open = Boolean(filter) || isActive || folded.get(resource.name) === true;
  const details = h('details', { class: 'nav-group', open }, h('summary', {}, h('span', {}, resource.name)), h('ul', {}, entries.map((item) => h('li', {}, entry(app, item)))));
  details.addEventListener('toggle', () => { if (!filter && details.open !== open) folded.set(resource.name, details.open); });
  return details;
}

function entry(app, item) {
  return h('button', { type: 'button', class: 'nav-entry', 'aria-current': item.isCurrent ? 'true' : null, 'data-key': `nav-${item.key ?? item.label}`, onclick: () => app.open(item.request()) }, badge(item.method), h('span', {}, item.label));
}

/** The chain's id is kept where the new request is about the same resource; else the last one seen is proposed. */
function idFor(app, name) {
  const here = app.request.links.find((link) => link.name === name)?.id;
  return here || app.lastSeen(name) || '';
}

function entriesOf(app, resource) {
  const { name, methods, verbs, below, chains } = resource;
  const one = () => [{ name, id: idFor(app, name), wantsId: true }];
  const many = () => [{ name, id: '', wantsId: false }];
  const add = (method, label, links, more = {}) => ({ method, label, key: `${name}-${method}-${more.verb && name !== 'api' ? more.verb : label}`, request: () => newRequest({ method, links: links(), ...more }), isCurrent: isCurrent(app, method, label, name, links, more) });
  if (name === 'api') return [add('GET', 'What is served', many, { verb: 'resources' })];
  if (name === 'config') return [add('GET', 'All settings', many), add('GET', 'One setting', one)];
  const takesId = chains.includes(`${name}/{id}`);
  return [
    add('GET', 'Find', many), methods.includes('POST') && add('POST', 'Create', many),
    takesId && add('GET', 'Get one', one), takesId && methods.includes('PUT') && add('PUT', 'Update', one), takesId && methods.includes('DELETE') && add('DELETE', 'Delete', one),
    ...verbs.map((verb) => add(verb.method, verbWords(verb.name), verb.needsId ? one : many, { verb: verb.name })),
    ...below.map((child) => add('GET', `… its ${child}`, () => [...one(), { name: child, id: '', wantsId: false }])),
  ].filter(Boolean);
}

function isCurrent(app, method, label, name, links, more) {
  const { request } = app;
  if (request.api !== 'remote' || request.method !== method || request.verb !== (more.verb ?? '')) return false;
  const wanted = links();
  return wanted.length === request.links.length && wanted.every((link, i) => link.name === request.links[i].name && link.wantsId === request.links[i].wantsId) && lastLink(request).name === wanted.at(-1).name;
}

/** What tells two requests for the same chain apart: their parameters and format. */
function detailsOf(app, request) {
  if (request.api === 'abuse') return `service ${request.abuse.service_id ?? ''}`;
  const params = paramsText(request, app.catalog).replace(/^\{|\}$|"/g, '').replaceAll(',', ', ');
  return [request.format === 'xml' && 'xml', params.length > 90 ? `${params.slice(0, 90)}…` : params].filter(Boolean).join(' · ');
}

const clock = (date) => date.toTimeString().slice(0, 8);

export function drawHistory(place, app) {
  if (!app.history.length) {
    fill(place, h('p', { class: 'hint' }, 'Requests that you send are listed here until you leave the page.'));
    return;
  }
  fill(place, h('ol', { class: 'history', reversed: true }, [...app.history].reverse().map((item, i) => h('li', {},
    h('button', { type: 'button', class: 'nav-entry', 'aria-current': item === app.shown ? 'true' : null, 'data-key': `history-${app.history.length - i}`, onclick: () => app.recall(item) },
      badge(item.request.api === 'abuse' ? 'POST' : item.request.method),
      h('span', { class: 'history-chain' }, item.request.api === 'abuse' ? 'abuse report' : chainOf(item.request).join('/')),
      h('span', { class: `history-status ${item.answer ? (item.code < 400 ? 'good' : 'bad') : 'bad'}` }, item.answer ? item.code : '—'),
      h('span', { class: 'history-details' }, detailsOf(app, item.request)),
      h('span', { class: 'history-time' }, [clock(item.at), item.answer && milliseconds(item.answer.time.total)].filter(Boolean).join(' · ')))))),
  h('button', { type: 'button', class: 'quiet small', 'data-key': 'clear-history', onclick: () => app.clearHistory() }, 'Clear'));
}
