/** A script of `resources/` that is loaded when it is first needed. */
export interface OnDemand<Exports> {
  /** What it exports, once it is there. */
  readonly loaded: Exports | undefined;
  /** @throws {Error} if it cannot be loaded; the next call tries again. */
  load(): Promise<Exports>;
}

/** @param file its name, beside that of the script that asks for it. */
export function onDemand<Exports>(file: string): OnDemand<Exports> {
  let loaded: Exports | undefined;
  let failures = 0;
  return {
    get loaded() {
      return loaded;
    },
    async load() {
      // A browser remembers that an address has failed, and does not ask again. What is asked for twice is one script.
      const address = failures === 0 ? `./${file}` : `./${file}?${failures}`;
      try {
        return (loaded = (await import(address)) as Exports);
      } catch (error) {
        failures++;
        throw error;
      }
    },
  };
}
