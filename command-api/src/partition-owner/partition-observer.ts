/** What operators want to know; see `docs/operations.md`. */
export interface PartitionObserver {
  elected(partition: number): void;
  fenced(partition: number): void;
  settled(partition: number, commands: number, events: number, tookMs: number): void;
  failed(partition: number, error: unknown): void;
  /** It refuses commands until it is elected again; after a cut of the log, for good. */
  halted(partition: number, error: Error): void;
  /** This owner is gone: what was said of it no longer counts. */
  stopped(partition: number): void;
}
