import { CommandError } from './exit-codes.ts';

const LONGEST = 4096;

/**
 * Reads a secret: typed twice and unseen where a person sits at a terminal, else the first line of standard input.
 * @param what for the prompt: `password of ada`.
 */
export async function readSecret(what: string): Promise<string> {
  const input = process.stdin;
  if (!input.isTTY) return readLine(input);
  const first = await readUnseen(`${what}: `);
  if (first !== (await readUnseen('once more: ')))
    throw new CommandError('usage', `cannot take the ${what}: it was not the same twice`);
  return first;
}

async function readLine(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const piece of input.setEncoding('utf8')) {
    text += String(piece);
    if (text.includes('\n') || text.length > LONGEST) break;
  }
  return (text.split('\n')[0] ?? '').replace(/\r$/, '');
}

/** What a terminal sends for keys that are no letters. */
const KEYS = {
  enter: ['\r', '\n', '\u0004'],
  interrupt: '\u0003',
  back: ['\u007f', '\b'],
  line: '\u0015',
} as const;

/** Nothing of it is shown: in raw mode the terminal does not echo. */
function readUnseen(prompt: string): Promise<string> {
  const input = process.stdin;
  process.stderr.write(prompt);
  return new Promise((resolve, reject) => {
    let letters: string[] = [];
    const end = (settle: () => void): void => {
      input.off('data', take).setRawMode(false).pause();
      process.stderr.write('\n');
      settle();
    };
    const take = (piece: string): void => {
      for (const key of piece) {
        if (KEYS.enter.some((each) => each === key)) return end(() => resolve(letters.join('')));
        if (key === KEYS.interrupt) return end(() => reject(new CommandError('interrupted', '')));
        if (KEYS.back.some((each) => each === key)) letters.pop();
        else if (key === KEYS.line) letters = [];
        else if (letters.length < LONGEST) letters.push(key);
      }
    };
    input.setEncoding('utf8').setRawMode(true).resume().on('data', take);
  });
}
