#!/usr/bin/env bash
# For docker-compose.yml: makes every secret of an installation at its first start and keeps it in a volume, so that none is known
# to the world and nobody has to think of one. Each service can read its own folder only, since each runs as a user of its own;
# the numbers are those in docker-compose.yml. Run again it changes nothing, but that a SECRET_KEY in the environment wins.
set -euo pipefail
cd "${SECRETS_DIR:?}"
umask 077
mkdir -p made

# A password for a URL, or a key: 64 characters that mean nothing in either. Whole or not at all, also when this is killed.
kept() { # <name>
  if [ ! -s "made/$1" ]; then
    od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"made/$1.new"
    mv "made/$1.new" "made/$1"
  fi
  cat "made/$1"
}

give() { # <folder> <user id> <file> <content>
  mkdir -p "$1"
  printf '%s' "$4" >"$1/$3.new"
  mv "$1/$3.new" "$1/$3"
  chown -R "$2:$2" "$1"
}

url() { printf 'postgresql://%s:%s@%s' "$1" "$(kept "$1")" "${DATABASE_ADDRESS:?}"; } # <database user>

secret_key=${SECRET_KEY:-$(kept secret_key)}
give postgres 999 password "$(kept chat)"
give operator 3000 database-url "$(url chat)"
give operator 3000 secret-key "$secret_key"
while read -r service user_id user; do
  give operator 3000 "$service-database-url" "$(url "$user")"
  give "$service" "$user_id" database-url "$(url "$user")"
  [ "$service" = projector ] || give "$service" "$user_id" secret-key "$secret_key"
done <<'SERVICES'
command-api 3001 command_api
query-api 3002 query_api
realtime 3003 realtime
projector 3004 projector
SERVICES
chmod 711 .
# A new volume is root's. Who may read what is in it is command-api's to say.
chown 3001:3001 "${FILES_DIR:?}"
chmod 750 "$FILES_DIR"
echo "secrets are in place"
