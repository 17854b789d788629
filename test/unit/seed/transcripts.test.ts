import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readChatGptExport } from '../../../playground/seed/chatgpt'
import { toOps } from '../../../playground/seed/conversation'
import { readMarkdown } from '../../../playground/seed/markdown'
import { PAYLOAD_SCHEMAS, pendingOpSchema } from '../../../playground/shared/sync/schemas'

const exported = readFileSync('playground/seed/transcripts/conversations.json', 'utf8')
const markdown = readFileSync('playground/seed/transcripts/sourdough.md', 'utf8')

describe('transcripts', () => {
  it('of ChatGPT: the branch shown last, without what nobody saw', () => {
    const [lisbon, sql] = readChatGptExport(exported)
    expect(lisbon?.title).toBe('A week in Lisbon with a pram')
    expect(lisbon?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user', 'assistant', 'user'])
    expect(lisbon?.messages.map(({ content }) => content).join()).not.toContain('Is tram 28 worth it?')
    expect(lisbon?.messages[4]?.content).toContain('[attachment]')
    expect(sql?.messages).toHaveLength(5)
  })

  it('in Markdown: headings and labels, code left alone', () => {
    const [sourdough] = readMarkdown(markdown, 'file')
    expect(sourdough?.title).toBe('Why did my sourdough go flat?')
    expect(sourdough?.messages).toHaveLength(7)
    expect(sourdough?.messages[0]?.sentAt).toBe(Date.UTC(2026, 4, 16, 7, 40))
    const [labels] = readMarkdown('**User:** one\nmore\n```\nUser: not a turn\n```\nAssistant: two', 'notes')
    expect(labels).toMatchObject({ title: 'notes', messages: [{ role: 'user', content: 'one\nmore\n```\nUser: not a turn\n```' }, { role: 'assistant', content: 'two' }] })
  })

  it.each([['{', 'This is no JSON'], ['{"a":1}', 'This is no ChatGPT export'], ['[{"mapping":{"a":{"message":{"id":1}}}}]', 'This is no ChatGPT export']])('names what is wrong with %s', (text, message) => {
    expect(() => readChatGptExport(text)).toThrow(message)
  })

  it('needs a speaker in Markdown', () => expect(() => readMarkdown('just text', 'x')).toThrow('No speaker was found'))

  it('become the same valid ops each time, others in another workspace', () => {
    const conversations = [...readChatGptExport(exported), ...readMarkdown(markdown, 'x')]
    const ops = conversations.flatMap(conversation => toOps(conversation, 'ws'))
    expect(ops).toHaveLength(22)
    for (const op of ops) {
      expect(pendingOpSchema.safeParse(op).error).toBeUndefined()
      expect(PAYLOAD_SCHEMAS[op.tableName as 'messages'].safeParse(op.payload).error).toBeUndefined()
    }
    expect(conversations.flatMap(conversation => toOps(conversation, 'ws'))).toEqual(ops)
    expect(new Set([...ops, ...conversations.flatMap(conversation => toOps(conversation, 'ws-2'))].map(op => op.stamp.opId)).size).toBe(44)
  })
})
