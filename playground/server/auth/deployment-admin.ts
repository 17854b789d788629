interface DeploymentAdminChecker {
  checkDeploymentAdmin(providerUserId: string, provider: string): Promise<boolean>
}

const checkers = new Map<string, () => DeploymentAdminChecker>()

export function registerDeploymentAdminChecker(id: string, create: () => DeploymentAdminChecker): void {
  checkers.set(id, create)
}

export async function isDeploymentAdmin(id: string, providerUserId: string, provider: string): Promise<boolean> {
  return await checkers.get(id)?.().checkDeploymentAdmin(providerUserId, provider) ?? false
}
