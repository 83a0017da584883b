import type { Scope } from '../../core/scope.ts';
import type { Intake } from '../engine/intake.ts';
import type { InboxPlan } from '../plan.ts';
import { createChecks } from './checks.ts';
import { type Folders, GivenUp, heardFolders, realFolders } from './folders.ts';
import { createKnownFiles } from './known-files.ts';
import { compileInboxNames } from './names.ts';
import { patiently } from './patience.ts';
import { Scanner } from './scanner.ts';
import { Tracker } from './tracker.ts';
import { createTroubles } from './troubles.ts';
import { createWatching, type Hint } from './watching.ts';

export interface InboxOptions {
  readonly plan: InboxPlan;
  readonly intake: Intake;
  /** For gate commands: the complete environment, and the folder that they run in. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What its own commands carry as VAHTI_LIFE, so that what they leave is found. */
  readonly life: string;
  /** What it asks of filesystems; those of this machine by default. */
  readonly folders?: Folders;
}

/** How long nothing may be heard of a folder. */
const HANG_MS = 30_000;
/** Told paths that are remembered; with more of them everything is looked at. */
const MOST_HINTS = 10_000;
/**
 * When so much was told at once, the kernel may have had more to tell than it keeps (16,384 in fs.inotify.max_queued_events), and Node
 * does not say so: everything is looked at.
 */
const OVERFLOW = 8192;
/** Files that come due one after the other are looked at together. */
const TOGETHER_MS = 20;
/** A scan takes at most a tenth of the time, however long it lasts. */
const SCAN_SHARE = 9;
/** Of so many scans one looks at all files; the others leave out those of watched folders whose names are known. */
const THOROUGH = 10;
/** What is on its way when everything ends is waited for so long. */
const END_MS = 1000;

/** Who asked for a look. */
export interface Looker {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
  /** When all that its scan saw has been looked at twice; monotonic. */
  at: number;
}

/** An inbox as long as it runs. */
export class RunningInbox {
  readonly #options: InboxOptions;
  readonly #scope: Scope;
  readonly #asked: Looker[];
  readonly #over = new AbortController();
  readonly #known = createKnownFiles();
  readonly #checks;
  readonly #watching;
  readonly #tracker: Tracker;
  readonly #scanner: Scanner;
  readonly #names;
  readonly #hints = new Set<string>();
  readonly #answered: Looker[] = [];
  #wakeUp = Promise.withResolvers<void>();
  #failure: { readonly thrown: unknown } | undefined;
  /** More was told than can be remembered, or of the folder itself. */
  #wantsAll = false;
  /** When everything is looked at again, and when at the earliest; monotonic. */
  #scanAt = -Infinity;
  #earliest = -Infinity;
  #scans = 0;
  #toldBefore = 0;
  #hangs: string | undefined;
  /** Nothing that is there is wanted; undefined until the ledger was asked. */
  #isFirst: boolean | undefined;

  constructor(options: InboxOptions, scope: Scope, asked: Looker[]) {
    this.#options = options;
    this.#scope = scope;
    this.#asked = asked;
    const { plan, intake, env, cwd, life, folders = realFolders } = options;
    const { clock, log } = scope;
    const { say } = createTroubles(log, clock);
    const names = compileInboxNames(plan);
    this.#names = names;
    this.#checks = createChecks({
      plan,
      env,
      cwd,
      life,
      clock,
      signal: this.#over.signal,
      trouble: say,
      isRemote: () => this.#scanner.isRemote,
    });
    this.#watching = createWatching({ root: plan.root, folders, tell: this.#told, trouble: say });
    const shared = { plan, intake, names, known: this.#known, watching: this.#watching };
    this.#tracker = new Tracker({
      ...shared,
      checks: this.#checks,
      clocks: clock,
      wake: this.wake,
      fail: (thrown) => {
        this.#failure ??= { thrown };
        this.wake();
      },
    });
    this.#scanner = new Scanner({ ...shared, tracker: this.#tracker, trouble: say });
  }

  /** Why nobody can look now: a whole sentence. */
  get hangs(): string | undefined {
    return this.#hangs;
  }

  get inMemory(): number {
    return this.#tracker.size;
  }

  readonly wake = (): void => this.#wakeUp.resolve();

  async run(): Promise<void> {
    const { drain } = this.#scope;
    drain.addEventListener('abort', this.wake, { once: true });
    try {
      while (!drain.aborted) {
        // Before the pass: what is told during it is looked at by the next one.
        this.#wakeUp = Promise.withResolvers();
        await this.#pass();
        if (this.#failure !== undefined) throw this.#failure.thrown;
        this.#answer();
        if (!drain.aborted) await this.#sleep();
      }
    } finally {
      drain.removeEventListener('abort', this.wake);
      this.#over.abort();
      this.#watching.close();
      for (const { reject } of this.#answered.splice(0)) reject(new Error('the inbox has ended'));
      await this.#checks.ended();
    }
  }

  readonly #told = ({ path, kind }: Hint): void => {
    if (path === '') this.#wantsAll = true;
    else if (this.#names.isMarker(path)) {
      for (const file of this.#tracker.waitingFor(path)) this.#hints.add(file);
      // It may be that of a file which is not in memory.
      if (this.#tracker.hasShelved) this.#wantsAll = true;
    } else if (kind === 'name' || (this.#names.isWanted(path) && !this.#tracker.isSettling(path)))
      this.#hints.add(path);
    else return;
    if (this.#hints.size > MOST_HINTS) {
      this.#hints.clear();
      this.#wantsAll = true;
    }
    this.wake();
  };

  /** Looks where there is something to be seen, as far as the filesystem answers. */
  async #pass(): Promise<void> {
    const { plan, folders = realFolders } = this.#options;
    const { clock, drain, log } = this.#scope;
    const now = clock.monotonic();
    if (this.#watching.told - this.#toldBefore > OVERFLOW) this.#wantsAll = true;
    this.#toldBefore = this.#watching.told;
    const isWhole =
      now >= this.#scanAt || this.#asked.length > 0 || (this.#wantsAll && now >= this.#earliest);
    const told = [...this.#hints];
    this.#hints.clear();
    if (this.#tracker.wantsScan) this.#wantsAll = true;
    const paths = isWhole ? [] : [...told, ...(await this.#tracker.due(MOST_HINTS))];
    const asked = isWhole ? this.#asked.splice(0) : [];
    this.#answered.push(...asked);
    const patience = { clock, quietMs: HANG_MS, hurry: drain, hurryMs: END_MS };
    const end = await patiently(patience, async (heard, left) => {
      const heardOnes = heardFolders(folders, heard, () => left.aborted || drain.aborted);
      await (isWhole
        ? this.#scan(heardOnes, asked.length > 0, told)
        : this.#scanner.some([...new Set(paths)], heardOnes)
      ).catch(unlessGivenUp);
    });
    for (const looker of asked) looker.at = clock.monotonic() + (this.#tracker.hasSettling ? plan.settle : 0);
    if (end.kind === 'done') return;
    this.#scanAt = -Infinity;
    // What was told of before has not been looked at.
    this.#wantsAll = true;
    if (drain.aborted) return void end.ended.catch(() => {});
    const message = `cannot look at ${plan.root}: nothing was heard of it for ${HANG_MS / 1000} s`;
    log.error(message, { inbox: plan.name });
    for (const { reject } of [...this.#answered.splice(0), ...this.#asked.splice(0)])
      reject(new Error(message));
    // It may hang for ever: nothing else is asked of it until it answers.
    this.#hangs = message;
    await patiently({ clock, quietMs: Infinity, hurry: drain, hurryMs: 0 }, () => end.ended);
    this.#hangs = undefined;
    if (!drain.aborted) log.info(`${plan.root} answers again`, { inbox: plan.name });
  }

  async #scan(folders: Folders, isAsked: boolean, told: readonly string[]): Promise<void> {
    const { plan, intake } = this.#options;
    const { clock } = this.#scope;
    const began = clock.monotonic();
    const isThorough = isAsked || this.#wantsAll || this.#scans++ % THOROUGH === 0;
    this.#wantsAll = false;
    const first = await this.#firstLook();
    const how = first === undefined ? (isThorough ? 'all' : 'names') : 'first';
    const isThere = await this.#scanner.everything(folders, how);
    if (isThere && first !== undefined) {
      await intake.gone([first]);
      this.#isFirst = false;
    }
    // Of these the names may be known.
    if (isThere && how === 'names') await this.#scanner.some(told, folders);
    await this.#scanner.lost(folders);
    const now = clock.monotonic();
    this.#scanAt = now + Math.max(plan.scan, SCAN_SHARE * (now - began));
    this.#earliest = now + (now - began);
  }

  /**
   * The number of a line in the ledger that stands for the first look of an inbox that begins with what is new: as long as it is there,
   * that look is not over, whatever ended in between. Undefined where it is, or where what is there is wanted.
   */
  async #firstLook(): Promise<number | undefined> {
    const { plan, intake } = this.#options;
    if (plan.start !== 'new' || this.#isFirst === false) return undefined;
    const known = await intake.inboxFile(plan.name, FIRST_LOOK.path);
    if (known?.state === 'seen') return known.id;
    this.#isFirst = await intake.isFirstLook(plan.name);
    if (!this.#isFirst) return undefined;
    const [written] = await intake.sight(plan.name, [FIRST_LOOK]);
    return written?.id;
  }

  /** Tells those who asked for a look, once what it saw has been looked at twice and no check of it is on its way. */
  #answer(): void {
    const now = this.#scope.clock.monotonic();
    const isBusy = this.#checks.running > 0 || this.#tracker.nextDue() <= now;
    for (const looker of this.#answered.splice(0))
      if (isBusy || now < looker.at) this.#answered.push(looker);
      else looker.resolve();
  }

  async #sleep(): Promise<void> {
    const { clock } = this.#scope;
    const times = [this.#scanAt, this.#tracker.nextDue(), ...this.#answered.map(({ at }) => at)];
    if (this.#wantsAll) times.push(this.#earliest);
    const timer = clock.timer(Math.max(TOGETHER_MS, Math.min(...times) - clock.monotonic()), this.wake);
    await this.#wakeUp.promise;
    timer.cancel();
  }
}

/** No file has this path. */
const FIRST_LOOK = {
  path: '.',
  ino: '0',
  size: 0,
  mtimeNs: '0',
  state: 'seen',
  why: 'the first look is not over',
} as const;

/** What nobody waits for any more ends so. */
function unlessGivenUp(thrown: unknown): void {
  if (!(thrown instanceof GivenUp)) throw thrown;
}
