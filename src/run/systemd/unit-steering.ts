import type { UnitFacts } from '../../core/units.ts';
import { dueVerb, type KeptVerb, sightOf } from './due-verb.ts';
import { createUnitActs, jobOf, type UnitActs } from './installed-acts.ts';
import type { InstalledServiceDeps } from './installed-types.ts';
import type { KeptLife } from './kept-life.ts';
import type { MachineDrive } from './machine-drive.ts';
import type { SystemdTrouble } from './systemctl.ts';
import type { UnitTrail } from './unit-trail.ts';

/** Has systemd do with a unit what its service's machine means to, as long as it is not so. */
export interface UnitSteering {
  readonly acts: UnitActs;
  /** What systemd refused last, a sentence; undefined where it did the last thing. */
  refusal: string | undefined;
  /** What is due now, if anything. */
  steer(): void;
  /** A look: whether somebody has kept systemd from starting it again. */
  isHeld(facts: UnitFacts): boolean;
}

export interface UnitSteeringOptions extends Pick<InstalledServiceDeps, 'host' | 'clock'> {
  readonly unit: string;
  readonly signal: AbortSignal;
  readonly drive: MachineDrive;
  readonly life: KeptLife;
  readonly trail: UnitTrail;
  /** Whether anything may be done now. */
  readonly mayAct: () => boolean;
  /** Looks at the unit; resolves when that was told. */
  readonly look: () => Promise<void>;
  /** That it was refused, once for each reason. */
  readonly refused: (verb: KeptVerb, message: string) => void;
}

export function createUnitSteering(options: UnitSteeringOptions): UnitSteering {
  return new Steering(options);
}

class Steering implements UnitSteering {
  readonly #options: UnitSteeringOptions;
  readonly acts: UnitActs;
  refusal: string | undefined;
  /** systemd was about to start it again when it was looked at last, and nothing was asked of it since. */
  #restarts = false;
  /** The newest life when something was asked last. */
  #lifeBefore: string | undefined;

  constructor(options: UnitSteeringOptions) {
    this.#options = options;
    const { trail } = options;
    this.acts = createUnitActs({
      ...options,
      forgets: () => trail.course.facts?.active === 'failed' && trail.course.facts.policy.startLimit !== null,
      begun: (verb) => {
        this.#restarts = false;
        this.#lifeBefore = this.#newest();
        trail.asked(jobOf(verb), true);
      },
      answered: (verb) => trail.answered(jobOf(verb)),
      over: (verb, trouble) => this.#acted(verb, trouble),
    });
  }

  #newest(): string | undefined {
    return this.#options.trail.course.lives.at(-1)?.id;
  }

  isHeld(facts: UnitFacts): boolean {
    const sight = sightOf(facts);
    const isHeld = this.#options.life.awaited && this.#restarts && sight === 'idle';
    this.#restarts = sight === 'restarts' && this.acts.verb === undefined;
    return isHeld;
  }

  steer(): void {
    const { drive, life, trail, mayAct } = this.#options;
    const { facts } = trail.course;
    if (facts === undefined || drive.busy || !mayAct()) return;
    const { state } = drive;
    const sight = sightOf(facts);
    const { awaited } = life;
    const present = this.acts.verb;
    // It was to end before it had begun.
    if (state.state === 'stopping' && awaited && sight === 'idle' && present === undefined)
      return drive.dispatch({ kind: 'treeGone', killed: false });
    const due = dueVerb(state, { sight, awaited, follows: drive.follows(this.#livedMs()) });
    // A start that is on its way would be waited for; a stop cancels it.
    if (due === undefined && state.state === 'stopping' && awaited && present === 'start')
      this.acts.act('stop');
    // So would a restart whose first half does not come to an end, with a start behind it.
    else if (state.state === 'stuck' && present?.endsWith('restart') === true) this.acts.act('stop');
    // A restart has both halves in it.
    else if (due !== undefined && !(due === 'start' && present?.endsWith('restart') === true))
      this.acts.act(due);
  }

  #livedMs(): number {
    const { trail, life, clock } = this.#options;
    const begun = trail.course.lives.find(({ id }) => id === life.id)?.startedAt ?? null;
    return begun === null ? 0 : clock.now() - begun / 1000;
  }

  async #acted(verb: KeptVerb, trouble: SystemdTrouble | undefined): Promise<void> {
    const { look, signal, life, trail, drive, refused } = this.#options;
    await look();
    if (trouble === undefined) this.refusal = undefined;
    if (trouble === undefined || signal.aborted) return;
    // One that began and fell at once says so by its own end.
    if (this.#newest() !== this.#lifeBefore || trouble.kind === 'overruled') return;
    trail.refused(jobOf(verb), true);
    if (verb === 'start' && !life.awaited) return;
    const isNew = trouble.message !== this.refusal;
    this.refusal = trouble.message;
    if (isNew) refused(verb, trouble.message);
    if (verb === 'start') life.fails(trouble.message);
    else drive.dispatch({ kind: 'refused' });
  }
}
