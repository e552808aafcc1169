import { app } from "@azure/functions";

const seen = [];
const timersSeen = [];

app.eventGrid("blobCreated", {
  handler: (event, context) => {
    seen.push({ event, metadata: context.triggerMetadata });
    if (event.data?.fail) throw new Error("cannot take it");
  },
});

const note = (timer, context) => {
  timersSeen.push({ name: context.functionName, at: new Date().toISOString(), timer });
};
app.timer("hourly", { schedule: "0 0 * * * *", handler: note });
app.timer("atStart", { schedule: "%OFTEN%", runOnStartup: true, handler: note });

app.get("seen", () => ({ jsonBody: { seen, timers: timersSeen } }));
