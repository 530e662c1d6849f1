import { partsOfText } from "./addresses.ts";
import { useReach } from "./roving.ts";

/** What somebody said, whose addresses can be followed. They read from left to right in whatever is said around them. */
export function TextWithLinks({ text }: { readonly text: string }) {
  const reach = useReach();
  return (
    <>
      {partsOfText(text).map((part, index) =>
        part.isAddress ? (
          <a key={index} href={part.text} target="_blank" rel="noopener noreferrer nofollow" dir="ltr" tabIndex={reach}>
            {part.text}
          </a>
        ) : (
          part.text
        ),
      )}
    </>
  );
}
