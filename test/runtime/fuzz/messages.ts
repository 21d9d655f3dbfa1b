import fc from "fast-check";
import { copyable, hostile, space } from "../../helpers/arbitraries.js";
import type { Message } from "../../helpers/runtime.js";

export const SHAPES: Record<string, (msg: Message) => Message> = {
  plain: (msg) => msg,
  frozen: (msg) => Object.freeze({ _msgid: "1", ...msg }),
  sealed: (msg) => Object.seal({ _msgid: "1", ...msg }),
  proxy: (msg) => new Proxy(msg, {}),
  "an instance": (msg) => Object.assign(Object.create({ inherited: true }) as Message, msg),
};

/** The parts that a message is made of anew in each run, for a node changes it. */
interface Recipe {
  shape: string;
  parts: Message;
  /** Something in it throws when it is read, so that Node-RED cannot copy it. */
  isHostile: boolean;
}

export function recipes(ids: string[]): fc.Arbitrary<Recipe> {
  const id = fc
    .tuple(
      space,
      fc.constantFrom(...ids).chain((each) => fc.mixedCase(fc.constant(each))),
      space,
    )
    .map((parts) => parts.join(""));
  const one = fc.oneof(id, fc.record({ id, description: fc.string() }, { noNullPrototype: true }));
  const payload = fc.oneof(
    { weight: 3, arbitrary: one },
    { weight: 3, arbitrary: fc.array(one, { maxLength: 6 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof({ weight: 6, arbitrary: one }, copyable), { maxLength: 4 }) },
    { weight: 3, arbitrary: copyable },
  );
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
  const parts = fc.record(
    {
      payload,
      dryRun: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, fc.boolean(), copyable),
      parts: optional(copyable),
      token: optional(fc.record({ id })),
      topic: optional(copyable),
    },
    { noNullPrototype: true },
  );
  const shape = fc.oneof(
    { weight: 5, arbitrary: fc.constant("plain") },
    fc.constantFrom(...Object.keys(SHAPES)),
  );
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({ shape, parts, isHostile: fc.constant(false) }, { noNullPrototype: true }),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(parts, fc.constantFrom("payload", "dryRun", "parts", "topic"), hostile)
        .map(([rest, name, value]) => ({
          shape: "plain",
          parts: { ...rest, [name]: value },
          isHostile: true,
        })),
    },
  );
}
