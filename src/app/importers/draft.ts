import type { Diagnostic } from '../../core/diagnostics.ts';

/** What a config can say. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
/** Keys and what they say, in the order in which they are written. */
export type Keys = Readonly<Record<string, Value>>;

/** The keys of a service as the config file has them, in the order in which they are written. */
export interface ServiceKeys {
  /** This, `unit` or `pipeline`. */
  run?: readonly string[];
  unit?: string;
  pipeline?: Keys;
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  'env-file'?: string;
  user?: string;
  stop?: string;
  'stop-signal'?: string;
  /** False: it is only started by a person. */
  boot?: boolean;
  memory?: string;
  'open-files'?: number;
  'reload-on'?: readonly string[];
  restart?: {
    readonly 'no-restart-on'?: readonly number[];
    readonly watches?: { readonly most: number; readonly per: string };
  };
  needs?: readonly string[];
  notify?: readonly string[];
  quiet?: readonly { readonly when: string; readonly why: string }[];
  log?: { readonly budget?: string; readonly file?: string };
  /** By name: the keys of a watch, as they are written. */
  watch?: Readonly<Record<string, Keys>>;
}

export interface ServiceDraft {
  /** As Vahti takes it, and no other service's. */
  readonly name: string;
  readonly keys: ServiceKeys;
  /** What a reader has to know: what was not taken over, and why. One sentence each. */
  readonly notes: readonly string[];
}

export interface JobDraft {
  /** As Vahti takes it, and no other job's. */
  readonly name: string;
  readonly keys: Keys;
  readonly notes: readonly string[];
}

/** What an importer makes of another program's config, before it is written. */
export interface Draft {
  /** What holds for the file as a whole; one sentence each. */
  readonly notes: readonly string[];
  /** The zone of its times. */
  readonly zone?: string;
  /** Channels, by name. */
  readonly notify?: Readonly<Record<string, Keys>>;
  readonly defaults?: Keys;
  readonly hub?: Keys;
  readonly services: readonly ServiceDraft[];
  readonly jobs?: readonly JobDraft[];
}

/** A draft where everything could be read; otherwise every mistake at once. Warnings come with either. */
export interface Drafted {
  readonly draft: Draft | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** A draft unless there is an error. */
export function drafted(draft: Draft, diagnostics: readonly Diagnostic[]): Drafted {
  const broken = diagnostics.some(({ severity }) => severity === 'error');
  return { draft: broken ? undefined : draft, diagnostics };
}
