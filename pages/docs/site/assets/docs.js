/** What the documentation does beyond being read: copy buttons, colours in code, the drawer of narrow screens. */
import { $, copy, fill, h, icon } from './dom.js';
import { highlight } from './highlight.js';
import { startTheme } from './theme.js';

function dressCode(code) {
  const text = code.textContent;
  const language = code.className.replace('language-', '');
  const button = h('button', { type: 'button', class: 'quiet small copy', 'aria-label': 'Copy this block', onclick: () => copy(text.replace(/\n$/, ''), button) }, icon('copy'), h('span', { class: 'copy-label' }, 'Copy'));
  const block = h('div', { class: 'block' });
  code.parentElement.replaceWith(block);
  block.append(code.parentElement, button);
  fill(code, highlight(text, language));
}

/** What scrolls sideways must be reachable by keys. */
function markScrollers() {
  for (const frame of document.querySelectorAll('pre, .table-frame')) {
    const scrolls = frame.scrollWidth > frame.clientWidth;
    if (scrolls) frame.setAttribute('tabindex', '0');
    else frame.removeAttribute('tabindex');
  }
}

function setDrawer(isOpen) {
  document.body.classList.toggle('drawer-open', isOpen);
  $('drawer').setAttribute('aria-expanded', String(isOpen));
  if (isOpen) (document.querySelector('#pages [aria-current]') ?? document.querySelector('#pages a')).focus();
}

/** Who closes it by a key goes back to where it was opened. */
function onEscape() {
  if (!document.body.classList.contains('drawer-open')) return;
  setDrawer(false);
  $('drawer').focus();
}

/** The heading being read is marked in the list of this page's headings. */
function followReading() {
  const links = new Map([...document.querySelectorAll('.contents a')].map((link) => [link.getAttribute('href').slice(1), link]));
  const headings = [...document.querySelectorAll('article h2[id]')];
  const mark = () => {
    const read = headings.findLast((heading) => heading.getBoundingClientRect().top < 140) ?? headings[0];
    for (const [id, link] of links) {
      if (id === read?.id) link.setAttribute('aria-current', 'location');
      else link.removeAttribute('aria-current');
    }
  };
  if (!links.size) return;
  addEventListener('scroll', mark, { passive: true });
  mark();
}

document.body.classList.add('scripted');
startTheme($('theme'));
for (const code of document.querySelectorAll('article pre > code')) dressCode(code);
markScrollers();
followReading();
addEventListener('resize', markScrollers);
$('drawer').addEventListener('click', () => setDrawer(!document.body.classList.contains('drawer-open')));
document.addEventListener('click', (event) => { if (!event.target.closest('#pages, #drawer')) setDrawer(false); });
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') onEscape(); });
document.querySelector('#pages [aria-current]')?.scrollIntoView({ block: 'nearest' });
