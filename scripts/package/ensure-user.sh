# Makes the user @USER@ where there is none: by systemd, else by hand.
ensure_user() {
  if command -v systemd-sysusers > /dev/null; then
    systemd-sysusers --replace=/usr/lib/sysusers.d/@USER@.conf - << 'END'
@SYSUSERS@
END
    return
  fi
  getent group @USER@ > /dev/null || groupadd --system @USER@
  getent passwd @USER@ > /dev/null ||
    useradd --system --gid @USER@ --home-dir /var/lib/@USER@ --no-create-home --shell /usr/sbin/nologin @USER@
}
