# Makes the folders of state and logs: by systemd, else by hand.
ensure_folders() {
  if command -v systemd-tmpfiles > /dev/null; then
    systemd-tmpfiles --create @USER@.conf || true
  else
    install --directory --mode=0750 --owner=@USER@ --group=@USER@ /var/lib/@USER@ /var/log/@USER@
  fi
}
