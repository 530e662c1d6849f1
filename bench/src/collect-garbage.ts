/**
 * Brought along (`node --expose-gc --import`) by a program whose memory is looked at: on SIGUSR2 it gives back all that
 * nothing holds any more. Left to itself V8 may keep tens of MiB of garbage for minutes, as busy as the moment before was.
 */
process.on("SIGUSR2", () => {
  if (gc === undefined) throw new Error("start node with --expose-gc");
  gc({ type: "major", flavor: "last-resort", execution: "sync" });
});
