const { app } = require("@azure/functions");
let calls = 0;
app.get("one", () => ({ body: `one ${++calls}` }));
