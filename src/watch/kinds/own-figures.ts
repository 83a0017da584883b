import type { LookRequest, WatchContext } from '../kind.ts';

/** What a built-in kind says of itself, as far as watches look at it; absent where it does not know. */
export type OwnFigures = {
  /** Whether it answered at all. */
  readonly given: boolean;
  /** Its last commit, wall milliseconds. */
  readonly committed?: number | undefined;
  /** How far behind the clock its last event is, milliseconds. */
  readonly lag?: number | undefined;
  /** How many wait, and when the oldest of them came, wall milliseconds. */
  readonly backlog?: number | undefined;
  readonly oldest?: number | undefined;
  /** When something was last made of what waits, wall milliseconds. */
  readonly progressed?: number | undefined;
};

/** All kinds read the same, so that one may be tried on what another one read. */
export const OWN_FIGURES: readonly string[] = ['figures'];

export function readOwnFigures({ figures }: WatchContext) {
  return async ({ signal }: LookRequest): Promise<OwnFigures> => {
    const given = await figures(signal);
    if (given === undefined) return { given: false };
    const known = (name: string): number | undefined => {
      const value = given[name];
      return typeof value === 'number' ? value : undefined;
    };
    return {
      given: true,
      committed: known('committed'),
      lag: known('lag'),
      backlog: known('backlog'),
      oldest: known('oldest'),
      progressed: known('progressed'),
    };
  };
}
