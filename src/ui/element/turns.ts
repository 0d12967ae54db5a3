/** Lets no answer take the place of one that was asked for later. */
export class Turns {
  private begun = 0;
  private taken = 0;

  /** @returns what says, once there is the answer, whether it is still wanted */
  begin(): () => boolean {
    const turn = ++this.begun;
    return () => {
      if (turn < this.taken) return false;
      this.taken = turn;
      return true;
    };
  }

  /** Lets no answer be taken that was asked for until now. */
  outdate(): void {
    this.begin()();
  }
}
