import { readFileSync } from 'node:fs';

/** Filesystems that other hosts write to, or a program makes: the kernel does not tell of everything that happens there. */
const REMOTE =
  /^(?:nfs\d?|cifs|smb\d?|smbfs|ceph|afs|9p|virtiofs|glusterfs|lustre|gpfs|beegfs|pvfs2|ocfs2|gfs2|coda|ncpfs|davfs|fuse(?:\..+|blk)?)$/;

/** Where filesystems are mounted, and of which kind. */
export interface Mount {
  readonly at: string;
  readonly kind: string;
}

/** Reads the text of /proc/self/mountinfo (proc(5)); a line of another form is left out. */
export function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line): Mount[] => {
    const [own = '', rest = ''] = line.split(' - ');
    const at = own.split(' ')[4];
    const kind = rest.split(' ')[0];
    return at === undefined || kind === undefined || kind === ''
      ? []
      : [
          {
            at: at.replace(/\\([0-7]{3})/g, (_, octal: string) =>
              String.fromCharCode(Number.parseInt(octal, 8)),
            ),
            kind,
          },
        ];
  });
}

/** The mounts of this process; none where they cannot be read. It asks the kernel alone, never a filesystem that may hang. */
export function readMounts(): readonly Mount[] {
  try {
    return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/** The kind of the filesystem that a path (absolute, without links) is on, where that is one of the network. */
export function remoteKind(path: string, mounts: readonly Mount[]): string | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const isAbove = mount.at === '/' || path === mount.at || path.startsWith(`${mount.at}/`);
    // Of two at one place the later one covers the other.
    if (isAbove && mount.at.length >= (found?.at.length ?? 0)) found = mount;
  }
  return found !== undefined && REMOTE.test(found.kind) ? found.kind : undefined;
}
