import fc from "fast-check";

/*
 * The random inputs of the tests are the same in each run, so that what makes a test fail is the code. A search for
 * others: `SEED=random npm run test:nodes`. What fails then tells its seed, which repeats it: `SEED=… npm run test:nodes`.
 */
const { SEED = "1" } = process.env;
fc.configureGlobal({ seed: SEED === "random" ? Math.trunc(Math.random() * 2 ** 31) : Number(SEED) });
