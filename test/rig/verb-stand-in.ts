import type { VerbKind } from '../../src/core/verb.ts';

/** A verb that checks options and is never run, for what only looks at configs. */
export function standIn(verb: string, options: VerbKind['options']): VerbKind {
  const open = () => ({ run: () => Promise.reject(new Error(`${verb} is not run here`)) });
  return { verb, main: 'root', options, paths: ['root'], open };
}
