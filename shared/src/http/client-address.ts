import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";

/**
 * Who a request comes from, as far as limits go: an IPv4 address, or the /64 of an IPv6 one, which is what one customer
 * gets and within which addresses cost nothing.
 *
 * `behindProxy`: the gateway in front overwrites `X-Forwarded-For`, so its last entry is true. Without one anybody could
 * write there whatever they like.
 */
export function clientAddress(request: IncomingMessage, behindProxy: boolean): string {
  const forwarded = behindProxy ? request.headers["x-forwarded-for"] : undefined;
  const last = forwarded === undefined ? undefined : String(forwarded).split(",").at(-1)?.trim();
  return networkOf(last ?? request.socket.remoteAddress ?? "unknown");
}

export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/64`).toString()}/64`;
}
