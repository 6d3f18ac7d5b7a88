// The app on Node.js, on http://localhost:3000.
import { serve } from "@hono/node-server";

import app from "./app";

serve({ fetch: app.fetch, port: 3000 }, ({ port }) => console.log(`http://localhost:${port}`));
