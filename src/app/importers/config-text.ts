import { isScalar, parseDocument } from 'yaml';
import type { Draft, JobDraft, Keys, ServiceDraft, ServiceKeys, Value } from './draft.ts';

const WIDEST = 110;
const SCHEMA = 'https://unpkg.com/vahti/schema/vahti.schema.json';

/** Writes a draft as a config file, its notes as comments. @param made how it was made, for the first lines. */
export function configText(draft: Draft, made: string): string {
  const head = [
    `Made by \`${made}\`.`,
    'Read it through, then: vahti check, vahti plan, vahti up.',
    ...draft.notes,
  ];
  const services = draft.services.map((service) => serviceText(service));
  const jobs = (draft.jobs ?? []).map((job) => jobText(job));
  const blocks = [
    ...(services.length > 0 ? [`services:\n${services.join('\n')}`] : []),
    ...(jobs.length > 0 ? [`jobs:\n${jobs.join('\n')}`] : []),
  ];
  return [
    `# yaml-language-server: $schema=${SCHEMA}`,
    '#',
    ...head.flatMap((note) => comment(note, '')),
    '',
    ...topLines(draft),
    blocks.length === 0 ? 'services: {}\n' : blocks.join('\n'),
  ].join('\n');
}

/** What stands above services and jobs, with an empty line behind it. */
function topLines({ zone, notify = {}, defaults, hub = {} }: Draft): string[] {
  const channels = Object.entries(notify);
  const lines = [
    ...(zone === undefined ? [] : [`zone: ${flow(zone)}`]),
    ...(channels.length === 0 ? [] : ['notify:']),
    ...channels.map(([name, keys]) => `  ${plain(name)}: ${flow(keys)}`),
    ...(defaults === undefined ? [] : [`defaults: ${flow(defaults)}`]),
    ...Object.entries(hub).map(
      ([key, value], index) => `${index === 0 ? 'hub:\n' : ''}  ${plain(key)}: ${flow(value)}`,
    ),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}

function jobText({ name, keys, notes }: JobDraft): string {
  const lines = [...notes.flatMap((note) => comment(note, '  ')), `  ${plain(name)}:`, ...blockLines(keys)];
  return `${lines.join('\n')}\n`;
}

function blockLines(keys: Keys): string[] {
  return Object.entries(keys).flatMap(([key, value]) => {
    if (key !== 'env' || typeof value !== 'object') return [`    ${plain(key)}: ${flow(value)}`];
    return [
      '    env:',
      ...Object.entries(value).map(([name, each]) => `      ${plain(name)}: ${flow(each)}`),
    ];
  });
}

function serviceText({ name, keys, notes }: ServiceDraft): string {
  const lines = [
    ...notes.flatMap((note) => comment(note, '  ')),
    `  ${plain(name)}:`,
    ...keyLines(keys).map((line) => `    ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

function keyLines({ run, unit, pipeline, env, watch, ...rest }: ServiceKeys): string[] {
  const lines: string[] = [];
  const { cwd, ...others } = rest;
  if (run !== undefined) lines.push(`run: ${flow(run)}`);
  if (unit !== undefined) lines.push(`unit: ${flow(unit)}`);
  if (pipeline !== undefined) lines.push('pipeline:', ...pipelineLines(pipeline).map((line) => `  ${line}`));
  if (cwd !== undefined) lines.push(`cwd: ${flow(cwd)}`);
  if (env !== undefined && Object.keys(env).length > 0) {
    lines.push('env:');
    for (const [name, value] of Object.entries(env)) lines.push(`  ${plain(name)}: ${flow(value)}`);
  }
  for (const [key, value] of Object.entries(others)) lines.push(`${key}: ${flow(value)}`);
  if (watch !== undefined) {
    lines.push('watch:');
    for (const [name, keys] of Object.entries(watch)) lines.push(`  ${plain(name)}: ${flow(keys)}`);
  }
  return lines;
}

/** A key a line; inboxes one a line, steps with their keys below each other. */
function pipelineLines(keys: Keys): string[] {
  return Object.entries(keys).flatMap(([key, value]) => {
    if ((key !== 'inboxes' && key !== 'steps') || typeof value !== 'object')
      return [`${plain(key)}: ${flow(value)}`];
    const parts = Object.entries(value).flatMap(([name, part]: [string, Value]) => {
      if (key === 'inboxes' || typeof part !== 'object') return [`  ${plain(name)}: ${flow(part)}`];
      const inner = Object.entries(part).map(
        ([each, what]: [string, Value]) => `    ${plain(each)}: ${flow(what)}`,
      );
      return [`  ${plain(name)}:`, ...inner];
    });
    return [`${plain(key)}:`, ...parts];
  });
}

/** A value on one line. */
function flow(value: Value): string {
  if (typeof value === 'string') return plain(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map((item) => flow(item as Value)).join(', ')}]`;
  const pairs = Object.entries(value).map(([key, item]) => `${plain(key)}: ${flow(item)}`);
  return `{ ${pairs.join(', ')} }`;
}

/** Text without quotes where every reader of YAML takes it for that very text, also within […]; JSON strings are YAML. */
function plain(text: string): string {
  if (!/^(?:-{0,2}[A-Za-z0-9_./$=+])[\w./@%+=:$*~-]*$/.test(text) || text.endsWith(':') || text.length > 200)
    return quoted(text);
  const read = parseDocument(text, { version: '1.2', schema: 'core', logLevel: 'silent' }).contents;
  // 1.1 readers, such as some editors, take these for booleans and sexagesimal numbers.
  if (/^(?:y|n|yes|no|on|off|[\d.]*:[\d:.]*)$/i.test(text)) return quoted(text);
  return isScalar(read) && read.value === text ? text : quoted(text);
}

/** What YAML takes for a line end, but JSON leaves as it is, is escaped too, and so is all that could steer a terminal. */
function quoted(text: string): string {
  if (text.includes('"') && /^[ -~]*$/.test(text)) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]|\p{Bidi_Control}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A sentence as comment lines, no wider than WIDEST. */
function comment(text: string, indent: string): string[] {
  const words = text.replace(/[^\P{C}]|[\u2028\u2029]/gu, ' ').split(/ +/);
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of words) {
    if (line.length + 1 + word.length > WIDEST && line.trim() !== '#') {
      lines.push(line);
      line = `${indent}#  `;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
