import type { Words } from "./words.ts";

const DAY_MS = 86_400_000;

type Kind = "time" | "short date" | "day" | "day of a year";
/** To make one takes longer than all else of a message that is drawn; there are few. */
const formats = new Map<string, Intl.DateTimeFormat>();

function format(kind: Kind, language: string): Intl.DateTimeFormat {
  const key = `${kind} ${language}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat(language, optionsOf(kind, language));
  formats.set(key, made);
  return made;
}

function optionsOf(kind: Kind, language: string): Intl.DateTimeFormatOptions {
  if (kind === "time") {
    const { hour12 } = new Intl.DateTimeFormat(language, { hour: "numeric" }).resolvedOptions();
    return { hour: hour12 === true ? "numeric" : "2-digit", minute: "2-digit" };
  }
  if (kind === "short date") return { day: "numeric", month: "short" };
  return { day: "numeric", month: "long", ...(kind === "day" ? {} : { year: "numeric" }) };
}

/** The time of today, else the date. */
export function shortTime(iso: string, language: string, now = new Date()): string {
  const time = new Date(iso);
  return sameDay(time, now) ? timeOfDay(iso, language) : format("short date", language).format(time);
}

export const timeOfDay = (iso: string, language: string): string => format("time", language).format(new Date(iso));

/** What stands between two days of a conversation. */
export function nameOfDay(iso: string, language: string, words: Words, now = new Date()): string {
  const day = new Date(iso);
  if (sameDay(day, now)) return words.today;
  if (sameDay(day, new Date(now.getTime() - DAY_MS))) return words.yesterday;
  return format(day.getFullYear() === now.getFullYear() ? "day" : "day of a year", language).format(day);
}

export function isAnotherDay(one: string, other: string): boolean {
  return !sameDay(new Date(one), new Date(other));
}

const sameDay = (one: Date, other: Date): boolean => one.toDateString() === other.toDateString();
