import type { Protocol } from "../protocols/protocol.ts";
import type { Device, Person } from "../rooms.ts";
import { textFrame } from "../websocket-frame.ts";
import type { SignalTelling } from "./signal-telling.ts";

/** Puts it into words once per dialect, for the devices that hear everything or show its chat. Says how many frames were handed over. */
export function offerTo(people: Iterable<Person>, telling: SignalTelling): number {
  const words = createWords(telling);
  let handed = 0;
  for (const { devices } of people) for (const device of devices) handed += words(device);
  return handed;
}

export function offerToDevice(device: Device, telling: SignalTelling): number {
  return createWords(telling)(device);
}

function createWords(telling: SignalTelling): (device: Device) => number {
  const byProtocol = new Map<Protocol, readonly Buffer[]>();
  const chatId = telling.kind === "typing" ? telling.chatId : null;
  return (device) => {
    const { protocol, shown } = device;
    if (shown !== null && (chatId === null || !shown.has(chatId))) return 0;
    let frames = byProtocol.get(protocol);
    if (frames === undefined) {
      frames = (protocol.framesForSignal?.(telling) ?? []).map(textFrame);
      byProtocol.set(protocol, frames);
    }
    for (const frame of frames) device.offer(frame);
    return frames.length;
  };
}
