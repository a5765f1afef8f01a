/**
 * JSON that loses nothing: numbers that JavaScript would change (12.50, 9007199254740993) stay as they were written.
 */

/** A number as the document spells it. */
export class Exact {
  constructor(source) { this.source = source; }
  toString() { return this.source; }
  toJSON() { return Number(this.source); }
}

export const isNumber = (value) => typeof value === 'number' || value instanceof Exact;
export const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Exact);

const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;

function* tokens(text) {
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) {
      if (/^\s*$/.test(text.slice(at))) return;
      throw new SyntaxError(`not JSON at ${at}`);
    }
    const end = TOKEN.lastIndex;
    yield { mark: match[1], string: match[2], number: match[3], word: match[4], text: match[0].trim() };
    TOKEN.lastIndex = end;
  }
}

function exact(source) {
  const number = Number(source);
  return String(number) === source ? number : new Exact(source);
}

/** The document's value. The syntax is checked by the browser's own parser, which says where it is wrong. */
export function parse(text) {
  JSON.parse(text);
  const stream = tokens(text);
  return value(stream, stream.next().value);
}

function value(stream, token) {
  if (token.string !== undefined) return JSON.parse(token.string);
  if (token.number !== undefined) return exact(token.number);
  if (token.word) return { true: true, false: false, null: null }[token.word];
  return token.mark === '[' ? list(stream) : object(stream);
}

function list(stream) {
  const items = [];
  for (let token = stream.next().value; token.mark !== ']'; token = stream.next().value)
    if (token.mark !== ',') items.push(value(stream, token));
  return items;
}

function object(stream) {
  const members = Object.create(null);
  for (let token = stream.next().value; token.mark !== '}'; token = stream.next().value) {
    if (token.mark === ',') continue;
    stream.next();
    members[JSON.parse(token.string)] = value(stream, stream.next().value);
  }
  return members;
}

/** The document of a value that parse gave. */
export function stringify(value) {
  if (value instanceof Exact) return value.source;
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  if (isObject(value)) return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}:${stringify(one)}`).join(',')}}`;
  return JSON.stringify(value);
}

/** The same document without the blanks between; no value is touched. */
export const compact = (text) => [...tokens(text)].map((token) => token.text).join('');

/** The same document, indented; no value is touched. */
export function indent(text) {
  let out = '';
  let depth = 0;
  let before = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const token of tokens(text)) {
    const closes = token.mark === '}' || token.mark === ']';
    if (closes) depth--;
    const isEmpty = closes && (before === '{' || before === '[');
    if ((closes && !isEmpty) || (!closes && (before === '{' || before === '[')) || before === ',') out += line();
    out += token.mark === ':' ? ': ' : token.text;
    if (token.mark === '{' || token.mark === '[') depth++;
    before = token.mark ?? 'value';
  }
  return out;
}
