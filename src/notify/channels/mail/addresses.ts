import { err, ok, type Result } from '../../../core/result.ts';

/** A name before an address: `Vahti <vahti@uni.example>`. */
export interface Mailbox {
  /** Empty where there is none. */
  readonly name: string;
  readonly address: string;
}

/** An address that SMTP takes as it is; or the name of a local user, as in crontab's MAILTO. */
const ADDRESS = /^[^\s@<>()[\],;:"\\\u0000-\u001f\u007f]+(@[^\s@<>()[\],;:"\\\u0000-\u001f\u007f]+)?$/;
const MAILBOX = /^\s*(?:"?([^"<>\r\n]*?)"?\s*<([^<>]*)>|([^<>]*?))\s*$/;
const LONGEST = 254;

export function isMailAddress(text: string): boolean {
  return text.length <= LONGEST && ADDRESS.test(text);
}

/** Reads `NAME <ADDRESS>`, or an address alone. The error is a whole sentence. */
export function parseMailbox(text: string): Result<Mailbox, string> {
  const [, name = '', bracketed, bare] = MAILBOX.exec(text) ?? [];
  const address = bracketed ?? bare ?? '';
  if (!isMailAddress(address))
    return err(`cannot use ${JSON.stringify(text)} as a sender: write NAME <USER@HOST>, or USER@HOST`);
  return ok({ name, address });
}
