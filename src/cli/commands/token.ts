import { type Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../../core/clock.ts';
import { approximateDuration, parseDuration } from '../../core/durations.ts';
import { localText, ownZone } from '../../core/zoned-time.ts';
import type { By } from '../../hub/access/audit-log.ts';
import { hashNewPassword } from '../../hub/access/passwords.ts';
import type { AccessStore } from '../../hub/access/store.ts';
import type { MadeToken } from '../../hub/access/token-store.ts';
import { rightsText, type User, type UserRights } from '../../hub/access/user-store.ts';
import { viewCode, viewToken, viewUser } from '../../hub/access/views.ts';
import { ROLES, type Role } from '../../hub/server/principal.ts';
import { hubOf } from '../../app/plan.ts';
import { findPlan } from '../config-file.ts';
import { CommandError } from '../exit-codes.ts';
import { unknownUser, valueOf, withAccessStore } from '../hub-access.ts';
import { countFrom, type ConfigOption, type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, printJson, say } from '../output.ts';
import { pageAddress } from '../page-link.ts';
import { readSecret } from '../secret-input.ts';
import { accessText, auditText } from '../token-text.ts';
import { revoke } from '../token-revoke.ts';

/** Of uses of a code, of rows of the audit. */
const MOST = 10_000;

export function addToken(program: Command): void {
  const token = program
    .command('token')
    .description(
      'say who may come into the hub of this machine: tokens, users, enrolment codes; the hub may run or not',
    );
  addCreate(token);
  subcommand(token, 'enroll', 'make a code for which an agent gets its token')
    .addOption(jsonOption())
    .option('--agent <name>', 'for this agent alone; without it, for any that is not known yet')
    .option('--uses <count>', 'for so many agents, or so often', countFrom(1, MOST), 1)
    .addOption(lasting('how long it can be used').default(3_600_000, '1h'))
    .action(enroll);
  subcommand(token, 'list', 'show tokens, codes and users; the tokens themselves are not kept')
    .addOption(jsonOption())
    .option('--all', 'also those that are over, and the sessions of browsers')
    .action(list);
  subcommand(
    token,
    'revoke <what>',
    'end a token or a code by its id, or all that an agent or a user has by its name (agent/NAME, user/NAME), a password, too',
  )
    .addOption(jsonOption())
    .action(revoke);
  subcommand(
    token,
    'password <user>',
    'set the password of a user: typed twice, or a line of standard input',
  ).action(password);
  subcommand(token, 'link [user]', 'make a link that logs in once, within 5 minutes')
    .addOption(jsonOption())
    .action(link);
  subcommand(token, 'audit', 'show what was done and denied, the newest first')
    .addOption(jsonOption())
    .option('-n, --lines <count>', 'so many', countFrom(1, MOST), 50)
    .action(audit);
}

function addCreate(token: Command): void {
  const create = token.command('create').description('make a token, which is shown only once');
  subcommand(
    create,
    'agent <name>',
    'a token for an agent, or whatever else sends records: they are stored under its name',
  )
    .addOption(jsonOption())
    .option('--label <text>', 'what it is for', '')
    .addOption(lasting('how long it holds; without it, until it is revoked'))
    .action(createAgent);
  subcommand(
    create,
    'user <name>',
    'a token for a user, who is made, or changed where something is said of the role or the agents',
  )
    .addOption(jsonOption())
    .option('--label <text>', 'what it is for', '')
    .addOption(lasting('how long it holds; without it, until it is revoked'))
    .addOption(new Option('--role <role>', 'what the user may; a new one: view').choices([...ROLES]))
    .addOption(
      new Option('--agents <names>', 'which agents the user sees: a,b').argParser(readNames).conflicts('all'),
    )
    .option('--all', 'the user sees all agents')
    .action(createUser);
}

interface TokenOptions extends JsonOption {
  readonly label: string;
  readonly expires?: number;
}

interface UserOptions extends TokenOptions {
  readonly role?: Role;
  readonly agents?: readonly string[];
  readonly all?: true;
}

async function createAgent(name: string, { config, json, label, expires }: TokenOptions): Promise<void> {
  await withAccessStore(config, (store, by) => {
    const made = valueOf(store.tokens.create({ kind: 'agent', whose: name, label, ...until(expires) }, by));
    printMade(made, `agent ${name}`, json);
  });
}

async function createUser(name: string, options: UserOptions): Promise<void> {
  const { config, json, label, expires, role, agents, all } = options;
  const rights: UserRights = {
    ...(role === undefined ? {} : { role }),
    ...(all ? { agents: null } : agents === undefined ? {} : { agents }),
  };
  await withAccessStore(config, (store, by) => {
    const user = settleUser(store, name, rights, by);
    const made = valueOf(store.tokens.create({ kind: 'user', whose: name, label, ...until(expires) }, by));
    printMade(made, `user ${name} (${rightsText(user)})`, json);
  });
}

/** The user as it is asked for: made, changed, or left as it is. */
function settleUser({ users }: AccessStore, name: string, rights: UserRights, by: By): User {
  const known = users.get(name);
  if (known !== undefined) return valueOf(users.change(name, rights, by));
  if (rights.role !== 'admin' && rights.agents === undefined)
    throw new CommandError('usage', `cannot make the user ${name}: say what it sees, --agents a,b or --all`);
  return valueOf(users.create(name, rights, by));
}

function printMade({ id, token, created, expires }: MadeToken, whose: string, json: true | undefined): void {
  if (json) return printJson({ id, token, created, expires });
  process.stdout.write(`${token}\n`);
  say(
    `${whose}: token ${id}, ${expires === null ? 'until it is revoked' : `until ${moment(expires)}`}; it is shown only now`,
  );
}

interface EnrollOptions extends JsonOption {
  readonly agent?: string;
  readonly uses: number;
  readonly expires: number;
}

async function enroll({ config, json, agent, uses, expires: lastsMs }: EnrollOptions): Promise<void> {
  await withAccessStore(config, (store, by) => {
    const made = valueOf(store.codes.createEnrolment({ agent, uses, lastsMs }, by));
    if (json) return printJson(made);
    process.stdout.write(`${made.code}\n`);
    const whom = agent === undefined ? 'any agent that is not known yet' : `agent ${agent}`;
    say(
      `code ${made.id} for ${whom}, ${uses === 1 ? 'once' : `${uses} times`}, until ${moment(made.expires)}`,
    );
  });
}

async function list({ config, json, all }: JsonOption & { readonly all?: true }): Promise<void> {
  await withAccessStore(config, (store) => {
    const now = systemClock.now();
    const shown = {
      agents: store.tokens.agents(),
      users: store.users.list().map(viewUser),
      tokens: store.tokens
        .list(all === true)
        .map((token) => viewToken(token, now))
        .filter(({ state }) => all === true || state === 'live'),
      codes: store.codes.list().map(viewCode),
    };
    if (json) printJson(shown);
    else process.stdout.write(accessText(shown, now, colours(process.stdout)));
  });
}

async function password(name: string, { config }: ConfigOption): Promise<void> {
  await withAccessStore(config, async (store, by) => {
    if (store.users.get(name) === undefined) throw unknownUser(store, name);
    const hash = await hashNewPassword(await readSecret(`password of ${name}`));
    if (!hash.ok) throw new CommandError('failed', hash.error);
    valueOf(store.users.setPassword(name, hash.value, by));
    say(`${name} has a new password, and has to log in with it`);
  });
}

async function link(name = 'admin', { config, json }: JsonOption): Promise<void> {
  const plan = await findPlan(config);
  const hub = plan && hubOf(plan);
  const address = hub && pageAddress(hub);
  await withAccessStore(config, (store, by) => {
    if (store.users.get(name) === undefined) throw unknownUser(store, name);
    const made = valueOf(store.codes.createLink(name, by));
    const path = `/login?code=${made.code}`;
    const url = address === undefined ? {} : { url: `${address}${path}` };
    if (json) return printJson({ id: made.id, user: name, path, ...url, expires: made.expires });
    process.stdout.write(`${address ?? ''}${path}\n`);
    const within = approximateDuration(made.expires - systemClock.now());
    const where = address === undefined ? '; write it behind the address of the hub' : '';
    say(`logs in ${name} once, within ${within}${where}`);
  });
}

async function audit({ config, json, lines }: JsonOption & { readonly lines: number }): Promise<void> {
  await withAccessStore(config, (store) => {
    const rows = store.audit.list(lines);
    if (json) printJson(rows);
    else process.stdout.write(auditText(rows, colours(process.stdout)));
  });
}

const until = (lastsMs: number | undefined): { readonly expires?: number } =>
  lastsMs === undefined ? {} : { expires: systemClock.now() + lastsMs };

/** A moment as the clocks here show it, to the minute. */
function moment(at: number): string {
  return `${localText(at, ownZone(), 'minute')} (${ownZone()})`;
}

function lasting(what: string): Option {
  return new Option('--expires <duration>', what).argParser((text) => {
    const parsed = parseDuration(text);
    if (!parsed.ok) throw new InvalidArgumentError(parsed.error);
    if (parsed.value < 1000) throw new InvalidArgumentError('Write a second or more.');
    return parsed.value;
  });
}

function readNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Write names with commas between them: a,b');
  return names;
}
