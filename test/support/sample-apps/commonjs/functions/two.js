const { app } = require("@azure/functions");
app.get("two", { route: "second", handler: () => ({ body: "two" }) });
