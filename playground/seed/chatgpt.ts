import * as z from 'zod'
import type { Conversation, ConversationMessage } from './conversation'
import { TranscriptError } from './conversation'

const ROLES = ['user', 'assistant', 'system', 'tool'] as const

const nodeSchema = z.looseObject({
  parent: z.string().nullish(),
  message: z.looseObject({
    id: z.string(),
    author: z.looseObject({ role: z.string() }),
    create_time: z.number().nullish(),
    content: z.looseObject({ content_type: z.string(), parts: z.array(z.unknown()).optional(), text: z.string().optional() }),
  }).nullish(),
})

const exportSchema = z.array(z.looseObject({
  id: z.string().optional(),
  conversation_id: z.string().optional(),
  title: z.string().nullish(),
  create_time: z.number().nullish(),
  current_node: z.string().nullish(),
  mapping: z.record(z.string(), nodeSchema),
}))

type ExportedConversation = z.infer<typeof exportSchema>[number]

/** Reads a `conversations.json` as ChatGPT exports it. Of a conversation with branches, the one shown last. */
export function readChatGptExport(text: string): Conversation[] {
  const parsed = exportSchema.safeParse(parseJson(text))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new TranscriptError(`This is no ChatGPT export: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`)
  }
  return parsed.data.map(toConversation).filter(conversation => conversation.messages.length > 0)
}

function toConversation(exported: ExportedConversation, index: number): Conversation {
  const started = (exported.create_time ?? 0) * 1000
  return {
    key: exported.conversation_id ?? exported.id ?? `${index}:${exported.title}`,
    title: exported.title?.trim() || 'Untitled conversation',
    messages: currentBranch(exported).flatMap((node, position) => toMessage(node, started + position)),
  }
}

/** From the node shown last up to the root, then in the order of reading. */
function currentBranch({ mapping, current_node }: ExportedConversation): z.infer<typeof nodeSchema>[] {
  const parents = new Set(Object.values(mapping).map(node => node.parent))
  let id: string | null | undefined = current_node ?? Object.keys(mapping).findLast(key => !parents.has(key))
  const branch = []
  const seen = new Set<string>()
  while (id && mapping[id] && !seen.has(id)) {
    seen.add(id)
    branch.push(mapping[id])
    id = mapping[id]?.parent
  }
  return branch.filter(node => node !== undefined).reverse()
}

function toMessage({ message }: z.infer<typeof nodeSchema>, fallbackMs: number): ConversationMessage[] {
  if (!message) return []
  const role = ROLES.find(known => known === message.author.role)
  const content = contentOf(message.content).trim()
  // An export is full of empty system nodes that nobody has seen.
  if (!role || content === '') return []
  return [{ key: message.id, role, content, sentAt: message.create_time ? Math.round(message.create_time * 1000) : fallbackMs }]
}

function contentOf({ parts, text }: { parts?: unknown[] | undefined, text?: string | undefined }): string {
  if (!parts) return text ?? ''
  return parts.map(part => typeof part === 'string' ? part : '[attachment]').join('\n\n')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  }
  catch {
    throw new TranscriptError('This is no JSON')
  }
}
