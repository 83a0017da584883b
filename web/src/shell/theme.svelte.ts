/** Light or dark: as the system says, until the reader says otherwise. */
const KEY = 'vahti-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

type Choice = 'system' | 'light' | 'dark';

function saved(): Choice {
  try {
    const text = localStorage.getItem(KEY);
    return text === 'light' || text === 'dark' ? text : 'system';
  } catch {
    return 'system';
  }
}

class Theme {
  choice = $state.raw<Choice>(saved());
  #isDark = $state.raw(system.matches);

  constructor() {
    system.addEventListener('change', () => {
      this.#isDark = system.matches;
      this.#apply();
    });
    this.#apply();
  }

  get isDark(): boolean {
    return this.choice === 'system' ? this.#isDark : this.choice === 'dark';
  }

  toggle(): void {
    this.choice = this.isDark ? 'light' : 'dark';
    try {
      localStorage.setItem(KEY, this.choice);
    } catch {
      // It is said anew at the next visit.
    }
    this.#apply();
  }

  #apply(): void {
    document.documentElement.dataset['theme'] = this.isDark ? 'dark' : 'light';
  }
}

export const theme = new Theme();
