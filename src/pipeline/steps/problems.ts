import { ok } from '../../core/result.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { Problem } from '../problem.ts';
import type { StepConfig } from './config.ts';
import { compileNames, type Names } from '../../core/names.ts';
import { namesIn, parseStrictly, parseTemplate } from '../../core/template.ts';

/** What `key` and `lock` can say of a file, beside captures of its name. */
const FILE_VALUES = ['name', 'stem', 'path', 'dir'] as const;
/** What `run` can say of any run. */
const RUN_VALUES = ['list', 'out', 'work', 'manifest', 'version', 'key', 'step', 'attempt'] as const;
const PRODUCT_VALUES = [...FILE_VALUES, 'step', 'version', 'key'] as const;

interface Say {
  (key: string, message: string, what?: Problem['what']): void;
}

/** What is wrong with one step, whatever is around it. */
export function stepProblems(name: string, step: StepConfig): readonly Problem[] {
  const found: Problem[] = [];
  const say: Say = (key, message, what = 'value') => {
    found.push({ severity: 'error', path: ['steps', name, key], what, message });
  };
  togetherProblems(step, say);
  for (const code of Object.keys(step.exit ?? {})) {
    const isCode = /^\d{1,3}$/.test(code) && Number(code) >= 1 && Number(code) <= 255;
    if (isCode) continue;
    const message = `cannot give the exit code ${JSON.stringify(code)} a meaning: write a number from 1 to 255; 0 is always ok`;
    found.push({ severity: 'error', path: ['steps', name, 'exit', code], what: 'key', message });
  }
  const names = readNames('names', step.names, say);
  const makes = readNames('makes', step.makes, say);
  if (names !== undefined && makes !== undefined) templateProblems(step, names, makes, say);
  return found;
}

function readNames(key: string, written: readonly string[] | undefined, say: Say): Names | undefined {
  const names = compileNames(written ?? []);
  if (names.ok) return names.value;
  say(key, names.error);
  return undefined;
}

/** Keys that mean nothing beside each other, or without each other. */
function togetherProblems(step: StepConfig, say: Say): void {
  if (step.each === 'group' && step.key === undefined)
    say('each', 'cannot run for each group without "key", which says what belongs together');
  if (step.merge && step.key === undefined)
    say('merge', 'cannot merge without "key", which says what belongs together', 'key');
  if (step.merge && step.inputs === 'all')
    say('merge', 'cannot merge all inputs: with "inputs: all" products are made anew each time', 'key');
  if (step.inputs === 'all' && step.each !== 'group')
    say('inputs', 'cannot take all inputs without "each: group"', 'key');
  if (step.each === 'file' && step.wait > 0)
    say(
      'wait',
      'cannot wait for more where each run takes one file: write "each: group" or "each: batch"',
      'key',
    );
  if (step.at !== undefined && step.each === 'group' && step.inputs === 'all')
    say('at', 'cannot go over products at times with "inputs: all"', 'key');
}

function templateProblems(step: StepConfig, names: Names, makes: Names, say: Say): void {
  const ofFile = [...names.sure, ...FILE_VALUES];
  const key = read('key', step.key, ofFile, say);
  const lock = read('lock', step.lock, ofFile, say);
  /** What is the same for all inputs of a run. */
  const shared = step.each === 'file' ? ofFile : [...key, ...lock].filter((word) => !isFileValue(word));
  const targets = step.merge ? ['target', 'targets'] : [];
  const own = step.each === 'file' ? ['in'] : [];
  for (const [index, word] of step.run.entries()) {
    if (word.includes('\0')) say('run', `cannot run word ${index + 1}: it has a NUL byte`);
    read('run', word, [...RUN_VALUES, ...own, ...targets, ...shared], say, hintFor(step));
  }
  if (step.run[0] === '') say('run', 'cannot run an empty word');
  const ofProduct = [...makes.sure, ...shared, ...PRODUCT_VALUES];
  for (const where of ['to', 'incomplete'] as const) {
    const text = step[where];
    read(where, text, ofProduct, say);
    if (text !== undefined && /^\/|(^|\/)\.\.(\/|$)/.test(text))
      say(where, `cannot put products at ${JSON.stringify(text)}: write a path below "products"`);
  }
  if (step.incomplete === step.to)
    say('incomplete', 'cannot tell products that may still grow from complete ones: it is the same as "to"');
}

function isFileValue(word: string): boolean {
  return (FILE_VALUES as readonly string[]).includes(word);
}

/** Words that are right elsewhere are the likely mistakes. */
function hintFor(step: StepConfig): (word: string) => string {
  return (word) => {
    if (word === 'in') return `; a run for each ${step.each} has several inputs: write {list}`;
    if (/^targets?$/.test(word)) return '; write "merge: true" for it';
    return '';
  };
}

/** Checks what a template asks for; answers with that. */
function read(
  key: string,
  text: string | undefined,
  known: readonly string[],
  say: Say,
  hint: (word: string) => string = () => '',
): readonly string[] {
  if (text === undefined) return [];
  const template = key === 'run' ? ok(parseTemplate(text)) : parseStrictly(text);
  if (!template.ok) {
    say(key, template.error);
    return [];
  }
  const asked = namesIn(template.value);
  for (const word of asked) {
    if (known.includes(word)) continue;
    const why = hint(word) || didYouMean(word, known);
    const is = [...new Set(known)].map((each) => `{${each}}`).join(', ');
    const itself = key === 'run' ? `; write {{${word}}} where the text itself is meant` : '';
    say(key, `cannot say {${word}} in ${JSON.stringify(text)}${why}; there are ${is}${itself}`);
  }
  return asked;
}
