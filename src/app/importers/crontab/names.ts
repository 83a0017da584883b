/** What runs another command, and is not what a line is about. */
const WRAPPERS = new Set([
  'sudo',
  'env',
  'nice',
  'ionice',
  'timeout',
  'flock',
  'nohup',
  'exec',
  'cd',
  'test',
  '[',
  'chronic',
  'time',
  'then',
  'if',
  'sleep',
]);
const INTERPRETERS = /^(?:(?:ba|da|k|z)?sh|python[\d.]*|perl|ruby|node|php[\d.]*|java|uv|npx)$/;
const ENDINGS = /\.(?:sh|bash|py|pl|rb|js|mjs|ts|php|jar)$/;

/** What a job may be called, after what its command is about. */
export function nameOfCommand(command: string): string {
  for (const part of command.split(/&&|\|\||[;|\n]/)) {
    const words = part
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/^["'({]+|["')}]+$/g, ''));
    const name = nameOfWords(words.filter((word) => word !== ''));
    if (name !== undefined) return name;
  }
  return 'job';
}

function nameOfWords(words: readonly string[]): string | undefined {
  let isSkipped = false;
  for (const word of words) {
    const base = word.split('/').at(-1) ?? '';
    if (word.startsWith('-') || /^\w+=/.test(word) || /^[\d.]+[smhd]?$/.test(word)) continue;
    if (base === 'cd' || base === 'sleep' || base === 'test' || base === '[') return undefined;
    if (WRAPPERS.has(base)) {
      isSkipped = base === 'flock';
      continue;
    }
    if (isSkipped) {
      isSkipped = false;
      continue;
    }
    if (INTERPRETERS.test(base)) continue;
    const name = base === 'find' ? findName(words) : base.replace(ENDINGS, '');
    if (/[A-Za-z]/.test(name)) return name;
  }
  return undefined;
}

/** `find /srv/tmp …` is about a folder. */
function findName(words: readonly string[]): string {
  const folder = words
    .find((word) => word.includes('/') && !word.endsWith('find'))
    ?.split('/')
    .findLast((part) => part !== '');
  return folder === undefined ? 'find' : `find-${folder}`;
}
