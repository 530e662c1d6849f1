/**
 * What an answer says in `Retry-After`; 0 when it says nothing. The server says seconds. A date, which others on the way
 * may say, is of a clock that is not ours: it is passed over.
 */
export function retryAfterSeconds(headers: Headers): number {
  const seconds = Number(headers.get("retry-after") ?? 0);
  return seconds > 0 ? seconds : 0;
}
