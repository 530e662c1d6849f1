import { OUR_MARK } from "./orphan.ts";

/**
 * How the embedded server runs: durable first (fsync, synchronous_commit and full pages are on), then small. They are given on
 * the command line, so that an update of the program brings its settings along.
 */
export function serverSettings(socketFolder: string): readonly string[] {
  return [
    OUR_MARK,
    // No network at all: who may enter the socket's folder is its owner.
    "listen_addresses=",
    `unix_socket_directories=${socketFolder}`,
    "unix_socket_permissions=0700",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    // The services' pools together, and some for an operator's psql.
    "max_connections=80",
    "shared_buffers=128MB",
    "work_mem=8MB",
    "maintenance_work_mem=64MB",
    // Nobody replicates from here: less WAL, and two processes less.
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_logical_replication_workers=0",
    // Rare checkpoints: each one makes the next write of a page a full page. 512 MB are recovered in some seconds.
    "wal_buffers=8MB",
    "min_wal_size=128MB",
    "max_wal_size=512MB",
    "checkpoint_timeout=15min",
    // Every query here is short: compiling one, or starting workers for it, costs more than it saves.
    "jit=off",
    "max_parallel_workers_per_gather=0",
    "autovacuum_max_workers=2",
    "timezone=UTC",
    "log_timezone=UTC",
    "lc_messages=C",
    "log_min_messages=warning",
    "log_checkpoints=off",
  ];
}
