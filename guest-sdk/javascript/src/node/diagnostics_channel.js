const channels = new Map();

class Channel {
  constructor(name) {
    this.name = name;
    this.listeners = [];
  }

  get hasSubscribers() {
    return this.listeners.length > 0;
  }

  publish(message) {
    for (const listener of this.listeners) listener(message, this.name);
  }

  subscribe(listener) {
    this.listeners.push(listener);
  }

  unsubscribe(listener) {
    const before = this.listeners.length;
    this.listeners = this.listeners.filter((one) => one !== listener);
    return this.listeners.length < before;
  }

  bindStore() {}
  unbindStore() {}

  runStores(message, action, self, ...values) {
    this.publish(message);
    return action.apply(self, values);
  }
}

function channel(name) {
  if (!channels.has(name)) channels.set(name, new Channel(name));
  return channels.get(name);
}

const EVENTS = ["start", "end", "asyncStart", "asyncEnd", "error"];
function tracingChannel(name) {
  const traced = Object.fromEntries(EVENTS.map((event) => [event, channel(`tracing:${name}:${event}`)]));
  const call = (action, _, self, ...values) => action.apply(self, values);
  return { ...traced, hasSubscribers: false, traceSync: call, tracePromise: call, traceCallback: (action, __, ___, self, ...values) => action.apply(self, values), subscribe() {}, unsubscribe() {} };
}

module.exports = {
  Channel,
  channel,
  tracingChannel,
  hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name, listener) => channel(name).subscribe(listener),
  unsubscribe: (name, listener) => channel(name).unsubscribe(listener),
};
