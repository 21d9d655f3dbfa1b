/** The mark in a help text for a passage that it shares with others, by the name of its file. */
const INCLUDE = /<!-- include ([\w-]+) -->/g;

/**
 * Puts the passages into the help of each node, so that each of them is written once.
 *
 * @param passages by the names of their files.
 * @throws {Error} that names every missing passage, and every one that no help uses.
 */
export function compileHelp(
  helps: ReadonlyMap<string, string>,
  passages: ReadonlyMap<string, string>,
): Map<string, string> {
  const unused = new Set(passages.keys());
  const problems: string[] = [];
  const compiled = new Map<string, string>();
  for (const [node, help] of helps) {
    const whole = help.replace(INCLUDE, (mark, name: string) => {
      unused.delete(name);
      const passage = passages.get(name)?.trim();
      if (passage === undefined) problems.push(`${node}: the passage "${name}" is missing`);
      return passage ?? mark;
    });
    compiled.set(node, whole);
  }
  for (const name of unused) problems.push(`the passage "${name}" is not used`);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return compiled;
}
