/** A config that goes on from an import. @param into the collector’s folder, as the config names it: relative to the config file, or absolute. */
export function configText(into: string): string {
  return `# yaml-language-server: $schema=https://unpkg.com/vahti/schema/vahti.schema.json
#
# Goes on where sinitaivas-live stopped. First: vahti import sinitaivas DIR. It leaves the place to go on from in the
# folder of \`into:\`; \`cursor:\` only counts where that was left out: rather some days twice than a day not at all.

services:
  firehose:
    collect:
      from: wss://bsky.network/xrpc/com.atproto.sync.subscribeRepos
      into: ${plainOrQuoted(into)}
      part: hour
      cursor: oldest
`;
}

/** JSON strings are YAML. */
function plainOrQuoted(text: string): string {
  return /^[A-Za-z0-9_./][A-Za-z0-9_./-]*$/.test(text) && !/^[\d.]+$/.test(text)
    ? text
    : JSON.stringify(text);
}
