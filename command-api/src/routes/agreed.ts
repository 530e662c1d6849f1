import { Rejection } from "@chat/shared/rejection";

/**
 * What several names of one field say together; undefined when none of them is there. Throws a Rejection validation_failed
 * when they contradict each other: whoever fills in two has not meant one of them to be passed over.
 */
export function agreed<T>(
  fields: Readonly<Record<string, T | undefined>>,
  isSame: (one: T, other: T) => boolean = Object.is,
): T | undefined {
  let first: { readonly name: string; readonly value: T } | undefined;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    first ??= { name, value };
    if (!isSame(first.value, value)) throw wrongField(`/${name}`, `must equal ${first.name}, or be left out`);
  }
  return first?.value;
}

/** Whether two lists name the same, in whatever order and however often. */
export function sameSet<T>(one: readonly T[], other: readonly T[]): boolean {
  const [left, right] = [new Set(one), new Set(other)];
  return left.size === right.size && one.every((item) => right.has(item));
}

/** `pointer` is a JSON pointer into the body; `detail` goes behind the field's name. */
export function wrongField(pointer: string, detail: string): Rejection {
  return new Rejection("validation_failed", `${pointer.slice(1)} ${detail}.`, {
    errors: [{ in: "body", pointer, detail }],
  });
}
