import { resolve } from 'node:path';
import { didYouMean } from '../../../core/suggest.ts';
import type { Template } from '../../../core/template.ts';
import type { VerbFacts } from '../../../core/verb.ts';
import { commandProblems } from '../../command-option.ts';
import { sshOptionProblems } from '../../far/options.ts';
import { parsePlace } from '../../far/place.ts';
import { overlapProblems, overlaps } from '../../files/within.ts';
import { compileNaming, type Naming, OWN_VALUES, unknownIn } from './names.ts';
import type { PublishOptions } from './options.ts';

type Facts = Pick<VerbFacts, 'folder' | 'pipelines'>;

/** What is wrong with the options of a job; clauses that begin "cannot". */
export function problemsOf(options: PublishOptions, facts: Facts): readonly string[] {
  const naming = compileNaming(options);
  return [
    ...placeProblems(options, facts),
    ...pipelineProblems(options, facts),
    ...(naming.ok ? namingProblems(options, naming.value) : [naming.error]),
    ...commandsOf(options).flatMap((each) => commandProblems(each, facts.folder)),
    ...sshOptionProblems(options['ssh-options'] ?? []),
  ];
}

function placeProblems(options: PublishOptions, { folder }: Facts): readonly string[] {
  const { root, to, conflict } = options;
  const place = parsePlace(to, folder);
  if (!place.ok) return [place.error];
  const { kind } = place.value;
  if (kind === 'rclone') return [`cannot publish to ${to}: write HOST:FOLDER, or a folder here`];
  const found: string[] = [];
  const only = (keys: readonly (keyof PublishOptions)[], why: string): void => {
    for (const key of keys) if (options[key] !== undefined) found.push(`cannot use ${key} ${why}`);
  };
  if (kind === 'folder') {
    found.push(...overlapProblems(folder, 'publish', root, to));
    only(
      ['identity', 'ssh-options', 'by', 'group', 'permissions', 'bandwidth'],
      `with ${JSON.stringify(to)}: it is not reached by ssh`,
    );
  } else if (options.by === 'ssh')
    only(['group', 'permissions', 'bandwidth'], 'with by: ssh: only rsync knows it');
  if (conflict?.quarantine !== undefined) {
    const quarantine = resolve(folder, conflict.quarantine);
    const others = kind === 'folder' ? [root, to] : [root];
    for (const other of others)
      if (overlaps(quarantine, resolve(folder, other)))
        found.push(`cannot put files aside in ${conflict.quarantine}: it and ${other} lie in each other`);
  }
  return found;
}

function pipelineProblems(options: PublishOptions, { folder, pipelines }: Facts): readonly string[] {
  const { pipeline, root } = options;
  if (pipeline === undefined)
    return options.incomplete === 'wait'
      ? ['cannot use incomplete without pipeline: only its ledger says so']
      : [];
  // Where only one run is looked at, the rest of the config is not known: it was checked before.
  if (pipelines === undefined) return [];
  const facts = pipelines.get(pipeline);
  if (facts === undefined) {
    const names = [...pipelines.keys()];
    const others = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
    return [`cannot find a pipeline "${pipeline}"${didYouMean(pipeline, names)} (${others})`];
  }
  const found: string[] = [];
  const [own, products] = [resolve(folder, root), facts.products];
  if (own !== products && !own.startsWith(`${products}/`))
    found.push(`cannot publish ${root} as products of ${pipeline}: those lie in ${products}`);
  const steps = facts.steps;
  const named = [...(options.levels ?? []), ...Object.keys(options['wait-of'] ?? {})];
  for (const level of new Set(named))
    if (!steps.includes(level) && !/[*?[\]{}]/.test(level))
      found.push(
        `cannot find a step "${level}" of ${pipeline}${didYouMean(level, steps)} (there are ${steps.join(', ')})`,
      );
  return found;
}

function namingProblems(options: PublishOptions, naming: Naming): readonly string[] {
  const { levels, products, versions, pipeline } = options;
  const { captures } = naming.names;
  const found: string[] = [];
  const needs = (name: string, key: string): void => {
    found.push(`cannot use ${key}: \`names\` captures no {${name}}`);
  };
  const hasLevel = pipeline !== undefined || captures.includes('level');
  if (levels !== undefined && !hasLevel) needs('level', 'levels');
  if (options['wait-of'] !== undefined && !hasLevel) needs('level', 'wait-of');
  if (products !== undefined && !captures.includes('product')) needs('product', 'products');
  if (versions !== undefined && versions !== '*' && pipeline === undefined && !captures.includes('version'))
    needs('version', 'versions');
  const ofPipeline = pipeline === undefined ? [] : ['level', 'version'];
  const known = [...new Set([...OWN_VALUES, ...captures, ...ofPipeline])];
  const check = (template: Template | undefined, key: string, more: readonly string[]): void => {
    for (const name of unknownIn(template ?? [], [...known, ...more]))
      found.push(`cannot use {${name}} in ${key}: nothing gives it${didYouMean(name, [...known, ...more])}`);
  };
  check(naming.as, 'as', []);
  check(naming.supplement, 'conflict.as', ['n']);
  if (naming.supplement !== undefined && unknownIn(naming.supplement, known).length === 0)
    found.push('cannot use conflict.as without {n}: all supplements would have one name');
  if (options.conflict?.as !== undefined && (options.conflict.supplements ?? 0) === 0)
    found.push('cannot use conflict.as with supplements: 0: there are none');
  if (options.compare !== undefined) {
    const words = [options.compare].flat().join(' ');
    for (const word of ['{old}', '{new}'])
      if (!words.includes(word)) found.push(`cannot use compare without ${word}: it tells two files apart`);
  }
  for (const hook of options.hooks ?? [])
    if (![hook].flat().join(' ').includes('{file}'))
      found.push('cannot use a hook without {file}: that is the copy that it may change');
  return found;
}

function commandsOf({ compare, hooks = [] }: PublishOptions): readonly (string | readonly string[])[] {
  return [...(compare === undefined ? [] : [compare]), ...hooks];
}
