/** Every key of an app that PM2 7 knows, with its other spellings (its documentation of the ecosystem file, and `pm2 start --help`). */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  script: ['exec', 'cmd', 'command'],
  name: [],
  name_prefix: [],
  namespace: [],
  cwd: [],
  args: [],
  interpreter: ['exec_interpreter'],
  node_args: ['interpreter_args'],
  env: [],
  filter_env: [],
  port: [],
  instances: [],
  exec_mode: [],
  instance_var: [],
  increment_var: [],
  watch: [],
  ignore_watch: [],
  watch_delay: [],
  watch_options: [],
  max_memory_restart: [],
  autostart: [],
  autorestart: [],
  stop_exit_codes: [],
  max_restarts: [],
  min_uptime: [],
  restart_delay: [],
  exp_backoff_restart_delay: [],
  cron_restart: ['cron'],
  kill_timeout: [],
  treekill: [],
  shutdown_with_message: [],
  wait_ready: [],
  listen_timeout: [],
  out_file: ['out', 'output', 'out_log'],
  error_file: ['error', 'err', 'err_file', 'err_log'],
  log_file: ['log'],
  merge_logs: ['combine_logs'],
  disable_logs: [],
  log_type: [],
  log_date_format: [],
  time: [],
  pid_file: ['pid'],
  uid: ['user'],
  gid: [],
  source_map_support: [],
  disable_source_map_support: [],
  append_env_to_name: [],
};

/** Keys that only mean something inside PM2 itself, or to its maker's service. */
export const OWN_KEYS: ReadonlySet<string> = new Set(
  (
    'automation deep_monitoring disable_trace event_loop_inspector execute_command force install_url io kill_retry_time ' +
    'pmx post_update trace username v8 vizion windowsHide write'
  ).split(' '),
);

const CANONICAL: ReadonlyMap<string, string> = new Map(
  Object.entries(ALIASES).flatMap(([key, others]) =>
    [key, ...others].flatMap((spelling) => [
      [spelling, key] as const,
      [spelling.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), key] as const,
    ]),
  ),
);

/** The key that a spelling stands for; undefined where PM2 knows none. */
export function canonicalKey(spelling: string): string | undefined {
  return CANONICAL.get(spelling);
}

export const ALL_SPELLINGS: readonly string[] = [...CANONICAL.keys()];
