import fc from "fast-check";

/** The same text in any mix of upper and lower case. */
function inAnyCase(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return text.chain((lower) => fc.mixedCase(fc.constant(lower)));
}

const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...Array.from("0123456789abcdef")),
    minLength: length,
    maxLength: length,
  });

/** An authorization's id, in any spelling. */
export const hexId = inAnyCase(hex(16).filter((id) => !/^0+$/.test(id)));

/** A UUID of any version, in any spelling. */
export const uuid = inAnyCase(
  fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((groups) => groups.join("-")),
);

/** What `trim` takes away. */
export const space = fc.string({
  unit: fc.constantFrom(" ", "\t", "\r\n", "\f", "\v", "\u00a0", "\ufeff", "\u2028"),
  maxLength: 3,
});

/** Any text of whole characters. */
export const unicode = fc.string({ unit: "binary" });

/** Makes an odd object readable in the report of a failure only. */
const printedAs = (text: string) => ({ value: () => text });

/** An object with one property that throws when it is read: an error, or anything else. */
function trap(name: string, thrown: unknown = new Error("trap")): object {
  const object = {};
  Object.defineProperty(object, fc.toStringMethod, printedAs(`<throws at ${name}>`));
  return Object.defineProperty(object, name, {
    enumerable: true,
    get() {
      throw thrown;
    },
  });
}

/** A proxy that throws at whatever is read of it; fast-check asks what is `in` it. */
function hostileProxy(target: object): object {
  const refuse = () => {
    throw new Error("trap");
  };
  return new Proxy(target, {
    has: (_, name) => name === fc.toStringMethod,
    get: (_, name) => (name === fc.toStringMethod ? () => "<hostile proxy>" : refuse()),
    getOwnPropertyDescriptor: refuse,
    getPrototypeOf: refuse,
    ownKeys: refuse,
  });
}

function circular(): object {
  const object: Record<string, unknown> = { list: [] };
  object.self = object;
  (object.list as unknown[]).push(object);
  return object;
}

/** Values that throw when they are looked at, so that Node-RED cannot copy them either. */
export const hostile: fc.Arbitrary<object> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("id", "description", "toString", "x"),
      fc.constantFrom<unknown>(new Error("trap"), null, Object.create(null), Symbol("trap")),
    )
    .map(([name, thrown]) => trap(name, thrown)),
  fc
    .constantFrom<() => object>(
      () => ({}),
      () => [],
    )
    .map((make) => hostileProxy(make())),
);

const odd: fc.Arbitrary<unknown> = fc
  .constantFrom<() => unknown>(
    () => Symbol("odd"),
    () => Buffer.from("0aaaaaaaaaaaaaaa"),
    () => new Date(NaN),
    () => Object.create(Date.prototype) as unknown,
    () => new Proxy(new Date(), {}),
    () => new Proxy([], {}),
    () => new Map([["id", "0aaaaaaaaaaaaaaa"]]),
    () => Object.freeze({ id: null }),
    () => Object.assign([], { entries: 5 }),
    () => () => "0aaaaaaaaaaaaaaa",
    () => new Error("odd"),
    () => Promise.resolve("odd"),
    () => /id/g,
    // Long, but not longer than a server takes in a URL, even twice.
    () => "x".repeat(5_000),
    () => new Array<unknown>(1000),
    () => "9".repeat(200) + "d",
    circular,
    // A class of the flow's own; a copy of it has only its properties.
    () => Object.create(trap("id")) as unknown,
  )
  .map((make) => make());

/** Any value that a flow can hold, as far as Node-RED can copy it. */
export const copyable: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.jsonValue(),
  odd,
);

/** Any value at all. */
export const anything: fc.Arbitrary<unknown> = fc.oneof({ weight: 4, arbitrary: copyable }, hostile);
