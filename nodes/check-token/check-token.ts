import { productOf, type Product, type ResourceName } from "../../src/products.js";
import type { Secret } from "../../src/text/secret.js";
import type { Liveness, Resource } from "../../src/tokens/resource.js";
import { RESOURCES } from "../../src/tokens/resources.js";
import { readFilter, tokenValue } from "../../src/work/filters.js";
import { systemClock } from "../../src/clock.js";
import { SECRET_SOURCES } from "../fields/controls.js";
import { typed } from "../fields/fields.js";
import { node } from "../runtime/node.js";

export default node({
  type: "influxdb-check-token",
  color: "#c9c0d8",
  icon: "influxdb-token-check.svg",
  outputs: ["works", "doesNotWork"],
  fields: {
    tokenValue: typed({
      preset: { type: "msg", value: "tokenValue" },
      sources: SECRET_SOURCES,
      read: (value, name) => readFilter(tokenValue, name, value, systemClock.now()),
    }),
  },

  async run({ values, connection, watch, send }) {
    const kind = kindOf(values.tokenValue, connection.product);
    const liveness = await connection.check(kind, values.tokenValue, watch);
    const { works, state } = liveness;
    const text = works ? "works" : `does not work: ${WORDS[state]}`;
    const summary = { text: `The ${RESOURCES[kind].noun} ${text}.`, total: 1 };
    send(liveness, summary, { output: works ? 0 : 1 });
    return { summary, text: works ? "works" : "does not work", isWarning: !works };
  },
});

/** What the server says of a token that does not work. */
const WORDS: Record<Liveness["state"], string> = {
  active: "active",
  inactive: "it is inactive",
  expired: "it has expired",
  "user-inactive": "its user is inactive or deleted",
  "not-accepted": "the server does not accept it",
};

/** The kind of a token, by how its value begins where the product has several. */
function kindOf(value: Secret, product: Product): ResourceName {
  const { resources } = productOf(product);
  const begins = (name: ResourceName) => {
    const { valuesBegin }: Resource = RESOURCES[name];
    return valuesBegin !== undefined && value.reveal().startsWith(valuesBegin);
  };
  return resources.find(begins) ?? (resources[0] as ResourceName);
}
