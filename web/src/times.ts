import type { Words } from "./words.ts";

const DAY_MS = 86_400_000;

/** The time of today, else the date. */
export function shortTime(iso: string, language: string, now = new Date()): string {
  const time = new Date(iso);
  return sameDay(time, now)
    ? timeOfDay(iso, language)
    : time.toLocaleDateString(language, { day: "numeric", month: "short" });
}

export function timeOfDay(iso: string, language: string): string {
  const { hour12 } = new Intl.DateTimeFormat(language, { hour: "numeric" }).resolvedOptions();
  const hour = hour12 === true ? "numeric" : "2-digit";
  return new Date(iso).toLocaleTimeString(language, { hour, minute: "2-digit" });
}

/** What stands between two days of a conversation. */
export function nameOfDay(iso: string, language: string, words: Words, now = new Date()): string {
  const day = new Date(iso);
  if (sameDay(day, now)) return words.today;
  if (sameDay(day, new Date(now.getTime() - DAY_MS))) return words.yesterday;
  const year = day.getFullYear() === now.getFullYear() ? {} : ({ year: "numeric" } as const);
  return day.toLocaleDateString(language, { day: "numeric", month: "long", ...year });
}

export function isAnotherDay(one: string, other: string): boolean {
  return !sameDay(new Date(one), new Date(other));
}

const sameDay = (one: Date, other: Date): boolean => one.toDateString() === other.toDateString();
