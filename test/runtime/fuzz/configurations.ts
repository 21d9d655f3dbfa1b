import fc from "fast-check";
import type { Message, Properties } from "../../helpers/runtime.js";
import { OWN_TOKEN } from "./server.js";

/** What a setting can put into the properties: what is right, with its meaning, and what is wrong. */
export interface Setting {
  right: [set: Properties, means: unknown][];
  wrong: Properties[];
}
export interface Config {
  set: Properties;
  isRight: boolean;
  means: Record<string, unknown>;
}
/** What a setting of a TypedInput gives for a message; undefined is wrong. */
export type From = (msg: Message) => unknown;
const setting = (right: Setting["right"], wrong: Setting["wrong"]): Setting => ({ right, wrong });

/** All settings right, or one of them wrong. */
export function configOf(settings: Record<string, Setting>): fc.Arbitrary<Config> {
  const all = Object.entries(settings);
  const right = fc.tuple(
    ...all.map(([name, each]) =>
      fc.constantFrom(...each.right).map(([set, means]) => ({ name, set, means })),
    ),
  );
  const wrong = fc
    .constantFrom(...all)
    .chain(([name, each]) => fc.constantFrom(...each.wrong).map((set) => ({ name, set })));
  return fc
    .tuple(right, fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: wrong }))
    .map(([chosen, flaw]) => ({
      set: Object.assign(
        {},
        ...chosen.map(({ name, set }) => (name === flaw?.name ? flaw.set : set)),
      ) as Properties,
      isRight: flaw === undefined,
      means: Object.fromEntries(chosen.map(({ name, means }) => [name, means])),
    }));
}
const values = (name: string, all: unknown[]) => all.map((value) => ({ [name]: value }));
export const flag = (name: string) =>
  setting(
    [
      [{}, false],
      [{ [name]: false }, false],
      [{ [name]: true }, true],
    ],
    values(name, ["true", 1, 0, null, {}, "${FUZZ_TWO}"]),
  );
export const oneOf = (name: string, preset: string, words: string[]) =>
  setting(
    [[{}, preset], ...words.map((word): [Properties, string] => [{ [name]: word }, word])],
    values(name, ["no", 7, null, "", ["x"]]),
  );
const typed = (name: string, value: unknown, type: unknown): Properties => ({
  [name]: value,
  [`${name}Type`]: type,
});

/** A setting of a TypedInput that is a text where it is right, and counts for nothing where it is left alone. */
export const optional = (name: string, none: string, ...texts: string[]) =>
  setting(
    [
      [{}, undefined],
      [typed(name, "", none), undefined],
      ...texts.map((text): [Properties, From] => [typed(name, text, "str"), () => text]),
      [typed(name, "payload", "msg"), ({ payload }: Message) => payload],
    ],
    [
      typed(name, "", "str"),
      typed(name, "${FUZZ_UNSET}", "str"),
      typed(name, "no.such.thing", "msg"),
      typed(name, "a[", "msg"),
      typed(name, "(", "jsonata"),
      typed(name, "x", "no"),
      typed(name, 7, "str"),
      { [name]: "x" },
    ],
  );

/** A setting of a TypedInput that must be a text. */
export const required = (name: string, ...texts: string[]) => {
  const { right, wrong } = optional(name, "", ...texts);
  return setting(right.slice(2), [{}, ...wrong]);
};

/** Settings that are as they are, so that a node has something to do; and what is wrong in their place. */
export const always = (set: Properties, wrong: Properties[]) => setting([[set, true]], wrong);

export const targets = (ids: string[], variable: string) =>
  setting(
    [
      [{}, ({ payload }: Message) => payload],
      [typed("targets", "payload", "msg"), ({ payload }: Message) => payload],
      [
        typed("targets", "token.id", "msg"),
        ({ token }: Message) => (token as { id: unknown } | undefined)?.id,
      ],
      [typed("targets", "payload", "jsonata"), ({ payload }: Message) => payload],
      [typed("targets", ids[0], "str"), () => ids[0]],
      [typed("targets", variable, "env"), () => ids[0]],
      [typed("targets", "nothing", "flow"), () => undefined],
    ],
    [
      { targets: "token.id" },
      { targets: ids[0] },
      { targetsType: "no" },
      typed("targets", "payload", 5),
      typed("targets", 5, "msg"),
      typed("targets", "payload[", "msg"),
      typed("targets", "${FUZZ_UNSET}", "str"),
    ],
  );

export const irreversible = (ids: string[], variable: string) => ({
  targets: targets(ids, variable),
  // Most often true, for otherwise nothing happens.
  confirmed: setting(
    [...flag("confirmed").right, ...Array<Setting["right"][0]>(6).fill([{ confirmed: true }, true])],
    flag("confirmed").wrong,
  ),
  dryRun: flag("dryRun"),
  limit: setting(
    [
      [{}, 100],
      [{ limit: "" }, Infinity],
      [{ limit: 3 }, 3],
      [{ limit: "${FUZZ_TWO}" }, 2],
    ],
    values("limit", ["many", 0, -1, "1.5", null, {}, "${FUZZ_UNSET}", "${FUZZ_EMPTY}"]),
  ),
  limitPer: oneOf("limitPer", "message", ["message", "day"]),
  notFound: oneOf("notFound", "error", ["error", "done"]),
  report: oneOf("report", "together", ["together", "each"]),
});
export const moments = (...names: string[]) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      setting(
        [
          [{}, undefined],
          [typed(name, "90d", "str"), "90d"],
          [typed(name, "2026-01-31", "str"), "2026-01-31"],
        ],
        [
          typed(name, "soon", "str"),
          typed(name, "3m", "str"),
          typed(name, "", "str"),
          typed(name, "no", "msg"),
          { [name]: "90d" },
        ],
      ),
    ]),
  );
/** Of a list node, which is asked for with a filter or without one. */
export const everyToken = setting(
  [
    [{}, true],
    [{ everyToken: true }, true],
    [{ everyToken: false }, false],
  ],
  flag("everyToken").wrong,
);
export const result = oneOf("result", "all", ["all", "first", "each"]);

/** Which connection a node names. */
export const reference = setting([[{}, true]], values("connection", ["no", "out0", undefined, null, 7]));

/** The settings that all connections have. */
export const connection = (
  products: { right: Properties; wrong: Properties[] },
  ids: string[],
  variable: string,
) => ({
  products: setting([[products.right, true]], [...products.wrong, {}, { product: "no" }, { product: 5 }]),
  url: setting(
    [
      [{ url: "${FUZZ_URL}" }, true],
      [{ url: "${FUZZ_URL_IN_SPACE}" }, true],
    ],
    values("url", [
      "no",
      "ftp://127.0.0.1",
      "http://me:secret@127.0.0.1",
      "http://127.0.0.1/?a",
      7,
      null,
      "${FUZZ_UNSET}",
      "${FUZZ_EMPTY}",
    ]),
  ),
  numbers: setting(
    [
      [{}, true],
      [{ timeout: 5, retries: 0, parallel: 1 }, true],
      [{ timeout: "${FUZZ_TWO}", retries: "1", parallel: "64" }, true],
      [{ parallel: "auto" }, true],
    ],
    [
      { timeout: 0 },
      { timeout: "x" },
      { retries: -1 },
      { retries: 1.5 },
      { parallel: 0 },
      { parallel: "65" },
      { parallel: "Auto" },
      { parallel: [] },
      { timeout: "${FUZZ_EMPTY}" },
    ],
  ),
  protectedIds: setting(
    [
      [{}, []],
      [{ protectedIds: "" }, []],
      [{ protectedIds: `${ids[1]!.toUpperCase()}, ${ids[2]}\n` }, [ids[1], ids[2]]],
      [{ protectedIds: `\${${variable}}` }, [ids[0]]],
    ],
    values("protectedIds", ["no", 7, null, [], "${FUZZ_UNSET}", "${FUZZ_EMPTY}"]),
  ),
  others: setting(
    // What the product does not use is not looked at.
    products.right.product === "oss"
      ? [
          [{}, true],
          [{ influxctl: 7 }, true],
        ]
      : [[{}, true]],
    [
      ...[{ tls: "no" }, { proxy: "no" }, { tls: 5 }],
      ...(products.right.product === "oss" ? [] : [{ influxctl: 7 }]),
    ],
  ),
});
export const token: fc.Arbitrary<{ token: string; means: "accepted" | "refused" | "wrong" }> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .constantFrom(OWN_TOKEN, ` ${OWN_TOKEN}\n`, "${FUZZ_TOKEN}")
      .map((text) => ({ token: text, means: "accepted" as const })),
  },
  { weight: 1, arbitrary: fc.constant({ token: "nobody's-token-0123456789", means: "refused" as const }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("", " ", "Token abc", "a\u0000b", "${FUZZ_UNSET}")
      .map((text) => ({ token: text, means: "wrong" as const })),
  },
);
