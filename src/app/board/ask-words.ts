import type { AskMethod } from '../../wire/page/asks.ts';

/** What each act does, to what. */
const WORDS: Partial<Readonly<Record<AskMethod, string>>> = {
  'snooze-end': 'end the snooze of',
  ack: 'acknowledge',
  'job-run': 'run the job',
  'job-pause': 'pause the job',
  'job-resume': 'resume the job',
  'notification-retry': 'try again the message',
  'notification-drop': 'give up the message',
  'notify-test': 'test the channel',
  'pipeline-retry': 'retry what failed of',
  'pipeline-hold': 'hold',
  'pipeline-drain': 'drain',
  'pipeline-resume': 'resume',
  'pipeline-adopt': 'adopt a file of',
};

/** Why nothing is done about `restart web`. @param params checked. */
export function refusalOf(method: AskMethod, params: object): string {
  const { names, name, id, channel } = params as {
    readonly names?: readonly string[];
    readonly name?: string;
    readonly id?: string;
    readonly channel?: string;
  };
  const what = names?.join(', ') ?? name ?? id ?? channel ?? '';
  return `cannot ${WORDS[method] ?? method} ${what}: this machine takes no actions from its hub; "hub: { act: true }" in its config allows it`;
}
