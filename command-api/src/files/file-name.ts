/** As long as file systems allow, so that whoever saves it can. */
const MAX_CHARACTERS = 200;
const MAX_ENDING_CHARACTERS = 16;

/** Control characters break headers and lists; those of direction make `exe.txt` of `txt.exe`. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** What people see of a file's name; it is never a part of a path. Never empty. */
export function fileNameOf(sent: string | undefined): string {
  const whole = (sent ?? "").toWellFormed().normalize("NFC");
  const name = (whole.split(/[/\\]/).at(-1) ?? "").replace(UNSEEN, "").replace(/\s+/gu, " ").trim();
  if (/^\.*$/.test(name)) return "file";
  return shortened(name);
}

/** The ending stays: it says with what the file is opened. */
function shortened(name: string): string {
  const characters = Array.from(name);
  if (characters.length <= MAX_CHARACTERS) return name;
  const dot = characters.lastIndexOf(".");
  const ending = dot > characters.length - MAX_ENDING_CHARACTERS ? characters.slice(dot) : [];
  return [...characters.slice(0, MAX_CHARACTERS - ending.length), ...ending].join("");
}
