import type { Diagnostic } from '../../../core/diagnostics.ts';
import { type Drafted, drafted, type ServiceDraft } from '../draft.ts';
import { createSecrets, secretsNotes } from '../environment.ts';
import { mistake } from '../foreign.ts';
import { createNames } from '../service-names.ts';
import { readChannels } from './channels.ts';
import { cycleOf, globalNotes } from './globals.ts';
import { placeChecks } from './placing.ts';
import { readFiles } from './read-files.ts';
import { knowCheck } from './service-of-check.ts';
import { draftService } from './services.ts';
import { placeOf, shownStatement } from './shown.ts';
import { readStatements, type Statement } from './statements.ts';

export interface MonitOptions {
  /** The control file; what it includes is read too. */
  readonly file: string;
  /** The folder that the config is going to stand in. */
  readonly folder: string;
  /** The zone of the clocks of this machine, which Monit goes by. */
  readonly zone: string;
  /** Bytes of memory of this machine, of which Monit takes percentages. */
  readonly memory: number;
  /** The text of /proc/mounts. */
  readonly mounts: string;
}

const UNITS =
  'look: a unit stays systemd’s. Monit starts again what ended, here that is the unit’s own work: `systemctl edit NAME`, `[Service]`, `Restart=always`.';
const HOLDER =
  'Watches belong to services. This one only holds those that are of the machine, or of what Monit looks at and does not start.';

/** Makes a draft of what a control file of Monit watches and starts. Nothing is started or stopped. */
export function importMonit({ file, folder, zone, memory, mounts }: MonitOptions): Drafted {
  const diagnostics: Diagnostic[] = [];
  const { tokens, notes: included } = readFiles(file, diagnostics);
  const { global, checks, strays } = readStatements(tokens);
  if (diagnostics.length > 0) return { draft: undefined, diagnostics };
  if (checks.length === 0) diagnostics.push(mistake(file, `cannot import ${file}: it has no \`check\``));
  for (const stray of strays) {
    const message = `cannot read ${JSON.stringify(stray.tokens[0]?.text.slice(0, 40))}: a statement begins with set, include or check`;
    diagnostics.push(mistake(stray.file, message, { line: stray.line, column: 1 }));
  }
  const notes: string[] = [];
  const say = (statement: Statement, why: string): void => {
    notes.push(`not taken over: ${placeOf(statement, file)}: ${shownStatement(statement)}: ${why}`);
  };
  const secrets = createSecrets();
  const cycleMs = cycleOf(global);
  const channels = readChannels(
    global,
    checks.flatMap(({ statements }) => statements),
    { cycleMs, secrets, say },
  );
  globalNotes(global, say);
  const known = checks.map(knowCheck);
  const placing = placeChecks(known, diagnostics);
  const name = createNames();
  const owners = known.filter((each) => placing.owners.get(each) === each);
  const names = new Map(owners.map((each) => [each, name(each.check.name)]));
  const context = { main: file, folder, zone, memory, mounts, cycleMs, secrets, channels, placing, names };
  const services: ServiceDraft[] = owners.map((owner) =>
    draftService(
      owner,
      known.filter((each) => placing.owners.get(each) === owner),
      context,
    ),
  );
  const others = known.filter((each) => !placing.owners.has(each));
  if (others.length > 0) {
    const holder = draftService(undefined, others, context);
    services.push({ ...holder, name: name('host'), notes: [HOLDER, ...holder.notes] });
  }
  const hasUnits = services.some(({ keys }) => keys.unit !== undefined);
  const { keys, ofAll } = channels;
  const isNarrower = ofAll.length < Object.keys(keys).length;
  return drafted(
    {
      notes: [...secretsNotes(secrets, file), ...(hasUnits ? [UNITS] : []), ...included, ...notes],
      zone,
      notify: keys,
      ...(isNarrower ? { defaults: { notify: ofAll } } : {}),
      services: services.filter(
        ({ keys: written, notes: said }) =>
          written.watch !== undefined || written.run?.[0] !== 'sleep' || said.length > 1,
      ),
    },
    diagnostics,
  );
}
