// The app on its own, on http://localhost:3000.
import { serve } from "@hono/node-server";

import app from "./app";

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) });
