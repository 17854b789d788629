/** A map of implementations by id; the last one registered under an id wins (contract §1.2). */
export class Registry<Item extends { id: string }> {
  readonly #items = new Map<string, Item>()

  register(item: Item): void {
    this.#items.set(item.id, item)
  }

  get(id: string | undefined): Item | null {
    return id === undefined ? null : this.#items.get(id) ?? null
  }

  ids(): string[] {
    return [...this.#items.keys()]
  }
}
