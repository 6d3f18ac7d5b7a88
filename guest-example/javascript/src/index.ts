import { serve } from "./host";
import { site } from "./site";

export const incomingHandler = serve(site(() => null));
