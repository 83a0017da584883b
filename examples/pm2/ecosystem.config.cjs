module.exports = {
  apps: [
    {
      name: 'Clock',
      script: 'clock.cjs',
      env: { EVERY_S: 5 },
      env_production: { EVERY_S: 60 },
      kill_timeout: 3000,
      max_restarts: 10,
      stop_exit_codes: [78],
    },
    {
      name: 'listener',
      script: 'listener.cjs',
      instances: 2,
      increment_var: 'PORT',
      env: { PORT: 8400, API_TOKEN: 'made-up' },
    },
  ],
};
