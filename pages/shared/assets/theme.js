/** The reader's colours: as the system has them, light, or dark. The one thing that outlives a page; it is no secret. */
import { fill, icon } from './dom.js';

const THEMES = ['auto', 'light', 'dark'];
const ICONS = { auto: 'auto', light: 'sun', dark: 'moon' };

function stored() {
  try { return THEMES.includes(localStorage.theme) ? localStorage.theme : 'auto'; } catch { return 'auto'; }
}

function set(theme, button) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.setAttribute('aria-label', `Colours: ${theme}`);
  button.title = `Colours: ${theme}`;
  fill(button, icon(ICONS[theme]));
}

/** The button goes through the themes. onChange is called after each change, the system's too. */
export function startTheme(button, onChange = () => {}) {
  set(stored(), button);
  button.addEventListener('click', () => {
    const theme = THEMES[(THEMES.indexOf(stored()) + 1) % THEMES.length];
    try { localStorage.theme = theme; } catch { /* not kept then */ }
    set(theme, button);
    onChange();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange);
}
