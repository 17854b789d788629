import { createError, defineEventHandler, getHeader } from 'h3'
import { openedProvider } from './opened'

/** The tab's button. The header keeps other pages in the browser from pressing it. */
export default defineEventHandler(async (event) => {
  const provider = openedProvider()
  if (getHeader(event, 'x-or3-devtools') !== '1') throw createError({ statusCode: 403, statusMessage: 'Forbidden' })
  return { entries: await provider.collect() ?? null }
})
