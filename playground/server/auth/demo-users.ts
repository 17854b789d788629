import type { H3Event } from 'h3'
import { getCookie, setCookie } from 'h3'

/**
 * NOT FOR PRODUCTION. The playground's sign-in: whoever names one of these is that person, without a
 * password, and the cookie is not signed. It is part of the playground only, never of the package.
 */
export const DEMO_USERS = [
  { id: 'ada', name: 'Ada' },
  { id: 'grace', name: 'Grace' },
  { id: 'linus', name: 'Linus' },
] as const

export type DemoUser = typeof DEMO_USERS[number]

export function emailOf(user: DemoUser): string {
  return `${user.id}@example.test`
}

const COOKIE = 'or3_demo_user'

export function findDemoUser(id: unknown): DemoUser | undefined {
  return DEMO_USERS.find(user => user.id === id)
}

export function demoUserOf(event: H3Event): DemoUser | undefined {
  return findDemoUser(getCookie(event, COOKIE))
}

export function signInAs(event: H3Event, user: DemoUser): void {
  setCookie(event, COOKIE, user.id, { httpOnly: true, sameSite: 'lax', path: '/' })
}
