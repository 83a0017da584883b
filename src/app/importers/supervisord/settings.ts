import { constants } from 'node:os';
import type { Diagnostic } from '../../../core/diagnostics.ts';
import { mistake } from '../foreign.ts';
import { expand, type Expansions } from './expand.ts';
import type { Ini, IniOption, IniSection } from './ini.ts';

/** The options of one section, expanded and read one by one; what is wrong is reported, and reads as not written. */
export interface Settings {
  has(name: string): boolean;
  text(name: string): string | undefined;
  /** As it is written: not expanded. */
  raw(name: string): string | undefined;
  flag(name: string): boolean | undefined;
  whole(name: string): number | undefined;
  /** Bytes; `50MB`. */
  size(name: string): number | undefined;
  /** `SIGTERM`, from a name or a number. */
  signal(name: string): string | undefined;
  octal(name: string): number | undefined;
  complain(name: string, message: string): void;
  readonly section: IniSection;
  readonly names: readonly string[];
}

/** @param said complaints that were made already: the processes of one program share their lines. */
export function createSettings(
  ini: Ini,
  section: IniSection,
  expansions: Expansions,
  diagnostics: Diagnostic[],
  said: Set<string> = new Set(),
): Settings {
  const fallback = ini.get('DEFAULT')?.options;
  const option = (name: string): IniOption | undefined => section.options.get(name) ?? fallback?.get(name);
  const complain = (name: string, message: string): void => {
    const at = option(name) ?? { file: section.file, line: section.line, column: 1 };
    const id = `${at.file}:${at.line} ${message}`;
    if (said.has(id)) return;
    said.add(id);
    const { line, column } = at;
    diagnostics.push(
      mistake(at.file, `cannot use ${name} of [${section.name}]: ${message}`, { line, column }),
    );
  };
  const text = (name: string): string | undefined => {
    const written = option(name);
    if (written === undefined) return undefined;
    const expanded = expand(written.value, expansions);
    if (expanded.ok) return expanded.value;
    complain(name, expanded.error);
    return undefined;
  };
  return {
    has: (name) => option(name) !== undefined,
    raw: (name) => option(name)?.value,
    text,
    complain,
    section,
    names: [...section.options.keys()],
    ...readers(text, complain),
  };
}

function readers(
  text: (name: string) => string | undefined,
  complain: (name: string, message: string) => void,
) {
  const read = <T>(name: string, form: string, take: (value: string) => T | undefined): T | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const taken = take(value);
    if (taken === undefined) complain(name, `${JSON.stringify(value.slice(0, 60))} is not ${form}`);
    return taken;
  };
  return {
    flag: (name: string) => read(name, 'true or false', flagOf),
    whole: (name: string) => read(name, 'a whole number', (value) => wholeOf(value)),
    size: (name: string) => read(name, 'a size such as 50MB', sizeOf),
    signal: (name: string) => read(name, 'a signal', signalOf),
    octal: (name: string) =>
      read(name, 'an octal number', (value) =>
        /^(?:0o?)?[0-7]{1,4}$/.test(value) ? parseInt(value.replace('o', ''), 8) : undefined,
      ),
  };
}

function wholeOf(value: string): number | undefined {
  return /^[+-]?\d{1,9}$/.test(value.trim()) ? Number(value) : undefined;
}

function flagOf(value: string): boolean | undefined {
  if (/^(?:yes|true|on|1)$/i.test(value)) return true;
  return /^(?:no|false|off|0)$/i.test(value) ? false : undefined;
}

function sizeOf(value: string): number | undefined {
  const [, digits, unit = ''] = /^(\d+)\s*(kb|mb|gb)?$/i.exec(value.trim()) ?? [];
  const power = ['', 'kb', 'mb', 'gb'].indexOf(unit.toLowerCase());
  return digits === undefined ? undefined : Number(digits) * 1_024 ** power;
}

function signalOf(value: string): string | undefined {
  const signals: Readonly<Record<string, number>> = constants.signals;
  if (/^\d+$/.test(value)) return Object.keys(signals).find((name) => signals[name] === Number(value));
  const name = value.trim().toUpperCase();
  const whole = name.startsWith('SIG') ? name : `SIG${name}`;
  return Object.hasOwn(signals, whole) ? whole : undefined;
}
