import type { H3Event } from 'h3'
import { createError, getRequestHeader, setResponseHeader } from 'h3'
import type * as z from 'zod'
import { useRuntimeConfig } from '#imports'

/** 404 as if the route did not exist, while cloud features are off. */
export function requireCloud(options: { sync: boolean }): void {
  const { auth, sync } = useRuntimeConfig()
  if (!auth.enabled || (options.sync && !sync.enabled)) throw createError({ statusCode: 404, statusMessage: 'Not Found' })
}

/** Whether the playground plays the host of February 2026. */
export function isFebruaryHost(): boolean {
  return useRuntimeConfig().hostAge === 'F'
}

/** A body of at most `maxBytes` as JSON. Throws 413, and 400 with `invalid` for what is no JSON. */
export async function readJson(event: H3Event, maxBytes: number, invalid: string): Promise<unknown> {
  const text = await readText(event, maxBytes)
  try {
    return JSON.parse(text)
  }
  catch {
    throw createError({ statusCode: 400, statusMessage: invalid })
  }
}

/** Throws 400 with `invalid` and the fields that are wrong. */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown, invalid: string): z.infer<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.slice(0, 5).map(issue => `${issue.path.join('.') || 'body'}: ${issue.message}`)
  throw createError({ statusCode: 400, statusMessage: invalid, message: `${invalid}: ${fields.join('; ')}` })
}

/** Stops listening at the limit but leaves the connection open, so that the answer can still be sent on it. */
function readText(event: H3Event, maxBytes: number): Promise<string> {
  if (Number(getRequestHeader(event, 'content-length') ?? 0) > maxBytes) throw tooLarge(event)
  const { req } = event.node
  return new Promise((settle, fail) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      else fail(tooLarge(event))
    })
    req.on('end', () => settle(Buffer.concat(chunks).toString('utf8')))
    req.on('error', () => fail(createError({ statusCode: 400, statusMessage: 'The request ended early' })))
  })
}

function tooLarge(event: H3Event): Error {
  // The rest of the body is thrown away, so the connection is not used again.
  if (!event.node.res.headersSent) setResponseHeader(event, 'Connection', 'close')
  return createError({ statusCode: 413, statusMessage: 'Request body too large' })
}
