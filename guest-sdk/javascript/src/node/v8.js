// The engine is not V8. What libraries ask at their start has an answer, and the rest throws a sentence.
const { absent } = require("./absent.js");

const missing = absent("v8");
module.exports = {
  startupSnapshot: {
    isBuildingSnapshot: () => false,
    addSerializeCallback() {},
    addDeserializeCallback() {},
    setDeserializeMainFunction() {},
  },
  setFlagsFromString() {},
  cachedDataVersionTag: () => 0,
  getHeapStatistics: () => ({ total_heap_size: 0, used_heap_size: 0, heap_size_limit: 0, total_available_size: 0 }),
  getHeapSpaceStatistics: () => [],
  serialize: missing.serialize,
  deserialize: missing.deserialize,
  getHeapSnapshot: missing.getHeapSnapshot,
  writeHeapSnapshot: missing.writeHeapSnapshot,
};
