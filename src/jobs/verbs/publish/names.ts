import { basename, dirname, extname } from 'node:path';
import { compileNames, type Names } from '../../../core/names.ts';
import { err, ok, type Result } from '../../../core/result.ts';
import { expand, namesIn, parseStrictly, type Template, type Values } from '../../../core/template.ts';
import { PUBLISH_DEFAULTS, type PublishOptions } from './options.ts';

/** How files are read by their names, and called in public. */
export interface Naming {
  readonly names: Names;
  readonly as: Template;
  /** Undefined: a number before the ending. */
  readonly supplement: Template | undefined;
}

/** What a template can say of every file, beside captures. */
export const OWN_VALUES = ['path', 'dir', 'name', 'ext'] as const;

/** A version is a number: `V02U` is version 2. */
const SHAPES = { version: '[0-9]+' };

/** Compiles what the options say of names. The error is a whole sentence. */
export function compileNaming({ names, as, conflict }: PublishOptions): Result<Naming, string> {
  const compiled = compileNames(names ?? [], SHAPES);
  if (!compiled.ok) return compiled;
  const template = parseStrictly(as ?? PUBLISH_DEFAULTS.as);
  if (!template.ok) return template;
  if (conflict?.as === undefined)
    return ok({ names: compiled.value, as: template.value, supplement: undefined });
  const supplement = parseStrictly(conflict.as);
  if (!supplement.ok) return supplement;
  return ok({ names: compiled.value, as: template.value, supplement: supplement.value });
}

/** The words of a template that nothing gives. */
export function unknownIn(template: Template, known: readonly string[]): readonly string[] {
  return [...new Set(namesIn(template))].filter((name) => !known.includes(name));
}

/** What a template can say of a path by itself. */
export function valuesOf(path: string): Record<(typeof OWN_VALUES)[number], string> {
  const ext = extname(path);
  const folder = dirname(path);
  return { path, dir: folder === '.' ? '' : folder, name: basename(path, ext), ext };
}

/** The public name of a file. The error is a clause. */
export function publicName(template: Template, values: Values): Result<string, string> {
  const written = expand(template, values);
  if (!written.ok) return err(`its public name cannot be made: ${written.error}`);
  // A folder that is empty leaves a slash too many.
  const name = written.value.replace(/\/{2,}/g, '/').replace(/^\//, '');
  const shown = JSON.stringify(name);
  if (name === '' || name.endsWith('/')) return err(`its public name ${shown} names no file`);
  if (/[\0-\u001f\u007f]/.test(name)) return err(`its public name ${shown} has control characters`);
  if (name.split('/').some((part) => part === '..' || part === '.'))
    return err(`its public name ${shown} leads elsewhere`);
  if (Buffer.byteLength(basename(name)) > MOST_BYTES) return err(`its public name ${shown} is too long`);
  return ok(name);
}

/** Of a name, so that there is room for what its copy is called until it has it: 255 bytes (NAME_MAX). */
const MOST_BYTES = 220;

/** The public name of a supplement. The error is a clause. */
export function supplementName(
  { supplement }: Naming,
  base: string,
  values: Values,
  n: number,
): Result<string, string> {
  if (supplement !== undefined) return publicName(supplement, { ...values, n: String(n) });
  const ext = extname(base);
  return ok(`${base.slice(0, base.length - ext.length)}-sup${n}${ext}`);
}
