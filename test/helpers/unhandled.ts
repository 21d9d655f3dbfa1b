/** Mocha passes over promises that fail while nobody waits for them; Node-RED would end. */
process.on("unhandledRejection", (reason) => {
  throw reason;
});
