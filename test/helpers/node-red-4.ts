// Loaded first, it makes the runtime tests run on Node-RED 4.1.
process.env.NODE_RED = "node-red-4";
