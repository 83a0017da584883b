import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Channel, DeliveryOutcome } from '../../../core/channel.ts';
import { isReference, resolveReference } from '../../../core/references.ts';
import { asError, err, ok, type Result } from '../../../core/result.ts';
import type { ChannelContext } from '../../channel-kind.ts';
import { judgeProgram, runProgram } from '../../run-program.ts';
import { isMailAddress, type Mailbox, parseMailbox } from './addresses.ts';
import { type MailOptions, USUAL_SERVER } from './options.ts';
import { composeMessage } from './message.ts';
import { parseSmtpServer, serverName, type SmtpServer } from './server.ts';
import { deliver, type SmtpOutcome } from './smtp.ts';
import type { Refusal } from './trouble.ts';

type Recipients = readonly string[];

export function createMail(options: MailOptions, context: ChannelContext): Channel {
  const from = senderOf(options.from);
  return {
    async send(notice, signal, taken = []) {
      const to = options.to.filter((each) => !taken.includes(each));
      if (to.length === 0) return { kind: 'delivered', detail: 'everybody has it from an earlier try' };
      const message = await composeMessage(notice, { from, to: options.to, zone: context.zone });
      return options.sendmail === undefined
        ? bySmtp({ options, context, from, to, taken, message, signal })
        : bySendmail(options.sendmail, { context, from, to, message, signal });
    },
  };
}

function senderOf(written: string | undefined): Mailbox {
  const address = `vahti@${hostname()}`;
  const own = { name: 'Vahti', address: isMailAddress(address) ? address : 'vahti@localhost' };
  if (written === undefined) return own;
  const read = parseMailbox(written);
  return read.ok ? read.value : own;
}

interface Sending {
  readonly options: MailOptions;
  readonly context: ChannelContext;
  readonly from: Mailbox;
  /** Those that do not have it yet. */
  readonly to: Recipients;
  readonly taken: Recipients;
  readonly message: Buffer;
  readonly signal: AbortSignal;
}

async function bySmtp(sending: Sending): Promise<DeliveryOutcome> {
  const { options, context, from, to, message, signal } = sending;
  const access = readAccess(options, context);
  if (!access.ok) return { kind: 'failed', reason: access.error, retry: false };
  const outcome = await deliver({
    ...access.value,
    encryption: options.tls,
    checkCertificate: options['check-certificate'],
    from: from.address,
    to,
    message,
    clock: context.clock,
    signal,
  });
  return judge(outcome, serverName(access.value.server), sending);
}

/** What the options stand for now: secrets and files may have changed. */
function readAccess(
  { smtp = USUAL_SERVER, password, ca }: MailOptions,
  { folder, env }: ChannelContext,
): Result<{ server: SmtpServer; password: string | undefined; ca: string | undefined }, string> {
  const written = resolveReference(smtp, folder, env);
  if (!written.ok) return err(`cannot find the mail server: ${written.error}`);
  const server = parseSmtpServer(written.value);
  if (!server.ok) return server;
  // An address that is a secret itself holds the password; one of the config only says where it is.
  const own = server.value.password;
  const inside = own === undefined || isReference(smtp) ? ok(own) : resolveReference(own, folder, env);
  const found = password === undefined ? inside : resolveReference(password, folder, env);
  if (!found.ok) return err(`cannot log in: ${found.error}`);
  try {
    const trusted = ca === undefined ? undefined : readFileSync(resolve(folder, ca), 'utf8');
    return ok({ server: server.value, password: found.value, ca: trusted });
  } catch (thrown) {
    return err(`cannot check the certificate: ${asError(thrown).message}`);
  }
}

/**
 * A message that some recipients were refused is not delivered, but for the others it is: the outbox keeps who has it, and the next try
 * is for the rest alone.
 */
function judge(outcome: SmtpOutcome, server: string, { options, to, taken }: Sending): DeliveryOutcome {
  const { refused } = outcome;
  if (outcome.kind === 'taken' && refused.length === 0) return { kind: 'delivered', detail: outcome.reply };
  const turned = new Set(refused.map(({ recipient }) => recipient));
  const having = [...taken, ...(outcome.kind === 'taken' ? to.filter((each) => !turned.has(each)) : [])];
  const has = having.length === 0 ? '' : `; ${having.length} of ${options.to.length} have it`;
  const failed = {
    kind: 'failed' as const,
    ...(having.length === 0 ? {} : { taken: having }),
  };
  if (refused.length > 0)
    return {
      ...failed,
      reason: `cannot send mail to ${named(refused)} through ${server}: ${refused[0]?.reply}${has}`,
      retry: refused.some(({ retry }) => retry),
    };
  const { why, retry, unsure, unsent } = outcome as Extract<SmtpOutcome, { kind: 'failed' }>;
  return {
    ...failed,
    reason: `cannot send mail through ${server}: ${why}${has}`,
    retry,
    ...(unsure ? { unsure } : {}),
    ...(unsent ? { unsent } : {}),
  };
}

function named(refused: readonly Refusal[]): string {
  const shown = refused.slice(0, 3).map(({ recipient }) => recipient);
  return `${shown.join(', ')}${refused.length > 3 ? ` and ${refused.length - 3} more` : ''}`;
}

/** Hands it to a program that takes mail as sendmail does: it is delivered when the program has taken it. */
async function bySendmail(
  program: string,
  { context, from, to, message, signal }: Omit<Sending, 'options' | 'taken'>,
): Promise<DeliveryOutcome> {
  const input = message.toString('utf8').replaceAll('\r\n', '\n');
  const argv = [program, '-i', '-f', from.address, '--', ...to];
  return judgeProgram(program, await runProgram({ argv, input, signal }, context));
}
