/** The API's XML answers as the tree that their JSON would give, and as indented text. */

const NIL = 'nil';

export function parseXml(text) {
  const tree = new DOMParser().parseFromString(text, 'application/xml');
  if (tree.querySelector('parsererror')) throw new SyntaxError('not XML');
  return value(tree.documentElement);
}

const nameOf = (element) => element.getAttribute('name') ?? element.localName;

function value(element) {
  if (element.getAttribute(NIL) === 'true') return null;
  const children = [...element.children];
  if (element.getAttribute('list') === 'true') return children.map(value);
  if (!children.length) return element.textContent;
  const members = Object.create(null);
  for (const child of children) members[nameOf(child)] = value(child);
  return members;
}

/** One element a line; text stays on its element's line. */
export function indentXml(text) {
  let depth = 0;
  let hasText = true;
  const parts = text.match(/<[^>]+>|[^<]+/g) ?? [];
  let out = '';
  for (const part of parts) {
    if (!part.startsWith('<')) {
      if (part.trim()) { out += part; hasText = true; }
      continue;
    }
    const closes = part.startsWith('</');
    if (closes) depth--;
    if (!(closes && hasText) && out) out += `\n${'  '.repeat(Math.max(depth, 0))}`;
    out += part;
    hasText = !closes && !part.endsWith('/>') && !part.startsWith('<?');
    if (hasText) depth++;
    else if (closes) hasText = false;
  }
  return out;
}
