import { didYouMean } from '../../../core/suggest.ts';
import { err, ok, type Result } from '../../../core/result.ts';

export type Expansions = ReadonlyMap<string, string | number>;

const DIRECTIVE = /%(?:%|\(([^)]*)\)([-+ 0#]*)(\d*)(?:\.(\d+))?([a-zA-Z])|[^]?)/g;

/**
 * Expands `%(name)s`, `%(process_num)02d` and `%%` as Python's `text % mapping` does. The error names what is wrong, never
 * the text, which may have a secret in it.
 */
export function expand(text: string, expansions: Expansions): Result<string, string> {
  let wrong: string | undefined;
  const expanded = text.replace(
    DIRECTIVE,
    (whole, name: string | undefined, flags: string, width: string, precision: string, type: string) => {
      if (whole === '%%') return '%';
      if (name === undefined) {
        wrong ??= `a single % at character ${text.indexOf(whole) + 1}: write %%`;
        return whole;
      }
      const value = expansions.get(name);
      if (value === undefined) {
        wrong ??= unknownName(name, expansions);
        return whole;
      }
      const formatted = format(value, type, precision);
      if (formatted === undefined) wrong ??= `%(${name})${type}: ${name} is text: write %(${name})s`;
      return pad(formatted ?? whole, flags, Number(width || 0), typeof value === 'number');
    },
  );
  return wrong === undefined ? ok(expanded) : err(wrong);
}

function unknownName(name: string, expansions: Expansions): string {
  if (!name.startsWith('ENV_')) {
    const others = [...expansions.keys()].filter((each) => !each.startsWith('ENV_'));
    return `there is no %(${name})s${didYouMean(name, others) || `; there are ${others.join(', ')}`}`;
  }
  const variable = name.slice(4);
  return `%(${name})s: ${variable} is not set here; supervisord had it in its environment: ${variable}=… vahti import …`;
}

function format(value: string | number, type: string, precision: string | undefined): string | undefined {
  if (type === 's') return String(value).slice(0, precision === undefined ? undefined : Number(precision));
  if (!'diu'.includes(type) || typeof value !== 'number') return undefined;
  return String(value).padStart(Number(precision ?? 0), '0');
}

function pad(text: string, flags: string, width: number, number: boolean): string {
  const signed = number && flags.includes('+') ? `+${text}` : text;
  if (flags.includes('-')) return signed.padEnd(width);
  return signed.padStart(width, number && flags.includes('0') ? '0' : ' ');
}
