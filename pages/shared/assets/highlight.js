/** Colours for code: a few kinds of words, told apart by one expression a language. Text goes in as text. */
import { h } from './dom.js';

const LONGEST = 400_000; /* characters; beyond it colours cost more than they help */

const STRING = `"(?:[^"\\\\\\n]|\\\\.)*"|'(?:[^'\\\\\\n]|\\\\.)*'`;
const words = (text) => `\\b(?:${text.split(' ').join('|')})\\b`;
const RULES = {
  json: [['key', '"(?:[^"\\\\]|\\\\.)*"(?=\\s*:)'], ['string', '"(?:[^"\\\\]|\\\\.)*"'], ['number', '-?\\b\\d[\\d.eE+-]*'], ['word', words('true false null')]],
  xml: [['comment', '<\\?[^>]*>'], ['tag', '</?[\\w:.-]+|/?>'], ['key', '[\\w:.-]+(?==)'], ['string', '"[^"]*"']],
  address: [['tag', '^https?://[^/\\s]+'], ['key', '(?<=[?&])[\\w.[\\]-]+(?==)'], ['word', '[?&=]']],
  curl: [['string', STRING], ['word', '(?<=\\s)--?[\\w-]+'], ['tag', '^curl']],
  sh: [['comment', '(?<=^|\\s)#.*'], ['string', STRING], ['key', '\\$\\w+|\\$\\{[^}]*\\}'], ['word', '(?<=\\s)--?[\\w-]+']],
  ini: [['comment', '^\\s*[#;].*'], ['tag', '^\\[.*\\]'], ['key', '^[\\w.]+(?=\\s*=)']],
  nginx: [['comment', '(?<=^|\\s)#.*'], ['string', STRING], ['key', '\\$\\w+'], ['word', '^\\s*\\w+']],
  sql: [['comment', '--.*'], ['string', STRING], ['number', '\\b\\d+\\b'], ['word', words('SELECT INSERT UPDATE DELETE CREATE GRANT REVOKE ALTER DROP INDEX TABLE USER INTO FROM WHERE AND OR ON TO SET IN BY ORDER LIMIT IDENTIFIED VALUES NULL')]],
  php: [['comment', '//.*|<\\?php'], ['string', STRING], ['key', '\\$\\w+'], ['number', '\\b\\d+\\b'], ['word', words('foreach as if echo exit new true false null')]],
  python: [['comment', '#.*'], ['string', STRING], ['number', '\\b\\d+\\b'], ['word', words('import from for in if with as print True False None')]],
  javascript: [['comment', '//.*'], ['string', `${STRING}|\`[^\`]*\``], ['number', '\\b\\d+\\b'], ['word', words('import from const let await new for of if throw true false null')]],
  go: [['comment', '//.*'], ['string', STRING], ['number', '\\b\\d+\\b'], ['word', words('package import func var struct for range if defer return nil int string')]],
};
Object.assign(RULES, { js: RULES.javascript, bash: RULES.sh, systemd: RULES.ini });
const compiled = {};

/** Nodes for text: spans of class t-KIND between plain text. */
export function highlight(text, language) {
  const rules = RULES[language];
  if (!rules || text.length > LONGEST) return [text];
  compiled[language] ??= new RegExp(rules.map(([, source], i) => `(?<k${i}>${source})`).join('|'), 'gm');
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(compiled[language])) {
    if (match.index > at) nodes.push(text.slice(at, match.index));
    const kind = rules[Object.entries(match.groups).findIndex(([, value]) => value !== undefined)][0];
    nodes.push(h('span', { class: `t-${kind}` }, match[0]));
    at = match.index + match[0].length;
  }
  nodes.push(text.slice(at));
  return nodes;
}
