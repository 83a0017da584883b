/** A config that does all that sinitaivas-live and its cron jobs did. @param into the collector’s folder, as the config names it: relative to the config file, or absolute. */
export function configText(into: string): string {
  const folder = plainOrQuoted(into);
  return `# yaml-language-server: $schema=https://unpkg.com/vahti/schema/vahti.schema.json
#
# Goes on where sinitaivas-live stopped, in place of its unit and of all lines of its crontab: collects, watches, packs, uploads, deletes.
# First: vahti import sinitaivas DIR. It leaves the place to go on behind in the folder of \`into:\`; \`cursor:\` only counts where
# that was left out: rather some days twice than a day not at all. Two lines are yours to change: who gets mail, and \`to:\`.

notify:
  ops: { mail: you@example.org } # MAILTO of the crontab; by the mail server of this machine
defaults: { notify: [ops] }

services:
  firehose: # sinitaivas-live.service
    collect:
      from: wss://bsky.network/xrpc/com.atproto.sync.subscribeRepos
      into: ${folder}
      part: hour
      cursor: oldest
    watch: # monitoring.sh
      fresh: { within: 10m, then: [restart, page] }
      lag: { max: 1h }

jobs:
  archive: { at: 5 * * * *, archive: ${folder}, late: 3h } # gzip_previous_hour.sh, for every hour that it left out too
  upload: { after: archive, sync: ${folder}, to: "rclone:allas:sinitaivas", include: "**/*.zst", retry: 3 every 10m } # s3cmd sync
  clean: { at: 40 3 * * *, purge: ${folder}, older: 3d, proved-by: upload, late: 2h } # delete_daily_folder.sh, of what is proved to be there
`;
}

/** JSON strings are YAML. */
function plainOrQuoted(text: string): string {
  return /^[A-Za-z0-9_./][A-Za-z0-9_./-]*$/.test(text) && !/^[\d.]+$/.test(text)
    ? text
    : JSON.stringify(text);
}
