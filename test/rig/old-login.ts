import { constants, generateKeyPairSync, sign } from 'node:crypto';

/** The old login service: signs tokens as it did. */
export interface OldLogin {
  readonly publicKey: string;
  watchdog(code: string, more?: Partial<OldTokenParts>): OldTokenParts & { readonly signature: string };
  user(
    code: string,
    belongs: readonly string[],
    more?: Partial<OldTokenParts>,
  ): OldTokenParts & { readonly signature: string };
}

export interface OldTokenParts {
  readonly code: string;
  readonly id: number;
  readonly perm: number;
  readonly time: number;
  readonly belongs: readonly string[] | null;
}

export function createOldLogin(): OldLogin {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signed = (parts: OldTokenParts): OldTokenParts & { readonly signature: string } => {
    const { code, id, time, belongs, perm } = parts;
    const list = belongs === null ? 'None' : `[${belongs.map((each) => `'${each}'`).join(', ')}]`;
    const signature = sign('sha256', Buffer.from(`${code}${id}${time}${list}${perm}`), {
      key: privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN,
    });
    return { ...parts, signature: signature.toString('base64') };
  };
  const time = (): number => Math.floor(Date.now() / 1000) - 60;
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    watchdog: (code, more) =>
      signed({ code, id: 1_196_070_889, perm: -1, time: time(), belongs: null, ...more }),
    user: (code, belongs, more) => signed({ code, id: 424_242, perm: 0, time: time(), belongs, ...more }),
  };
}
