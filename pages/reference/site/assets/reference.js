/** The reference: logs in, fetches openapi.json, hands it to the renderer. Leaving the page forgets all of it. */
import { $, announce, fill, h } from './dom.js';
import { attemptsText, errorHelp } from './errors.js';
import { md5 } from './md5.js';
import { dress } from './document.js';
import { drawReference, recolour } from './renderer.js';
import { startTheme } from './theme.js';

const DOCUMENT = new URL('../openapi.json', location.href.split('#')[0]);

/** A failure that people are told: {message, details, help, left}. */
class Refusal extends Error {
  constructor(message, more = {}) {
    super(message);
    Object.assign(this, { details: [], help: '', left: null, ...more });
  }
}

/** Whole numbers beyond JavaScript's keep their digits, as text, where the browser tells them. */
const exact = (name, value, more) => (Number.isInteger(value) && !Number.isSafeInteger(value) ? more?.source ?? value : value);

function read(text) {
  try { return JSON.parse(text, exact); } catch { return null; }
}

/** The document and its text, as it came. As POST, with the login in the body: no address and no cache of the browser's ever holds it. */
async function ask(name, hash) {
  const body = new URLSearchParams({ username: name, password: hash, method: 'get' });
  let answer, text;
  try {
    answer = await fetch(DOCUMENT, { method: 'POST', body, credentials: 'omit', redirect: 'error' });
    text = await answer.text();
  } catch {
    throw new Refusal('No answer: the gateway is not reachable, or it closed the connection.');
  }
  const value = read(text);
  const code = value?.request?.code ?? answer.status;
  if (code === 200 && value?.openapi) return { value, text };
  throw refusalOf(answer, value, code);
}

function refusalOf(answer, value, code) {
  const errors = value?.response?.errors ?? [];
  const left = answer.headers.get('x-login-attempts-left');
  const wait = answer.headers.get('retry-after');
  const help = errors.map((error) => errorHelp(error.code)).find(Boolean) ?? '';
  return new Refusal(value?.request?.message ?? `The gateway answered ${code}.`, {
    details: errors.map((error) => error.detail).filter(Boolean),
    help: [help, wait && `Try again after ${wait} s.`].filter(Boolean).join(' '),
    left: left === null ? null : Number(left),
    isBanned: errors.some((error) => error.code === 'ip_banned') || left === '0',
  });
}

/* --- the login ---------------------------------------------------------------------------------------- */

function setConnection(state, ...text) {
  fill($('connection'), h('span', { class: `lamp lamp-${state}`, 'aria-hidden': 'true' }), h('span', { class: 'connection-text' }, text));
}

function refuse(refusal, focus) {
  fill($('login-error'), h('p', {}, h('strong', {}, refusal.message)), refusal.details.map((detail) => h('p', {}, detail)),
    refusal.left !== null && h('p', { id: 'attempts' }, attemptsText(refusal.left)), refusal.help && h('p', { class: 'help' }, refusal.help));
  $(focus).focus();
  $(focus).select?.();
}

async function login(event) {
  event.preventDefault();
  const name = $('user').value.trim();
  const password = $('password').value;
  if (!name || !password) return refuse(new Refusal(name ? 'Fill in the password.' : 'Fill in user and password.'), name ? 'password' : 'user');
  $('login-send').disabled = true;
  setConnection('out', 'Asking …');
  try {
    await enter(name, await ask(name, md5(password)));
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    setConnection(refusal.isBanned ? 'banned' : 'failed', refusal.isBanned ? 'This address is banned' : 'Not logged in');
    refuse(refusal, 'password');
  } finally {
    $('login-send').disabled = false;
  }
}

async function enter(name, { value, text }) {
  $('password').value = '';
  fill($('login-error'));
  setConnection('in', h('span', { class: 'wide-only' }, 'Logged in as '), h('strong', {}, name));
  $('save').href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  $('save').hidden = $('logout').hidden = false;
  document.body.dataset.stage = 'in';
  $('main').hidden = true;
  $('reference').hidden = false;
  await drawReference($('reference'), dress(value, BASE), () => setDrawer(false));
  document.querySelector('.skip').href = '#reference';
  announce('The reference is shown.');
}

/** The list of operations, on narrow screens. */
function setDrawer(isOpen) {
  document.querySelector('openapi-explorer')?.classList.toggle('open', isOpen);
  $('drawer').setAttribute('aria-expanded', String(isOpen));
}

const BASE = DOCUMENT.pathname.replace(/\/openapi\.json$/, '');

startTheme($('theme'), () => recolour($('reference')));
setConnection('out', 'Not logged in');
$('login').addEventListener('submit', login);
$('drawer').addEventListener('click', () => setDrawer($('drawer').getAttribute('aria-expanded') === 'false'));
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') setDrawer(false); });
$('logout').addEventListener('click', () => location.reload());
document.body.dataset.stage = 'out';
$('user').focus();
