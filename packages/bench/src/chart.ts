import type { Verdict } from "./goals.ts";

/** One bar of a chart; those of a group stand together and share a scale. */
export interface Bar {
  readonly group: string;
  readonly name: string;
  /** Seconds: shorter is better. */
  readonly value: number;
  readonly ours: boolean;
}

/** Horizontal bars as SVG, readable on light and dark pages: the goals, and below them the wall time of each job. */
export function chart(verdicts: readonly Verdict[], bars: readonly Bar[]): string {
  const parts: string[] = [];
  let top = goalBars(parts, verdicts, 8);
  const groups = new Map<string, Bar[]>();
  for (const bar of bars) groups.set(bar.group, [...(groups.get(bar.group) ?? []), bar]);
  for (const [group, members] of groups) {
    parts.push(heading(group, top));
    top += ROW;
    const longest = Math.max(...members.map(({ value }) => value));
    for (const { name, value, ours } of members) {
      const width = Math.max(1, (value / longest) * BAR_WIDTH);
      parts.push(row(name, width, `${value.toFixed(3)} s`, ours ? OURS : OTHERS, top));
      top += ROW;
    }
    top += ROW / 2;
  }
  const width = LEFT + BAR_WIDTH + 90;
  const style = "text{font:12px system-ui,sans-serif;fill:#64748b}.group{font-weight:bold}";
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"><style>${style}</style>\n${parts.join("\n")}\n</svg>\n`;
}

/** Pixels. */
const ROW = 20;
const LEFT = 440;
const BAR_WIDTH = 400;

const OURS = "#2563eb";
const OTHERS = "#94a3b8";
const BEHIND = "#dc2626";

/** Beyond three times a goal, how far does not matter. */
const LONGEST_SHARE = 3;

/** How far each goal is reached: to the line, and beyond it. Gives where the next part begins. */
function goalBars(parts: string[], verdicts: readonly Verdict[], start: number): number {
  if (verdicts.length === 0) return start;
  let top = start;
  parts.push(heading("Goals: reached where a bar goes to the line or beyond it", top));
  top += ROW;
  const line = LEFT + BAR_WIDTH / LONGEST_SHARE;
  const first = top;
  for (const { job, what, bound, limit, figure, reached } of verdicts) {
    const share = Math.min(
      LONGEST_SHARE,
      bound === "at least" ? figure / limit : limit / Math.max(figure, limit / 10),
    );
    const width = Math.max(1, (share / LONGEST_SHARE) * BAR_WIDTH);
    parts.push(row(`${job}: ${what}`, width, reached ? "" : "behind", reached ? OURS : BEHIND, top));
    top += ROW;
  }
  parts.push(`<path d="M${line.toFixed(1)} ${first}V${top}" stroke="#64748b"/>`);
  return top + ROW / 2;
}

function heading(text: string, top: number): string {
  return `<text x="8" y="${top + 14}" class="group">${escapeXml(text)}</text>`;
}

function row(name: string, width: number, figure: string, colour: string, top: number): string {
  const label = `<text x="8" y="${top + 13}">${escapeXml(shortened(name))}</text>`;
  const bar = `<rect x="${LEFT}" y="${top + 2}" width="${width.toFixed(1)}" height="14" rx="2" fill="${colour}"/>`;
  const value = `<text x="${(LEFT + width + 6).toFixed(1)}" y="${top + 13}">${escapeXml(figure)}</text>`;
  return label + bar + (figure === "" ? "" : value);
}

/** What fits to the left of the bars. */
const LABEL_CHARACTERS = 70;

function shortened(text: string): string {
  return text.length > LABEL_CHARACTERS ? `${text.slice(0, LABEL_CHARACTERS - 1)}…` : text;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
