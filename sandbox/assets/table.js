/** Lists as tables: a row each, the key first, ids as links, headings that sort. */
import { h, icon } from './dom.js';
import { isNumber, isObject } from './json.js';
import { scalar } from './tree.js';

const MOST_ROWS = 500;

function columnsOf(rows, key) {
  const names = new Set(key ? [key] : []);
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  return [...names].filter((name) => rows.some((row) => name in row));
}

function cell(name, value, context) {
  if (Array.isArray(value)) return h('span', { class: 'tree-empty' }, `${value.length} items`);
  if (isObject(value)) {
    const [first, id] = Object.entries(value)[0] ?? [];
    return first ? scalar(first, id, { ...context, owner: context.ownerOf(name) }) : '{ }';
  }
  return value === '' ? null : scalar(name, value, context);
}

/** sortBy(column) is called for a click on a heading; sort is the list word in force. */
export function table(caption, rows, { key, link, owner, ownerOf, sort, sortBy }) {
  const columns = columnsOf(rows, key);
  const head = h('tr', {}, columns.map((name) => heading(name, sort, sortBy)));
  const body = rows.slice(0, MOST_ROWS).map((row) => h('tr', {}, columns.map((name) => {
    const isKey = name === key;
    const value = row[name];
    return h(isKey ? 'th' : 'td', { scope: isKey ? 'row' : null, class: isNumber(value) ? 'number' : null }, name in row ? cell(name, value, { link, owner, ownerOf }) : null);
  })));
  return h('div', { class: 'table-frame', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', { class: 'visually-hidden' }, caption), h('thead', {}, head), h('tbody', {}, body)));
}

function heading(name, sort, sortBy) {
  const first = (sort ?? '').split(',')[0];
  const direction = first === name ? 'ascending' : first === `-${name}` ? 'descending' : null;
  if (!sortBy) return h('th', { scope: 'col' }, name);
  return h('th', { scope: 'col', 'aria-sort': direction },
    h('button', { type: 'button', class: 'sort', title: 'Sort by this column', onclick: () => sortBy(direction === 'ascending' ? `-${name}` : name) },
      name, direction && icon(direction === 'ascending' ? 'up' : 'down')));
}
