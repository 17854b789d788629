import { createConfigForNuxt } from '@nuxt/eslint-config/flat'

export default createConfigForNuxt({
  features: { tooling: true, stylistic: true },
  dirs: { src: ['./playground/app'] },
})
  .append({ ignores: ['**/dist', '**/.nuxt', '**/.output', 'src/runtime/server/database/migrations.generated.ts'] })
