import { usePicture } from "./downloads.ts";
import { colourOf, initialsOf } from "./names.ts";

export interface AvatarProps {
  readonly id: string;
  readonly name: string;
  readonly picture: string | null;
  readonly kind?: "" | "small" | "large";
  readonly isOnline?: boolean;
}

/**
 * Somebody's picture, or his initials. The name stands beside it, so nobody has to hear of it. Initials are drawn by the style
 * sheet, as a picture is: as text they would be a label, by which whoever speaks to his browser could not press a button.
 */
export function Avatar({ id, name, picture, kind = "", isOnline = false }: AvatarProps) {
  const address = usePicture(picture);
  return (
    <span
      class={`avatar ${kind} ${colourOf(id)} ${isOnline ? "is-online" : ""}`}
      data-initials={initialsOf(name)}
      aria-hidden="true"
    >
      {address !== null && <img src={address} alt="" />}
    </span>
  );
}
