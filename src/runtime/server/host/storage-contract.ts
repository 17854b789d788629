/** What storage providers ask of the sync gateway (contract §2.2.8 and §2.2.9). Times are seconds. */
import type { HostEvent, SyncScope } from './contract'

export interface UploadIntentReservationRequest {
  intentId: string
  workspaceId: string
  hash: string
  mimeType: string
  sizeBytes: number
  expiresAt: number
  workspaceQuotaBytes?: number
}

export interface UploadIntentConsumptionRequest {
  intentId: string
  workspaceId: string
  hash: string
  mimeType: string
  sizeBytes: number
  storageId: string
}

export type CanonicalKind = 'live_metadata' | 'reference_edges' | 'active_reservations'

export interface CanonicalStorageQueryRequest {
  scope: SyncScope
  kind: CanonicalKind
  cursor?: string
  limit?: number
  hash?: string
  now?: number
}

export interface MetadataItem {
  kind: 'metadata'
  hash: string
  sizeBytes: number
  storageId?: string
  updatedAt: number
  mimeType?: string
  name?: string
  fileKind?: string
}

export interface ReferenceItem {
  kind: 'reference'
  hash: string
  sourceTable: 'messages' | 'posts'
  sourceId: string
}

export interface ReservationItem {
  kind: 'reservation'
  reservationId: string
  hash: string
  sizeBytes: number
  expiresAt: number
}

export type CanonicalStorageItem = MetadataItem | ReferenceItem | ReservationItem

export interface CanonicalStorageQueryResponse {
  items: CanonicalStorageItem[]
  hasMore: boolean
  nextCursor?: string
}

export interface StorageMethods {
  reserveUploadIntent(event: HostEvent, request: UploadIntentReservationRequest): Promise<void>
  consumeUploadIntent(event: HostEvent, request: UploadIntentConsumptionRequest): Promise<void>
  cancelUploadIntent(event: HostEvent, request: { workspaceId: string, intentId: string }): Promise<void>
  queryCanonicalStorage(event: HostEvent, request: CanonicalStorageQueryRequest): Promise<CanonicalStorageQueryResponse>
}
