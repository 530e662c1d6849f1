import { usePicture } from "./downloads.ts";
import { colourOf, initialsOf } from "./names.ts";

export interface AvatarProps {
  readonly id: string;
  readonly name: string;
  readonly picture: string | null;
  readonly kind?: "" | "small" | "large";
  readonly isOnline?: boolean;
}

/** Somebody's picture, or his initials. The name stands beside it, so nobody has to hear of it. */
export function Avatar({ id, name, picture, kind = "", isOnline = false }: AvatarProps) {
  const address = usePicture(picture);
  return (
    <span class={`avatar ${kind} ${colourOf(id)} ${isOnline ? "is-online" : ""}`} aria-hidden="true">
      {address === null ? initialsOf(name) : <img src={address} alt="" />}
    </span>
  );
}
