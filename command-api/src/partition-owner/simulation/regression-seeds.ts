/**
 * Runs that failed once. A seed means the same run only as long as the simulation draws its chances in the same order,
 * so each finding has a spec of its own as well.
 */
export const regressionSeeds: readonly { readonly seed: number; readonly found: string }[] = [
  { seed: 37, found: "an event in doubt left the tail during a second election, and its command was decided again" },
  { seed: 1162, found: "the same, and the original was answered as changing nothing" },
  {
    seed: 95319169,
    found:
      "a log was cut in front of a reign that went on, and began a new one there: to the old one's readers that was a fenced one",
  },
];
