/** A mistake in a pipeline's config, at a path below `pipeline`. Messages are whole sentences. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly path: readonly (string | number)[];
  readonly what: 'key' | 'value';
  readonly message: string;
}
