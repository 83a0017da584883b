import * as v from 'valibot';
import { type FieldFacts, reference, text } from '../../../core/fields.ts';
import { didYouMean } from '../../../core/suggest.ts';
import { address, certificates } from '../../options.ts';
import { placeholderMistake } from '../../rendering/placeholders.ts';
import { PRESET_NAMES } from './presets/registry.ts';

const TEMPLATE_FORM = `one of ${PRESET_NAMES.join(', ')}, or keys and values of your own`;

const template = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, string | Readonly<Record<string, unknown>>>(({ dataset, addIssue, NEVER }) => {
    const { value } = dataset;
    if (typeof value === 'string' && PRESET_NAMES.includes(value)) return value;
    if (typeof value === 'string')
      addIssue({
        message: `cannot use the template ${JSON.stringify(value)}: write ${TEMPLATE_FORM}${didYouMean(value, PRESET_NAMES)}`,
      });
    else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const mistakes = textsIn(value).flatMap((each) => placeholderMistake(each, true) ?? []);
      for (const message of new Set(mistakes)) addIssue({ message });
      if (mistakes.length === 0) return value as Readonly<Record<string, unknown>>;
    } else addIssue({ message: `cannot use this value: write ${TEMPLATE_FORM}` });
    return NEVER;
  }),
  v.metadata({
    form: TEMPLATE_FORM,
    json: { anyOf: [{ enum: PRESET_NAMES }, { type: 'object' }], examples: ['slack', { text: '{title}' }] },
  } satisfies FieldFacts),
);

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

export const options = v.strictObject({
  url: v.pipe(
    address,
    v.description(
      'The address that is posted to. `$NAME`, also within it, takes a value from the daemon’s environment, `file:PATH` all of it from a file: write whatever is secret in it so.',
    ),
  ),
  template: v.pipe(
    v.optional(template),
    v.description(
      'What is posted: the form of a known far side, or JSON of your own in which `{title}`, `{text}`, `{short}`, `{event}`, `{level}`, `{host}`, `{services}`, `{id}`, `{thread}`, `{at}`, `{snooze}`, `{items}` and `{lines}` are filled in. Without it the host decides: where it is nobody’s that is known, it is `generic`.',
    ),
  ),
  secret: v.pipe(
    v.optional(reference),
    v.description(
      'Signs each request as Standard Webhooks has it: `whsec_` and 24 to 64 bytes in base64, such as `whsec_$(openssl rand -base64 32)`.',
    ),
  ),
  headers: v.pipe(
    v.optional(v.record(text('a header'), text())),
    v.description(
      'Headers to send. `$NAME` takes a value from the daemon’s environment: write secrets only so.',
    ),
    v.metadata({
      form: 'names and values',
      json: { type: 'object', additionalProperties: { type: 'string', minLength: 1 } },
    } satisfies FieldFacts),
  ),
  'routing-key': v.pipe(v.optional(reference), v.description('PagerDuty: the integration key of a service.')),
  chat: v.pipe(
    v.optional(v.union([text(), v.number()], 'cannot use this value: write a number, or @NAME')),
    v.metadata({
      form: 'a number, or @NAME',
      json: { type: ['string', 'number'], examples: [-1001234567890] },
    } satisfies FieldFacts),
    v.description('Telegram: the chat to write to.'),
  ),
  ca: certificates,
});
export type WebhookOptions = v.InferOutput<typeof options>;
