/** The renderer, openapi-explorer, in this site's clothes. It is fetched when it is needed: the login is there at once. */
import { fill, h } from './dom.js';

/** Attributes that take colours, and the words of base.css that they follow. */
const COLOURS = {
  'bg-color': '--surface', 'text-color': '--text', 'primary-color': '--accent', 'secondary-color': '--accent', 'header-bg-color': '--surface',
  'header-color': '--surface', 'nav-bg-color': '--sunken', 'nav-text-color': '--text', 'nav-hover-bg-color': '--hover', 'nav-hover-text-color': '--text',
};

/** Nothing is sent from the reference: the sandbox is the place to try. */
const FIXED = { 'hide-console': true, 'hide-authentication': true, 'hide-server-selection': true, 'hide-components': true, 'display-nulls': true, layout: 'column' };

/**
 * Within the renderer's shadow, where no style sheet of the page reaches. Fields to fill in are not shown, so their column
 * goes; the Accept that it adds to what answers in two formats is not how this gateway is asked. On narrow screens the list
 * of operations is a drawer.
 */
const INSIDE = `
  .request-body-param-file, tr:has(#request-Accept-label), tr:has(.param-name) > td:nth-child(2) { display: none; }
  .table-title:has(+ div tr:only-child #request-Accept-label), div:has(> table tr:only-child #request-Accept-label) { display: none; }
  .param-name, .param-type { text-align: left; }
  .param-name, .param-type, .param-description { margin: .45rem 0 !important; }
  .param-type { margin-top: -.2rem !important; }
  .api-request td { padding-left: 14px; }
  .nav-bar { border-right: 1px solid var(--border-color); }
  .nav-bar-tag { padding-top: 9px; padding-bottom: 9px; }
  [part="label-operation-path"] { overflow-wrap: anywhere; }
  .main-content a { text-decoration: underline; text-underline-offset: 2px; }
  .main-content:focus-visible { outline: none; }
  @media (max-width: 767.98px) {
    .nav-bar.focused { display: flex; position: fixed; z-index: 6; top: var(--top); bottom: 0; left: 0; width: min(300px, 86vw); height: auto; border-top: 0; visibility: hidden; transform: translateX(-102%); transition: transform .15s, visibility .15s; }
    :host(.open) .nav-bar.focused { visibility: visible; transform: none; }
    .main-content-inner { padding: 4px 16px 40px; }
    .section-gap, .section-padding { margin: 0; padding: 12px 0; }
  }
`;

const six = (colour) => (/^#[0-9a-f]{3}$/i.test(colour) ? colour.replace(/[0-9a-f]/gi, '$&$&') : colour);

function paint(element) {
  const words = getComputedStyle(document.documentElement);
  for (const [attribute, word] of Object.entries(COLOURS)) element.setAttribute(attribute, six(words.getPropertyValue(word).trim()));
  element.requestUpdate?.();
}

export function recolour(place) {
  const element = place.querySelector('openapi-explorer');
  if (element) paint(element);
}

/** It would show another page on narrow screens, without descriptions of parameters: it is to keep to this one. */
function keepFocused(element) {
  removeEventListener('resize', element.handleResize);
  element.handleResize = () => { element.renderStyle = 'focused'; };
}

/** onChoose: an entry of the list of operations was chosen. */
export async function drawReference(place, value, onChoose) {
  try {
    await import('./openapi-explorer.js');
  } catch {
    fill(place, h('p', { class: 'noscript' }, 'The renderer could not be loaded: this gateway was built without it (PORTCULLIS_REFERENCE=OFF), or did not answer. The document itself can be saved above.'));
    return;
  }
  const element = h('openapi-explorer', FIXED);
  keepFocused(element);
  paint(element);
  element.addEventListener('click', (event) => { if (event.composedPath().some((node) => node.dataset?.contentId)) onChoose(); });
  fill(place, element);
  await element.updateComplete;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(INSIDE);
  element.shadowRoot.adoptedStyleSheets.push(sheet);
  await element.loadSpec(value);
  await element.updateComplete;
  element.shadowRoot.querySelector('main')?.setAttribute('tabindex', '0'); /* it scrolls: keys must reach it */
}
