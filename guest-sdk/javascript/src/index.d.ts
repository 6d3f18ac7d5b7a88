/** The Lambda invocation behind the request that is being answered. */
export interface LambdaContext {
  awsRequestId: string;
  invokedFunctionArn: string;
  functionName: string | undefined;
  xrayTraceId: string | undefined;
  getRemainingTimeInMillis(): number;
}

/** Names the app of a module: `export default serve(app)`. Outside of a component it returns the app. */
export function serve<App>(app: App): App;

/**
 * Runs a function once in each instance, before its first request: the place to read variables and secrets. Outside of
 * a component it runs at once.
 */
export function onStart<Action extends () => unknown>(action: Action): Action;

/** Undefined outside of Lambda, and while no request is answered. */
export function lambdaContext(): LambdaContext | undefined;

/** Waits for work after the answer, before the request ends. A failure of it is in the log. */
export function waitUntil(promise: Promise<unknown>): void;
