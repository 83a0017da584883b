import * as net from 'node:net';
import type { TestContext } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { listenLocally } from './http-server.ts';
import { onEnd } from './leaks.ts';

/** A message as a server took it. */
export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly secure: boolean;
  readonly user: string;
  readonly raw: string;
}

export interface MailServer {
  readonly port: number;
  readonly letters: readonly Letter[];
}

export interface MailServerOptions {
  /** Default: one that is free. */
  readonly port?: number;
  /** What smtp-server is told. By default no encryption is offered, and nobody has to log in. */
  readonly server?: SMTPServerOptions;
  /** Says a refusal as `451 later`; else the recipient, or the message, is taken. */
  readonly refuse?: (what: 'sender' | 'recipient' | 'message', address: string) => string | undefined;
  readonly login?: { readonly user: string; readonly password: string };
}

function refusal(reply: string): Error {
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) });
}

/** A mail server that speaks the whole protocol (smtp-server of npm) and keeps what it takes. */
export async function startMailServer(
  t: TestContext,
  { server = {}, refuse, login, port: wanted = 0 }: MailServerOptions = {},
): Promise<MailServer> {
  const letters: Letter[] = [];
  const answer = (what: Parameters<NonNullable<typeof refuse>>[0], address: string): Error | null => {
    const reply = refuse?.(what, address);
    return reply === undefined ? null : refusal(reply);
  };
  const smtp = new SMTPServer({
    disabledCommands: ['STARTTLS', ...(login === undefined ? ['AUTH'] : [])],
    authOptional: login === undefined,
    allowInsecureAuth: true,
    logger: false,
    disableReverseLookup: true,
    onMailFrom: ({ address }, _session, done) => done(answer('sender', address)),
    onRcptTo: ({ address }, _session, done) => done(answer('recipient', address)),
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(refusal('535 5.7.8 wrong user or password'));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const refused = answer('message', '');
        if (refused !== null) return done(refused);
        const { mailFrom, rcptTo } = session.envelope;
        letters.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: String(session.user ?? ''),
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        done(null, `2.0.0 queued as ${letters.length}`);
      });
    },
    ...server,
  });
  smtp.on('error', () => {});
  await new Promise<void>((resolve) => smtp.listen(wanted, '127.0.0.1', resolve));
  onEnd(t, () => new Promise<void>((resolve) => smtp.close(() => resolve())));
  const { port } = smtp.server.address() as net.AddressInfo;
  return { port, letters };
}

/** What a scripted server does at a line: a reply, with or without the end of the connection; nothing: it is silent. */
export type Act = { readonly say?: string; readonly hangUp?: boolean } | undefined;

export interface Script {
  /** By default `220 test ESMTP`. */
  readonly greeting?: Act;
  /** Asked at each line, whose first word it is, upper case; `.` is the end of a message. By default all goes well. */
  readonly at?: (verb: string, line: string) => Act | 'usual';
}

const USUAL: Readonly<Record<string, string>> = {
  EHLO: '250-test\r\n250 8BITMIME',
  HELO: '250 test',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go on',
  '.': '250 2.0.0 queued as 1',
  RSET: '250 ok',
  QUIT: '221 bye',
};

export interface ScriptedServer {
  readonly port: number;
  /** What was said to it, but for the messages. */
  readonly lines: readonly string[];
  /** What happened, in order: `connect`, and the first word of each line. */
  readonly heard: readonly string[];
  /** Messages whose end came in. */
  readonly messages: readonly string[];
}

/** A mail server that does what no good one does. */
export async function scriptMailServer(t: TestContext, script: Script): Promise<ScriptedServer> {
  const { greeting, at } = script;
  const usually = !Object.hasOwn(script, 'greeting');
  const lines: string[] = [];
  const heard: string[] = [];
  const messages: string[] = [];
  const server = net.createServer((socket) => {
    const act = (deed: Act): void => {
      if (deed?.say !== undefined) socket.write(`${deed.say}\r\n`);
      if (deed?.hangUp === true) socket.destroySoon();
    };
    let held = '';
    let message: string[] | undefined;
    const hear = (line: string): void => {
      if (message !== undefined && line !== '.') {
        message.push(line);
        return;
      }
      if (message === undefined) lines.push(line);
      else messages.push(message.join('\n'));
      message = undefined;
      const verb = (line.split(' ')[0] ?? '').toUpperCase();
      const deed = at?.(verb, line);
      const chosen = at === undefined || deed === 'usual' ? { say: USUAL[verb] ?? '502 what?' } : deed;
      if (verb === 'DATA' && chosen?.say?.startsWith('354') === true) message = [];
      act(chosen);
      heard.push(verb);
      if (verb === 'QUIT' && deed === 'usual') socket.end();
    };
    socket.on('data', (chunk) => {
      held += chunk.toString('utf8');
      const whole = held.split('\r\n');
      held = whole.pop() ?? '';
      for (const line of whole) hear(line);
    });
    act(usually ? { say: '220 test ESMTP' } : greeting);
    heard.push('connect');
  });
  const { port } = await listenLocally(t, server);
  return { port, lines, heard, messages };
}
