const UNITS = ["kilobyte", "megabyte", "gigabyte"] as const;

/** How large a file is, as people say it. */
export function formatSize(bytes: number, language: string): string {
  if (bytes < 1_000) return inUnits(bytes, language, "byte", "long");
  let size = bytes / 1_000;
  let unit: (typeof UNITS)[number] = "kilobyte";
  for (const larger of UNITS.slice(1)) {
    if (size < 1_000) break;
    size /= 1_000;
    unit = larger;
  }
  return inUnits(size, language, unit, "short");
}

function inUnits(size: number, language: string, unit: string, unitDisplay: "long" | "short"): string {
  const maximumFractionDigits = size < 10 ? 1 : 0;
  return size.toLocaleString(language, { style: "unit", unit, unitDisplay, maximumFractionDigits });
}
