import { createConfigForNuxt } from '@nuxt/eslint-config/flat'

export default createConfigForNuxt({
  features: { tooling: true, stylistic: true },
  dirs: { src: ['./playground/app'] },
})
  .append({ ignores: ['**/dist', '**/.nuxt', '**/.output', 'artifacts', 'src/runtime/server/database/migrations.generated.ts'] })
  .append({ files: ['**/*.ts', '**/*.vue'], rules: { '@typescript-eslint/no-non-null-assertion': 'error' } })
  // Playwright's innerText() is what a person sees; the rule means the DOM's property.
  .append({ files: ['test/host/**'], rules: { 'unicorn/prefer-dom-node-text-content': 'off' } })
