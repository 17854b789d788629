import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createError } from 'h3'
import * as z from 'zod'
import { useRuntimeConfig } from '#imports'

const contentSchema = z.object({ workspaceId: z.string().min(1), email: z.string().min(3), exp: z.int().positive() })
export type InviteContent = z.infer<typeof contentSchema>

/** The host's form (contract §2.1.2): the content in base64url, a dot, its HMAC-SHA256. */
export function signInvite(content: InviteContent): string {
  const text = Buffer.from(JSON.stringify(content)).toString('base64url')
  return `${text}.${hmac(text)}`
}

/** The content of a token that we signed and that is not over; null otherwise. `now`: seconds. */
export function readInvite(token: unknown, now: number): InviteContent | null {
  const [text, signature] = typeof token === 'string' ? token.split('.') : []
  if (!text || !signature || !isSame(signature, hmac(text))) return null
  const content = contentSchema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  return content.success && content.data.exp > now ? content.data : null
}

/** What stores get to see of a token. */
export function hashInvite(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function hmac(text: string): string {
  const { tokenSecret } = useRuntimeConfig().auth.invite
  if (!tokenSecret) throw createError({ statusCode: 503, statusMessage: 'Invite token secret not configured' })
  return createHmac('sha256', tokenSecret).update(text).digest('base64url')
}

function isSame(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right))
}
