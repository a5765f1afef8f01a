'use strict';
// What a client wants written, checked against what the columns hold and the rules allow.

const { invalid, malformed } = require('./request');

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const MOMENT = /^(.{10}) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

function isDay(text) {
  const part = DAY.exec(text);
  if (!part || text === '0000-00-00') {
    return part !== null;
  }
  const [year, month, day] = part.slice(1).map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(year, month, 0).getDate();
}

function isMoment(text) {
  const part = MOMENT.exec(text);
  return part !== null && isDay(part[1]);
}

// The value as it is stored, or undefined. utf8mb3 columns hold no character of four bytes.
function stored(field, value) {
  if (typeof value !== 'string' && typeof value !== 'number') {
    return undefined;
  }
  if (field.kind === 'integer') {
    const number = value === '' ? NaN : Number(value);
    return Number.isInteger(number) && number >= field.low && number <= field.high ? number : undefined;
  }
  const text = String(value);
  const fits =
    field.kind === 'date' ? isDay(text)
    : field.kind === 'datetime' ? isMoment(text)
    : text.length <= field.most && !/[\u{10000}-\u{10FFFF}]/u.test(text);
  return fits ? text : undefined;
}

function isAllowed(rules, name, value) {
  const [low, high] = rules.bounds[name] ?? [-Infinity, Infinity];
  const values = rules.values[name];
  return values ? values.includes(value) : !(name in rules.bounds) || (value >= low && value <= high);
}

function invalidAll(names) {
  const refusal = invalid(names[0]);
  refusal.errors = names.map((name) => invalid(name).errors[0]);
  return refusal;
}

// All faults of a request at once; else its values, numbers as numbers.
function checked(resource, rules, given, isNew) {
  const bad = [];
  const values = {};
  for (const [name, value] of Object.entries(given)) {
    const field = resource.fields.get(name);
    if (!field) {
      throw malformed('unknown_parameter', name, `"${name}" is not known`);
    }
    values[name] = stored(field, value);
    const isKept = isNew && rules.kept.has(name);
    if (isKept || values[name] === undefined || !isAllowed(rules, name, values[name])) {
      bad.push(name);
    }
  }
  if (bad.length > 0) {
    throw invalidAll(bad);
  }
  return values;
}

module.exports = { checked, invalidAll };
