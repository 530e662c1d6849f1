/**
 * An origin as browsers write it: lower case, without a default port, without a slash at the end. Null for what is none: another
 * scheme than http and https, a path, a user, a pattern.
 */
export function originOf(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  // A star would be a legal host, and never any page's.
  return url.href === `${url.origin}/` && !url.host.includes("*") ? url.origin : null;
}

export interface AllowedOrigins {
  /** The list holds `*`: pages of any origin may. */
  readonly any: boolean;
  /** Compares origins and not how they are written. */
  has(origin: string): boolean;
}

export function createAllowedOrigins(list: readonly string[]): AllowedOrigins {
  const any = list.includes("*");
  const origins = new Set(list.map((one) => originOf(one) ?? one));
  return { any, has: (origin) => any || origins.has(originOf(origin) ?? origin) };
}
