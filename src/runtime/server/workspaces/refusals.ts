import { refusal } from '../host/errors'
import type { Fault } from './rules'
import type { WorkspaceRefusal } from './workspaces'
import { WorkspaceRefusedError } from './workspaces'

/** The host's routes do not translate store errors, so they leave here with their status (trap A6). */
const REFUSALS: Record<WorkspaceRefusal, [status: 403 | 404 | 409, message: string]> = {
  'user-unknown': [404, 'User not found'],
  'workspace-removed': [404, 'Workspace not found'],
  'not-a-member': [403, 'Forbidden: not a member of this workspace'],
  'not-an-editor': [403, 'Forbidden: insufficient workspace role'],
  'not-an-owner': [403, 'Forbidden: only owner can remove workspace'],
  'invite-unknown': [404, 'Invite not found'],
  'invite-ended': [409, 'This invite was used or revoked; create another one'],
  'owner-unknown': [404, 'Owner user not found'],
  'member-unknown': [404, 'Workspace member not found'],
  'user-ambiguous': [409, 'Several users go by this name; use the user id'],
  'last-owner-demoted': [409, 'Cannot demote the last workspace owner. Transfer ownership first.'],
  'last-owner-removed': [409, 'Cannot remove the last workspace owner. Transfer ownership first.'],
}

/** Throws 400 with the fault, if there is one. */
export function demand(fault: Fault | undefined): void {
  if (fault !== undefined) throw refusal(400, fault)
}

/** A refusal of this room as the host answers it. */
export function translate(error: unknown): unknown {
  return error instanceof WorkspaceRefusedError ? refusal(...REFUSALS[error.refusal]) : error
}
