using System.Net.Sockets;
using Ferry.DurableHost;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;
using Microsoft.Azure.WebJobs.Host.Config;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// Hosts the real Durable Functions extension. The app's orchestrators and activities run in the app's own process:
// each call is posted to the bridge (test/extension/bridge.ts).
//
// Settings, all in the environment:
//   BRIDGE_URL      where the bridge listens
//   WEBHOOK_URL     the public address of the management API, as Functions would pass it to the extension
//   HOST_JSON       the path of the app's host.json
//   DURABLE_LOG     the log level of the Durable Task Framework, "Warning" when absent; "Information" logs each message
//   FUNCTIONS_WORKER_RUNTIME=node makes the extension treat the functions as those of another language.
//   AzureWebJobsStorage and AzureWebJobs__extensions__durableTask__… are the extension's own settings.

// Ends with the process that started it: its standard input is a pipe, which closes then.
_ = Task.Run(() =>
{
    while (Console.Read() >= 0) { }
    Environment.Exit(0);
});

// A call that waits for the bridge blocks a thread, and the pool grows by only about one thread a second.
ThreadPool.SetMinThreads(200, 200);

var bridge = new Bridge(new Uri(Setting("BRIDGE_URL")));
var functions = EmittedFunctions.Create(await bridge.FunctionNames());

var host = await StartHost();
// Only an invocation gets the durable client binding, so one function exists for it.
await host.Services.GetRequiredService<IJobHost>().CallAsync($"{nameof(ClientBinding)}.{nameof(ClientBinding.Send)}");
Console.WriteLine("ready");
await host.WaitForShutdownAsync();

// The extension listens on port 17071 or, if that is taken, on a random one. If another process takes the port between
// the extension's bind and its listen, the start fails: the Functions host then starts its job host again, and so does
// this program.
async Task<IHost> StartHost()
{
    const int maxAttempts = 5;
    for (var attempt = 1; ; attempt++)
    {
        var host = BuildHost();
        try
        {
            await host.StartAsync();
            return host;
        }
        catch (Exception error) when (attempt < maxAttempts && IsPortTaken(error))
        {
            host.Dispose();
            Console.WriteLine($"attempt {attempt}: the extension's port is taken");
        }
    }
}

IHost BuildHost() => new HostBuilder()
    .UseEnvironment("Development")
    .ConfigureAppConfiguration(configuration =>
    {
        configuration.Add(new HostJson(Setting("HOST_JSON")));
        configuration.AddEnvironmentVariables(); // later sources win
    })
    .ConfigureWebJobs(webJobs => webJobs.AddDurableTask())
    .ConfigureServices(services =>
    {
        services.AddSingleton<ITypeLocator>(new FunctionTypes(functions, typeof(ClientBinding)));
        services.AddSingleton<IWebHookProvider>(new WebHookAddress(new Uri(Setting("WEBHOOK_URL"))));
    })
    .ConfigureLogging(logging => logging
        .AddSimpleConsole(options => options.SingleLine = true)
        .SetMinimumLevel(LogLevel.Warning)
        .AddFilter("DurableTask", Enum.Parse<LogLevel>(Environment.GetEnvironmentVariable("DURABLE_LOG") ?? "Warning")))
    .Build();

static bool IsPortTaken(Exception? error) =>
    error is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
    || (error is not null && IsPortTaken(error.InnerException));

static string Setting(string name) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
        ? value
        : throw new InvalidOperationException($"Cannot start because {name} is not set");
