import * as v from 'valibot';
import { type FieldFacts, text } from '../../core/fields.ts';

/** `hub: { status-page: … }`: what everybody may see. */

const SERVICES_FORM = 'what they are called there, and for each SERVICE or AGENT/SERVICE';

export const statusPageConfig = v.pipe(
  v.optional(
    v.strictObject({
      title: v.pipe(v.optional(text('a title')), v.description('What stands above them.')),
      services: v.pipe(
        v.record(text('a name for people'), text('SERVICE or AGENT/SERVICE')),
        v.metadata({
          form: SERVICES_FORM,
          json: {
            type: 'object',
            additionalProperties: { type: 'string', minLength: 1 },
            examples: [{ 'Sky stream': 'firehose' }],
          },
        } satisfies FieldFacts),
        v.description(
          'What is shown, in this order: services of this machine, or `AGENT/SERVICE` of another that sends its records here.',
        ),
      ),
    }),
  ),
  v.description('Shows chosen services at `/status` to everybody, without a token.'),
);

/** A status page, resolved. */
export interface StatusPagePlan {
  readonly title: string;
  readonly services: readonly {
    /** For people. */
    readonly label: string;
    readonly agent: string;
    readonly name: string;
  }[];
}
