import { startBroker } from "../../simulator/broker.js";
import { testSharedSweeps } from "../helpers/shared-sweep-tests.js";

/** By the broker of the demo; `npm run test:mosquitto` does so by a real one. */
describe("a sweep by several Node-REDs", () => testSharedSweeps(startBroker));
