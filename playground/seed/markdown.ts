import type { Conversation, ConversationMessage } from './conversation'
import { stableId, TranscriptError } from './conversation'

const SPEAKERS: Record<string, ConversationMessage['role']> = {
  user: 'user', you: 'user', human: 'user', me: 'user', assistant: 'assistant', chatgpt: 'assistant', ai: 'assistant', bot: 'assistant', system: 'system',
}
const NAMES = Object.keys(SPEAKERS).join('|')
/** `## User`, or `**User:** text`, or `User: text`. */
const HEADING = new RegExp(`^#{2,6} +(${NAMES}) *:?$`, 'i')
const LABEL = new RegExp(`^(?:\\*\\*)?(${NAMES})(?:\\*\\*)?:(?:\\*\\*)?(.*)$`, 'i')
const FENCE = /^\s*(?:```|~~~)/
const MINUTE_MS = 60_000
const DEFAULT_DATE = '2026-01-01T09:00:00Z'

/**
 * Reads a transcript in Markdown: an optional `# Title`, an optional `Date: …` line, then what each
 * speaker says below a heading or behind a label. A conversation without a date gets a fixed one, so that
 * reading it again gives the same ops.
 */
export function readMarkdown(text: string, fallbackTitle: string): Conversation[] {
  let title = fallbackTitle
  let date = Date.parse(DEFAULT_DATE)
  let fenced = false
  const turns: { role: ConversationMessage['role'], lines: string[] }[] = []

  for (const line of text.split(/\r?\n/)) {
    const turn = turns.at(-1)
    if (FENCE.test(line)) fenced = !fenced
    const spoken = fenced ? undefined : HEADING.exec(line.trimEnd()) ?? LABEL.exec(line)
    if (spoken?.[1]) turns.push({ role: SPEAKERS[spoken[1].toLowerCase()] ?? 'user', lines: spoken[2] ? [spoken[2].trim()] : [] })
    else if (turn) turn.lines.push(line)
    else if (line.startsWith('# ')) title = line.slice(2).trim()
    else if (/^date:/i.test(line)) date = Date.parse(line.slice(5).trim()) || date
  }

  const messages = turns
    .map(turn => ({ role: turn.role, content: turn.lines.join('\n').trim() }))
    .filter(turn => turn.content !== '')
    .map((turn, index) => ({ ...turn, key: String(index), sentAt: date + index * MINUTE_MS }))
  if (messages.length === 0) throw new TranscriptError('No speaker was found: start each turn with “## User” or “## Assistant”')
  return [{ key: stableId('markdown', title, text), title, messages }]
}
