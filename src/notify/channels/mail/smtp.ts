import * as net from 'node:net';
import { Readable } from 'node:stream';
import * as tls from 'node:tls';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Clock } from '../../../core/clock.ts';
import type { SmtpServer } from './server.ts';
import {
  type Refusal,
  refusals,
  reply,
  type SmtpTrouble,
  smtpTrouble,
  type Stage,
  TOO_LATE,
} from './trouble.ts';

export interface Delivery {
  readonly server: SmtpServer;
  readonly password: string | undefined;
  /** Whether what is said is encrypted; by default it has to be beyond this machine. */
  readonly encryption: 'required' | 'optional' | undefined;
  /** Whether the server has to prove its name; by default beyond this machine. */
  readonly checkCertificate: boolean | undefined;
  /** Certificates that may vouch for it, PEM, instead of those that Node brings. */
  readonly ca: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly message: Buffer;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export type SmtpOutcome =
  /** It is there, but for those that were refused. */
  | { readonly kind: 'taken'; readonly reply: string; readonly refused: readonly Refusal[] }
  /** `unsure`: all of it was handed over, but no answer came. `unsent`: it was not. */
  | ({
      readonly kind: 'failed';
      readonly refused: readonly Refusal[];
      readonly unsure: boolean;
      readonly unsent: boolean;
    } & SmtpTrouble);

/** The caller's signal is the deadline; the library's own ones only must not come before it. */
const NEVER_MS = 3_600_000;
const GOODBYE_MS = 1000;

/** Speaks with a mail server, once, about one message. Never rejects; the connection is gone at the end. */
export async function deliver(delivery: Delivery): Promise<SmtpOutcome> {
  const { server, signal } = delivery;
  const socket = connect(delivery);
  const progress: Progress = { stage: 'connecting', handedOver: false };
  let smtp: SMTPConnection | undefined;
  const late = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const conversation = async (): Promise<SmtpOutcome> => {
    await connected(socket, server.tls);
    progress.stage = 'greeting';
    smtp = openSmtp(delivery, socket);
    const broken = brokenBy(smtp);
    await Promise.race([broken, step((done) => smtp?.connect(done))]);
    progress.stage = 'login';
    const refused = await Promise.race([broken, login(smtp, delivery, socket)]);
    if (refused !== undefined) return failure(progress, refused);
    progress.stage = 'sending';
    progress.taken = await Promise.race([broken, hand(smtp, delivery, progress)]);
    await goodbye(smtp, delivery.clock);
    return progress.taken;
  };
  try {
    const outcome = (await Promise.race([late, conversation()])) ?? progress.taken;
    return outcome ?? failure(progress, { why: TOO_LATE[progress.stage], retry: true, silent: true });
  } catch (thrown) {
    return failure(progress, smtpTrouble(thrown, progress.stage), refusals(thrown as object));
  } finally {
    smtp?.close();
    socket.destroy();
  }
}

/** How far it came. */
interface Progress {
  stage: Stage;
  /** All of the message was sent. */
  handedOver: boolean;
  /** It was taken: what is said afterwards changes nothing any more. */
  taken?: SmtpOutcome;
}

function failure(
  { handedOver }: Progress,
  { why, retry, silent }: SmtpTrouble,
  refused: readonly Refusal[] = [],
): SmtpOutcome {
  const unsure = handedOver && silent;
  const doubt = unsure ? '; it may have it all the same' : '';
  return { kind: 'failed', refused, retry, silent, why: `${why}${doubt}`, unsure, unsent: !handedOver };
}

function connect({ server: { host, port, tls: encrypted }, ca, checkCertificate }: Delivery): net.Socket {
  const trust = ca === undefined ? {} : { ca };
  if (!encrypted) return net.connect({ host, port });
  return tls.connect({
    host,
    port,
    ...trust,
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: checkCertificate ?? !isLoopbackName(host),
  });
}

function connected(socket: net.Socket, encrypted: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(encrypted ? 'secureConnect' : 'connect', () => {
      socket.removeListener('error', reject);
      resolve();
    });
  });
}

/** Names that are this machine, before anybody was asked. */
function isLoopbackName(host: string): boolean {
  return host === 'localhost' || isLoopback(host);
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(127\.|::ffff:127\.|::1$)/.test(address);
}

function openSmtp(
  { server, encryption, checkCertificate, ca }: Delivery,
  socket: net.Socket,
): SMTPConnection {
  // Nobody listens in on this machine, and its certificate is most often one that it made itself.
  const local = isLoopback(socket.remoteAddress);
  return new SMTPConnection({
    connection: socket,
    host: server.host,
    port: server.port,
    secure: server.tls,
    secured: server.tls,
    requireTLS: !server.tls && (encryption ?? (local ? 'optional' : 'required')) === 'required',
    tls: {
      rejectUnauthorized: checkCertificate ?? !local,
      ...(ca === undefined ? {} : { ca }),
    },
    connectionTimeout: NEVER_MS,
    greetingTimeout: NEVER_MS,
    socketTimeout: NEVER_MS,
    socketCloseTimeout: 0,
    maxResponseSize: 65_536,
  });
}

/** Rejects when the connection breaks, whoever waits for an answer. */
function brokenBy(smtp: SMTPConnection): Promise<never> {
  const broken = new Promise<never>((_resolve, reject) => {
    smtp.on('error', reject);
  });
  // Whoever raced with it has its answer by then.
  broken.catch(() => {});
  return broken;
}

function step(begin: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

const NO_PASSWORD = 'it does not encrypt, and a password is not sent in the clear';

/** Logs in where there is a user: never in the clear beyond this machine. */
async function login(
  smtp: SMTPConnection,
  { server: { user }, password = '' }: Delivery,
  socket: net.Socket,
): Promise<SmtpTrouble | undefined> {
  if (user === undefined) return undefined;
  if (!smtp.secure && !isLoopback(socket.remoteAddress))
    return { why: NO_PASSWORD, retry: true, silent: false };
  await step((done) => smtp.login({ user, pass: password }, done));
  return undefined;
}

function hand(
  smtp: SMTPConnection,
  { from, to, message }: Delivery,
  progress: Progress,
): Promise<SmtpOutcome> {
  const stream = Readable.from([message]);
  stream.once('end', () => {
    progress.handedOver = true;
  });
  return new Promise((resolve, reject) => {
    smtp.send({ from, to: [...to], size: message.length }, stream, (error, info) => {
      if (error === null && info !== undefined)
        resolve({ kind: 'taken', reply: reply(info.response), refused: refusals(info) });
      else reject(error ?? new Error('it gave no answer'));
    });
  });
}

/** Ends it as the protocol wants it, but does not wait for who does not answer. */
async function goodbye(smtp: SMTPConnection, clock: Clock): Promise<void> {
  const patience = new AbortController();
  smtp.once('end', () => patience.abort());
  smtp.quit();
  await clock.sleep(GOODBYE_MS, patience.signal);
}
