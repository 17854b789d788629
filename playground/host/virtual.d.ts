declare module '#playground/root' {
  /** Where the playground was built. */
  export const playgroundRoot: string
}
