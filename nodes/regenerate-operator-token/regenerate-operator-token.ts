import { asTokenError } from "../../src/errors.js";
import { OPERATOR } from "../../src/tokens/influxdb3-permissions.js";
import { influxdb3Tokens } from "../../src/tokens/influxdb3-tokens.js";
import type { OutcomeRecord } from "../../src/work/outcomes.js";
import { knownFields } from "../../src/work/targets.js";
import { systemClock } from "../../src/clock.js";
import { flag, limitField } from "../fields/fields.js";
import { placeField } from "../fields/place.js";
import { change, refuseUnconfirmed } from "../runtime/change.js";
import { node } from "../runtime/node.js";

const target = { id: OPERATOR, known: {}, listed: {} };

export default node({
  type: "influxdb-regenerate-operator-token",
  resource: "influxdb3-tokens",
  color: "#dfb3ab",
  icon: "influxdb-token-rotate.svg",
  outputs: ["handOver", "report"],
  fields: {
    place: placeField(),
    dryRun: flag(),
    confirmed: flag({ notConfirmed: { confirmed: false, dryRun: false } }),
    // A loop in a flow must not lock people out again and again; who loses a value needs another try.
    limit: limitField(3, "hour"),
  },
  idsOf: () => [OPERATOR],

  run(task) {
    refuseUnconfirmed(task);
    const { values, connection, tokens } = task;
    const targets = { many: false, list: [target], dryRun: false };
    return change(
      { ...task, values: { ...values, targets, onlyIfAsListed: false, ifSomeFail: "both" } },
      {
        outcome: "regenerated",
        // A flow can give the connection the new value where that reads it from a file.
        endsAccess: !connection.readsTokenFile,
        async act() {
          const { token, value, attempts } = await tokens.regenerate();
          const known = knownFields(token, influxdb3Tokens.known);
          const at = new Date(systemClock.now()).toISOString();
          const record: OutcomeRecord = { id: OPERATOR, outcome: "regenerated", at, token: known };
          const handedOver = { id: OPERATOR, successor: undefined };
          await task.handOver(values.place, value, { payload: record, handedOver }).catch(rethrowAsLost);
          return { attempts, token: known };
        },
      },
      { output: 1 },
    );
  },
});

function rethrowAsLost(error: unknown): never {
  const failure = asTokenError(error);
  const lost =
    "The operator token has a new value, which nobody got: send the message again for another one.";
  throw failure.retold(`${failure.reason} ${lost}`);
}
