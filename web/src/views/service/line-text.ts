const LONGEST = 2000;
/** Colours and the like, as terminals read them. */
const CONTROL =
  /\u001B\[[0-9;?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** A log line as text: without what is meant for terminals, not endless. */
export function lineText(message: string): string {
  const cut = message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
  return cut.replace(CONTROL, '');
}
