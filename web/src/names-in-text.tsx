import { Fragment } from "preact";

/** Names inside other words. However each is written, it turns round nothing that stands beside it. */
export function NamesInText({ names }: { readonly names: readonly string[] }) {
  return (
    <span class="names">
      {names.map((name, index) => (
        <Fragment key={index}>
          {index > 0 && ", "}
          <bdi>{name}</bdi>
        </Fragment>
      ))}
    </span>
  );
}
