import { isMet, isMetUnscaled, type Line } from "./experiment.ts";

const headings = ["work", "unit", "floor", "ours", "ratio", "required", "verdict"] as const;

/** The table in Markdown, with columns that a terminal aligns too. */
export function formatTable(lines: readonly Line[], judged: boolean): string {
  const rows = [headings, headings.map(() => "---"), ...lines.map((line) => cellsOf(line, judged))];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, cell === "---" ? "-" : " ")).join(" | ")} |`,
    )
    .join("\n");
}

function cellsOf(line: Line, judged: boolean): string[] {
  const { work, unit, floor, ours, required, note } = line;
  const bound = !Number.isFinite(required.value)
    ? ""
    : `${required.at === "least" ? "≥" : "≤"} ${formatNumber(required.value)}`;
  return [
    work,
    unit,
    floor === null ? "" : formatNumber(floor),
    formatNumber(ours),
    floor === null ? "" : formatNumber(ours / floor),
    note === undefined ? bound : `${bound} (${note})`,
    judged ? verdict(line) : "not judged",
  ];
}

function verdict(line: Line): string {
  if (line.required.value === Number.POSITIVE_INFINITY) return "to be seen";
  if (isMet(line)) return "met";
  return isMetUnscaled(line) ? "met unscaled" : "MISSED";
}

/** Of what is there in whole: 32, 1,000. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}
