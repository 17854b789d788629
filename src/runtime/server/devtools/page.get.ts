import { defineEventHandler, setHeader } from 'h3'
import { openedProvider } from './opened'

/** The DevTools tab: a page without a build, because it is for development only. */
export default defineEventHandler((event) => {
  openedProvider()
  setHeader(event, 'content-type', 'text/html; charset=utf-8')
  return PAGE
})

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>OR3 SQLite</title>
<style>
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 15%, transparent); --dim: color-mix(in srgb, currentColor 60%, transparent) }
  body { font: 14px/1.5 system-ui, sans-serif; margin: 0; padding: 1rem 1.25rem }
  header { display: flex; align-items: center; gap: .75rem; flex-wrap: wrap }
  h1 { font-size: 1.05rem; margin: 0 }
  h2 { font-size: .9rem; margin: 1.25rem 0 .4rem }
  .badge { border-radius: 1rem; padding: .05rem .6rem; font-size: .8rem; background: var(--line) }
  .good { background: #16a34a; color: #fff } .bad { background: #dc2626; color: #fff } .lost { color: #d97706; font-weight: 600 }
  button { font: inherit; padding: .2rem .8rem; border: 1px solid var(--line); border-radius: .4rem; background: transparent; cursor: pointer; margin-left: auto }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); white-space: nowrap }
  th { color: var(--dim); font-weight: 500; font-size: .8rem }
  td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
  .scroll { overflow-x: auto }
  .dim { color: var(--dim) }
  code { font-size: .85em }
</style>
</head>
<body>
<header><h1>OR3 SQLite</h1><span id="health" class="badge">…</span><span id="size" class="dim"></span><button id="collect">Collect history</button></header>
<p id="said" class="dim" role="status"></p>
<h2>Workspaces</h2><div class="scroll"><table id="workspaces"></table></div>
<h2>Recent changes</h2><p class="dim">“lost”: another write of the row had a greater revision, and this one changed nothing.</p>
<div class="scroll"><table id="changes"></table></div>
<script type="module">
const BASE = location.pathname.replace(/\\/$/, '')
const $ = id => document.getElementById(id)
const cell = (text, number) => { const td = document.createElement('td'); td.textContent = text ?? '–'; if (number) td.className = 'n'; return td }
function fill(table, head, rows) {
  const top = document.createElement('tr')
  for (const [name, number] of head) { const th = document.createElement('th'); th.textContent = name; if (number) th.className = 'n'; top.append(th) }
  table.replaceChildren(top, ...rows)
}
const row = (...cells) => { const tr = document.createElement('tr'); tr.append(...cells); return tr }
async function show() {
  const { status, stats, changes } = await (await fetch(BASE + '/data')).json()
  const fault = status.warnings.find(warning => warning.level === 'error')
  $('health').textContent = fault ? fault.message : 'sound'
  $('health').className = 'badge ' + (fault ? 'bad' : 'good')
  if (!stats) return
  const kib = pages => Math.ceil(pages * stats.pageBytes / 1024).toLocaleString()
  $('size').textContent = kib(stats.pages) + ' KiB, ' + kib(stats.freePages) + ' KiB free, ' + stats.users + ' users'
  fill($('workspaces'), [['name'], ['version', 1], ['rows', 1], ['deleted', 1], ['log', 1], ['devices', 1], ['furthest behind']], stats.workspaces.map(each => row(
    cell(each.name ?? each.id), cell(each.version, 1), cell(each.rows, 1), cell(each.tombstones, 1), cell(each.entries, 1), cell(each.devices, 1),
    cell(each.slowest && each.slowest.behind > 0 ? each.slowest.deviceId.slice(0, 12) + ' by ' + each.slowest.behind : '–'))))
  fill($('changes'), [['version', 1], ['table'], ['key'], ['op'], ['clock', 1], ['device'], ['at'], ['']], changes.map(each => {
    const outcome = cell(each.outcome)
    if (each.outcome === 'lost') outcome.className = 'lost'
    return row(cell(each.version, 1), cell(each.table), cell(each.pk.slice(0, 36)), cell(each.op), cell(each.clock, 1), cell(each.deviceId.slice(0, 12)), cell(new Date(each.createdAt * 1000).toLocaleTimeString()), outcome)
  }))
}
$('collect').addEventListener('click', async () => {
  const response = await fetch(BASE + '/collect', { method: 'POST', headers: { 'x-or3-devtools': '1' } })
  const { entries } = await response.json()
  $('said').textContent = !response.ok ? 'It failed; the server log says why.' : entries === null ? 'Another process is at it.' : entries + ' log entries went.'
  await show()
})
const look = () => void show().catch(() => { $('health').textContent = 'no answer' })
look()
setInterval(look, 2000)
</script>
</body>
</html>
`
