/** An answer as a tree that folds. Made of <details>: keyboards and screen readers know them; children come when opened. */
import { h } from './dom.js';
import { isNumber, isObject } from './json.js';

const OPEN_ITEMS = 5; /* lists that are longer begin with their items folded */
const PAGE = 200; /* children that are drawn at once */

/** What every answer has begins folded, so that what it is about stands on the first screen. */
const FOLDED = new Set(['request', 'data']);

/** link(column, value, owner) gives an href for an id, or null; owner is the resource that the row is of. */
export function tree(value, { link, ownerOf }) {
  const root = h('div', { class: 'tree' });
  for (const [name, item] of Object.entries(value)) root.append(node(name, item, { link, ownerOf, owner: null, depth: 0, open: !FOLDED.has(name) }));
  return root;
}

function node(name, value, context) {
  if (Array.isArray(value) || isObject(value)) return branch(name, value, context);
  return h('div', { class: 'leaf' }, label(name), scalar(name, value, context));
}

const label = (name) => (name === null ? null : [h('span', { class: typeof name === 'number' ? 'tree-index' : 'tree-key' }, String(name)), h('span', { class: 'tree-colon' }, ' ')]);

function branch(name, value, context) {
  const count = Array.isArray(value) ? value.length : Object.keys(value).length;
  const owner = typeof name === 'string' ? context.ownerOf(name) ?? context.owner : context.owner;
  const inner = { ...context, owner, depth: context.depth + 1 };
  if (!count) return h('div', { class: 'leaf' }, label(name), h('span', { class: 'tree-empty' }, Array.isArray(value) ? '[ ]' : '{ }'));
  const body = h('div', { class: 'tree-children' });
  const details = h('details', { open: context.open }, h('summary', {}, label(name), h('span', { class: 'tree-preview' }, preview(value, count))), body);
  const draw = () => { if (details.open && !body.firstChild) drawChildren(body, value, inner, 0); };
  details.addEventListener('toggle', draw);
  draw();
  return details;
}

function drawChildren(body, value, context, from) {
  /* Beside a list, the records that it hangs on are only the way to it. */
  const hasList = context.depth === 1 && Object.values(value).some(Array.isArray);
  const folds = (name, item) => context.depth === 1 && (FOLDED.has(name) || (hasList && !Array.isArray(item)));
  const entries = Array.isArray(value) ? value.map((item, i) => [i, item]) : Object.entries(value);
  const opens = context.depth < 2 || (context.depth === 2 && Array.isArray(value) && entries.length <= OPEN_ITEMS);
  for (const [name, item] of entries.slice(from, from + PAGE))
    body.append(node(name, item, { ...context, open: opens && !folds(name, item) }));
  if (entries.length <= from + PAGE) return;
  const more = h('button', { type: 'button', class: 'quiet small', onclick: () => { more.remove(); drawChildren(body, value, context, from + PAGE); } },
    `Show ${Math.min(PAGE, entries.length - from - PAGE)} more of ${entries.length}`);
  body.append(more);
}

/** The key and what the record is called, then the rest. */
function leading(entries) {
  const isName = ([name]) => /_(name|label|note|detail)$|^title$/.test(name);
  return [...entries.slice(0, 1), ...entries.slice(1).filter(isName), ...entries.slice(1).filter((entry) => !isName(entry))];
}

function preview(value, count) {
  if (Array.isArray(value)) return `${count} ${count === 1 ? 'item' : 'items'}`;
  const parts = [];
  let size = 0;
  for (const [name, item] of leading(Object.entries(value))) {
    if (item === null || typeof item === 'object' && !isNumber(item)) continue;
    const text = String(item).slice(0, 40);
    if (text === '' || size > 80) continue;
    size += name.length + text.length;
    parts.push(h('span', { class: 'tree-pair' }, h('i', {}, name), ` ${text}`));
  }
  return parts.length ? parts : `${count} ${count === 1 ? 'member' : 'members'}`;
}

export function scalar(name, value, { link, owner }) {
  if (value === null) return h('span', { class: 't-word' }, 'null');
  const href = typeof name === 'string' ? link?.(name, value, owner) : null;
  const text = String(value);
  if (href) return h('a', { class: 'id-link', href, title: `Ask for ${href.slice(2).replace(/\/(json|xml)$/, '').replace(/^v1\//, '')}` }, text);
  if (isNumber(value)) return h('span', { class: 't-number' }, text);
  if (typeof value === 'boolean') return h('span', { class: 't-word' }, text);
  return h('span', { class: text ? 't-string' : 'tree-empty' }, text || '""');
}

/** Opens or closes everything that is drawn; opening draws what was not. */
export function setOpen(root, open) {
  if (!open) {
    for (const details of root.querySelectorAll('details')) details.open = details.parentElement === root;
    return;
  }
  for (let rounds = 0; rounds < 12; rounds++) {
    const closed = [...root.querySelectorAll('details:not([open])')].slice(0, 2000);
    if (!closed.length) return;
    for (const details of closed) {
      details.open = true;
      details.dispatchEvent(new Event('toggle'));
    }
  }
}
