import * as v from 'valibot';
import { type FieldFacts, flag, oneOf, reference, text } from '../../../core/fields.ts';
import { isReference } from '../../../core/references.ts';
import { certificates } from '../../options.ts';
import { isMailAddress, parseMailbox } from './addresses.ts';
import { parseSmtpServer } from './server.ts';

const TO_FORM = 'an address, or a list of them';
const SERVER_FORM = 'smtp://HOST, smtp://USER@HOST:PORT, smtps://HOST, $NAME or file:PATH';
const MOST_RECIPIENTS = 50;
export const USUAL_SERVER = 'smtp://localhost';

const recipients = v.pipe(
  v.union([v.string(), v.array(v.string())], `cannot use this value: write ${TO_FORM}`),
  v.rawTransform<string | string[], readonly string[]>(({ dataset, addIssue, NEVER }) => {
    const all = [dataset.value].flat().map((each) => each.trim());
    const wrong = all.filter((each) => !isMailAddress(each));
    for (const each of wrong)
      addIssue({ message: `cannot send mail to ${JSON.stringify(each)}: write USER@HOST, without a name` });
    if (all.length === 0 || all.length > MOST_RECIPIENTS)
      addIssue({ message: `cannot use this value: write 1 to ${MOST_RECIPIENTS} addresses` });
    else if (wrong.length === 0) return [...new Set(all)];
    return NEVER;
  }),
  v.metadata({
    form: TO_FORM,
    json: {
      anyOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
      ],
      examples: ['ops@uni.example'],
    },
  } satisfies FieldFacts),
);

const sender = v.pipe(
  text('an address, or a name and an address in < >'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const read = parseMailbox(dataset.value);
    if (!read.ok) addIssue({ message: read.error });
  }),
);

const server = v.pipe(
  v.string(`cannot use this value: write ${SERVER_FORM}`),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || isReference(dataset.value)) return;
    const read = parseSmtpServer(dataset.value);
    if (!read.ok) addIssue({ message: read.error });
    else if (read.value.password !== undefined && !isReference(read.value.password))
      addIssue({ message: 'cannot take a password in an address: write $NAME for it, or `password`' });
  }),
  v.metadata({
    form: SERVER_FORM,
    json: {
      type: 'string',
      pattern: '^(smtps?://|\\$|file:)',
      examples: [USUAL_SERVER, 'smtp://vahti@mail.uni.example:587'],
    },
  } satisfies FieldFacts),
);

export const options = v.strictObject({
  to: v.pipe(
    recipients,
    v.description('Who gets it; each is told of a message once, whatever happens to the others.'),
  ),
  smtp: v.pipe(
    v.optional(server),
    v.description('The mail server: port 25, or 587 with a user, or 465 for smtps, where it names none.'),
  ),
  password: v.pipe(
    v.optional(reference),
    v.description('The password of the user in `smtp`. Looked up at each try.'),
  ),
  from: v.pipe(
    v.optional(sender),
    v.description(
      'Who it is from: `vahti@uni.example`, `Vahti <vahti@uni.example>`. Servers may refuse senders that are not theirs.',
    ),
  ),
  tls: v.pipe(
    v.optional(oneOf(['required', 'optional'])),
    v.description(
      'Whether the connection has to be encrypted. A password never goes over one that is not, but to this machine.',
    ),
  ),
  'check-certificate': v.pipe(v.optional(flag), v.description('Whether the server has to prove its name.')),
  ca: certificates,
  sendmail: v.pipe(
    v.optional(text('a path')),
    v.description('A program that takes mail as sendmail does, instead of a server: /usr/sbin/sendmail.'),
  ),
});
export type MailOptions = v.InferOutput<typeof options>;
