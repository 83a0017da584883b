import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { statePaths } from '../../app/state.ts';
import { systemClock } from '../../core/clock.ts';
import { openOutboxReadOnly } from '../../notify/outbox-read.ts';
import { type NotificationsView, viewNotifications } from '../../notify/view.ts';
import { callerName } from '../caller.ts';
import { findState } from '../config-file.ts';
import { answered, controlClient } from '../control.ts';
import { CommandError } from '../exit-codes.ts';
import { notificationsText } from '../notifications-text.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { printJson, say } from '../output.ts';

interface NotificationsOptions extends JsonOption {
  readonly pending?: true;
  readonly limit: number;
  readonly drop?: string;
}

const MOST = 10_000;

export function addNotifications(program: Command): void {
  subcommand(
    program,
    'notifications',
    'show what is in trouble, who was told of it, and what is still to be delivered',
  )
    .addOption(jsonOption())
    .option('--pending', 'only messages that are not delivered yet')
    .addOption(
      new Option('-n, --limit <number>', 'at most so many messages, the newest ones')
        .default(20)
        .argParser((text: string) => readLimit(text)),
    )
    .option('--drop <id>', 'give a message up that cannot be delivered')
    .action(show);
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST) return limit;
  throw new CommandError('usage', `cannot use ${JSON.stringify(text)}: write a number from 1 to ${MOST}`);
}

async function show({ config, json, pending, limit, drop }: NotificationsOptions): Promise<void> {
  if (drop !== undefined) return giveUp(drop, config);
  const view = await read(config, { pending: pending ?? false, most: limit });
  if (json) printJson(view);
  else process.stdout.write(notificationsText(view, systemClock.now(), process.stdout));
}

/** What the daemon says, or, where none runs, what it left: nobody is told meanwhile. */
async function read(
  config: string | undefined,
  query: { readonly pending: boolean; readonly most: number },
): Promise<NotificationsView> {
  const answer = await (await controlClient(config)).call('notifications', query);
  if (answer.ok || answer.error.kind !== 'not-running') return answered(answer);
  const { outbox: path } = statePaths(await findState(config));
  if (!existsSync(path)) return answered(answer);
  const outbox = openOutboxReadOnly(path);
  if (!outbox.ok) throw new CommandError('failed', outbox.error.message);
  say('the daemon is not running: nobody is told until it does');
  try {
    return viewNotifications(outbox.value, undefined, query);
  } finally {
    outbox.value.close();
  }
}

async function giveUp(id: string, config: string | undefined): Promise<void> {
  answered(await (await controlClient(config)).call('notification-drop', { id, who: callerName() }));
  process.stdout.write(`${id} is not tried any more\n`);
}
