import type { Row } from './measure'

/** Rows whose ratio is a share of their floor: the longer the bar, the better. */
const SHARES = /^(?:push|pull|bootstrap|http-push|durability)\//
const BAR = 22
const WIDTH = 640
const LABEL = 150
const FULL = WIDTH - LABEL - 70

/** The shares as bars, with a line where the floor is. */
export function chart(rows: readonly Row[]): string {
  const shown = rows.filter(({ id }) => SHARES.test(id))
  const height = shown.length * BAR + 40
  const bars = shown.map(({ id, ratio }, index) => {
    const y = 30 + index * BAR
    return `  <text x="${LABEL - 8}" y="${y + 13}" text-anchor="end">${id}</text>
  <rect x="${LABEL}" y="${y + 2}" width="${Math.round(Math.min(ratio, 1.1) * FULL)}" height="${BAR - 7}" rx="3" fill="#0f766e"/>
  <text x="${LABEL + Math.round(Math.min(ratio, 1.1) * FULL) + 6}" y="${y + 13}">${ratio.toFixed(2)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#44544f">
  <text x="${LABEL}" y="16">share of what SQLite (or the bare route, or NORMAL) does alone</text>
${bars.join('\n')}
  <line x1="${LABEL + FULL}" y1="24" x2="${LABEL + FULL}" y2="${height - 8}" stroke="#b42318" stroke-dasharray="3 3"/>
</svg>
`
}
