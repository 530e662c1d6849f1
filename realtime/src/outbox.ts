/**
 * What waits to be written, as a chain of frames. Sockets that wait for the same frames stand at the same link, so a
 * thousand of them cost one chain and one joined buffer, whatever the number of frames.
 */
export interface Chain {
  readonly before: Chain | null;
  readonly frame: Buffer;
  readonly bytes: number;
  /** The link that was added last: the next socket most likely gets the same frame. */
  next: Chain | null;
  joined: Buffer | null;
}

/** Whatever frames can be written to, in order. */
export interface Outlet {
  /** The outbox's own: what waits for this outlet since the last flush. */
  waiting: Chain | null;
  /** Writes in one go. */
  write(bytes: Buffer): void;
}

export interface Outbox {
  /** To be written together with all else that waits for the outlet, at the end of this turn of the event loop. */
  push(outlet: Outlet, frame: Buffer): void;
  /** Writes what waits for this outlet now. */
  flush(outlet: Outlet): void;
  /** Bytes that wait; shared ones count once for each outlet. */
  waitingBytes(): number;
}

export function createOutbox(): Outbox {
  let roots = new Map<Buffer, Chain>();
  let outlets: Outlet[] = [];
  let scheduled = false;

  function flushAll(): void {
    scheduled = false;
    const full = outlets;
    outlets = [];
    roots = new Map();
    for (const outlet of full) flush(outlet);
  }

  function flush(outlet: Outlet): void {
    const { waiting } = outlet;
    if (waiting === null) return;
    outlet.waiting = null;
    outlet.write(joinedFrames(waiting));
  }

  return {
    push(outlet, frame) {
      if (outlet.waiting === null) {
        outlets.push(outlet);
        let root = roots.get(frame);
        if (root === undefined) roots.set(frame, (root = link(null, frame)));
        outlet.waiting = root;
      } else {
        outlet.waiting = append(outlet.waiting, frame);
      }
      if (scheduled) return;
      scheduled = true;
      setImmediate(flushAll);
    },
    flush,
    waitingBytes: () => outlets.reduce((sum, { waiting }) => sum + (waiting?.bytes ?? 0), 0),
  };
}

function append(chain: Chain, frame: Buffer): Chain {
  if (chain.next?.frame === frame) return chain.next;
  return (chain.next = link(chain, frame));
}

function link(before: Chain | null, frame: Buffer): Chain {
  return { before, frame, bytes: (before?.bytes ?? 0) + frame.length, next: null, joined: null };
}

function joinedFrames(chain: Chain): Buffer {
  if (chain.before === null) return chain.frame;
  if (chain.joined !== null) return chain.joined;
  const joined = Buffer.allocUnsafe(chain.bytes);
  for (let at: Chain | null = chain; at !== null; at = at.before) joined.set(at.frame, at.bytes - at.frame.length);
  return (chain.joined = joined);
}
