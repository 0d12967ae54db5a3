/** Where the page is among its entries of the browser's history. Each entry has its number, so that it is known which way somebody went. */
export class Places {
  private at: number;

  constructor() {
    this.at = numberOfEntry() ?? 0;
    this.mark();
  }

  /** To be called at each `hashchange`. @returns by how many entries the browser went; back, where it is negative */
  arrive(): number {
    // An entry without a number is a new one.
    const to = numberOfEntry() ?? this.at + 1;
    const steps = to - this.at;
    this.at = to;
    this.mark();
    return steps;
  }

  /** Goes there, and leaves all entries as they are. */
  async go(steps: number): Promise<void> {
    // Zero would load the page again.
    if (steps === 0) return;
    const arrived = new Promise((resolve) => {
      addEventListener('hashchange', resolve, { once: true });
    });
    history.go(steps);
    await arrived;
  }

  private mark(): void {
    history.replaceState({ place: this.at }, '');
  }
}

function numberOfEntry(): number | undefined {
  const { place } = (history.state ?? {}) as { place?: unknown };
  return typeof place === 'number' ? place : undefined;
}
