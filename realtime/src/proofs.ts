import type { Offsets } from "./offsets.ts";
import type { DeviceStream } from "./streams.ts";

/**
 * What shows that frames have arrived: WebSocket keeps their order, so the answer to a ping, or to our farewell, proves
 * all that was told before it.
 */
export interface Proofs {
  /** The other side was there: it sent something, or ended the connection itself. */
  heard(): void;
  /**
   * A ping is about to be sent. False: it is not to be, since the last heartbeat's was not answered yet, or, where it is
   * for nothing but proof, since any was not.
   */
  asks(why: "heartbeat" | "proof", number: number): boolean;
  ponged(number: number | null): void;
  saidFarewell(): void;
  farewellAnswered(): void;
}

interface Ping {
  readonly number: number;
  readonly why: "heartbeat" | "proof";
  readonly told: readonly Told[];
}

/** How far a stream was told at some moment. */
interface Told {
  readonly stream: DeviceStream;
  readonly offsets: Offsets;
}

export function createProofs(streams: ReadonlyMap<string | null, DeviceStream>): Proofs {
  /** Not answered yet, in order: at most one of each kind. */
  let pings: readonly Ping[] = [];
  let toldBeforeFarewell: readonly Told[] = [];

  const toldNow = (): Told[] => [...streams.values()].map((stream) => ({ stream, offsets: stream.place.offsets() }));

  function prove(told: readonly Told[]): void {
    for (const { stream, offsets } of told) stream.cursor.prove(offsets);
  }

  function heard(): void {
    for (const { cursor } of streams.values()) cursor.heard();
  }

  return {
    heard,
    asks(why, number) {
      if (why === "proof" ? pings.length > 0 : pings.some((ping) => ping.why === "heartbeat")) return false;
      pings = [...pings, { number, why, told: toldNow() }];
      return true;
    },
    ponged(number) {
      heard();
      const answered = pings.find((ping) => ping.number === number);
      if (answered === undefined) return;
      prove(answered.told);
      // Of several pings the last alone may be answered.
      pings = pings.slice(pings.indexOf(answered) + 1);
    },
    saidFarewell: () => void (toldBeforeFarewell = toldNow()),
    farewellAnswered: () => prove(toldBeforeFarewell),
  };
}
