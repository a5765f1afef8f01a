/** Building elements. Text is always text: nothing here parses markup. */

/**
 * An element: h('button', {class: 'x', type: 'button', onclick: f}, 'Send', child…).
 * null, undefined and false are left out, as attribute and as child; true is an empty attribute.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Puts children in the place of whatever element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

export const $ = (id) => document.getElementById(id);

let counter = 0;
export const uniqueId = (prefix) => `${prefix}-${++counter}`;

/** An icon of the sprite in index.html; decoration only. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** <select> of [value, label] pairs, or of plain values. */
export function select(attributes, options, value) {
  const element = h('select', attributes, options.map((option) => {
    const [key, label] = Array.isArray(option) ? option : [option, option];
    return h('option', { value: key, selected: key === value }, label);
  }));
  if (value !== undefined) element.value = value;
  return element;
}

/**
 * Tabs after the ARIA pattern: arrows, Home and End move, and moving selects.
 * list is the element with role=tablist; tabs: [{id, label, disabled}]; panel's id is what they control.
 */
export function tabs(list, items, selected, panelId, onSelect) {
  const buttons = items.map((item) => h('button', {
    type: 'button', role: 'tab', id: `${panelId}-tab-${item.id}`, class: 'tab', 'aria-controls': panelId,
    'aria-selected': String(item.id === selected), tabindex: item.id === selected ? '0' : '-1',
    'aria-disabled': item.disabled ? 'true' : null, title: item.title,
    onclick: () => { if (!item.disabled) onSelect(item.id); },
    onkeydown: (event) => moveTab(event, buttons, items, onSelect),
  }, item.label));
  fill(list, buttons);
  const panel = $(panelId);
  if (panel) panel.setAttribute('aria-labelledby', `${panelId}-tab-${selected}`);
}

function moveTab(event, buttons, items, onSelect) {
  const usable = items.map((item, i) => i).filter((i) => !items[i].disabled);
  const here = usable.indexOf(buttons.indexOf(event.currentTarget));
  const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: usable.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const index = usable[(to + usable.length) % usable.length];
  const id = buttons[index].id;
  onSelect(items[index].id);
  $(id)?.focus();
}

/** Says something to who cannot see the page change. */
export function announce(text) {
  $('announcer').textContent = text;
}

export async function copy(text, button) {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    done = copyBySelection(text);
  }
  const label = button.querySelector('.copy-label') ?? button;
  const before = label.textContent;
  label.textContent = done ? 'Copied' : 'Press Ctrl+C';
  announce(done ? 'Copied' : 'Copying is not allowed here');
  setTimeout(() => { label.textContent = before === 'Copied' ? 'Copy' : before; }, 1600);
}

/** Pages that came over plain HTTP have no clipboard but this. */
function copyBySelection(text) {
  const area = h('textarea', { class: 'visually-hidden', 'aria-hidden': 'true', tabindex: '-1' });
  const focused = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  focused?.focus?.();
  return done;
}
