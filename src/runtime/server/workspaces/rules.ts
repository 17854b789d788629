import { isText } from '../input'

/** Limits of the host's routes (contract §4.2). */
export const MAX_NAME_LENGTH = 100
export const MAX_DESCRIPTION_LENGTH = 1000
const MAX_ID_LENGTH = 512
const MAX_PROFILE_LENGTH = 320

/** What a first sign-in gets (contract §2.1.1). */
export const DEFAULT_WORKSPACE_NAME = 'My Workspace'

/** A fault of the input, as a sentence that names the field and the limit. */
export type Fault = string

export function checkIdentity(identity: { provider: unknown, providerUserId: unknown }): Fault | undefined {
  return checkId('provider', identity.provider) ?? checkId('providerUserId', identity.providerUserId)
}

export function checkId(field: string, value: unknown): Fault | undefined {
  return isText(value, MAX_ID_LENGTH) && value.trim() !== '' ? undefined : `${field} must be 1 to ${MAX_ID_LENGTH} characters of valid text`
}

export function checkWorkspace(input: { name: unknown, description?: unknown }): Fault | undefined {
  if (typeof input.name !== 'string' || input.name.trim() === '') return 'Workspace name is required'
  if (!isText(input.name, MAX_NAME_LENGTH)) return `Workspace name must be at most ${MAX_NAME_LENGTH} characters of valid text`
  const { description } = input
  if (description === undefined || description === null || description === '') return undefined
  return isText(description, MAX_DESCRIPTION_LENGTH) ? undefined : `Description must be at most ${MAX_DESCRIPTION_LENGTH} characters of valid text`
}

/** How an e-mail address is stored and looked up (trap A7). Unusable input counts as none: it must not stop a sign-in. */
export function normalizeEmail(email: unknown): string | null {
  return isText(email, MAX_PROFILE_LENGTH) ? email.trim().toLowerCase() || null : null
}

export function normalizeDisplayName(name: unknown): string | null {
  return isText(name, MAX_PROFILE_LENGTH) ? name.trim() || null : null
}
